import { describe, expect, it } from 'vitest'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'

const CLIENTS = `${BASE}/clients`

async function ask({ post }: AdminHarness, client_id: string, client_secret: string): Promise<number> {
  return (await post('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret })).status
}

/** A client with two secrets. */
async function setUp() {
  const harness = await createAdminHarness()
  const old = (await harness.admin('POST', CLIENTS, { body: { id: 'c' } })).body
  const next = (await harness.admin('POST', `${CLIENTS}/c/secrets`, { body: { name: 'next' } })).body
  const path = `${CLIENTS}/c/secrets/${old.secrets[0].id}`
  const secrets = async () => (await harness.admin('GET', `${CLIENTS}/c`)).body.secrets
  return { harness, admin: harness.admin, old: old.secret, next: next.secret, path, secrets }
}

describe('a muted secret', () => {
  it('works on, and its uses are told in the log until it is unmuted', async () => {
    const { harness, admin, old, next, path, secrets } = await setUp()
    const muted = await admin('PATCH', path, { body: { muted: true } })
    expect([muted.status, muted.headers.get('etag')]).toEqual([200, '"3"'])
    expect(await secrets()).toEqual([muted.body, expect.objectContaining({ name: 'next', muted: false })])
    expect([await ask(harness, 'c', old), await ask(harness, 'c', next)]).toEqual([200, 200])
    const unmuted = await admin('PATCH', path, { body: { muted: false } })
    expect(unmuted.body.muted).toBe(false)
    expect(await ask(harness, 'c', old)).toBe(200)
    expect(harness.entries.map(({ client, note }) => [client, note])).toEqual([
      ['c', 'muted secret'],
      ['c', null],
      ['c', null],
    ])
  })

  it('stays muted when others are added, ended or removed, and the client is changed', async () => {
    const { admin, path, secrets } = await setUp()
    await admin('PATCH', path, { body: { muted: true } })
    await admin('PATCH', path, { body: {} })
    const added = await admin('POST', `${CLIENTS}/c/secrets`, { body: { othersExpireIn: 60 } })
    await admin('DELETE', `${CLIENTS}/c/secrets/${added.body.id}`)
    await admin('PATCH', `${CLIENTS}/c`, { body: { name: 'x' } })
    expect((await secrets()).map(({ muted }: { muted: boolean }) => muted)).toEqual([true, false])
  })

  it('is muted by who has read the client last', async () => {
    const { admin, path, secrets } = await setUp()
    const stale = await admin('PATCH', path, { body: { muted: true }, headers: { 'If-Match': '"1"' } })
    expect(stale.status).toBe(412)
    expect((await secrets())[0].muted).toBe(false)
    const current = await admin('PATCH', path, { body: { muted: true }, headers: { 'If-Match': '"2"' } })
    expect(current.status).toBe(200)
  })

  it.each([
    [`${CLIENTS}/c/secrets/other`, { muted: true }, 404],
    [`${CLIENTS}/nobody/secrets/x`, { muted: true }, 404],
    ['own', { muted: 'true' }, 400],
    ['own', { muted: null }, 400],
    ['own', { hash: 'sha256:x' }, 400],
    ['own', { expiresAt: null }, 400],
  ])('T155 is nothing else: %s %j', async (at, body, status) => {
    const { admin, path, secrets } = await setUp()
    const before = await secrets()
    expect((await admin('PATCH', at === 'own' ? path : at, { body })).status).toBe(status)
    expect(await secrets()).toEqual(before)
  })
})

describe('the last use of a secret', () => {
  it('is told of each secret: when and from where', async () => {
    const { harness, admin, old, next, secrets } = await setUp()
    const { now, advance } = harness
    const unused = { lastUsedAt: null, lastUsedFrom: null }
    expect(await secrets()).toMatchObject([unused, unused])
    await ask(harness, 'c', old)
    advance(7)
    await ask(harness, 'c', next)
    await ask(harness, 'c', 'wrong')
    expect(await secrets()).toMatchObject([unused, unused])
    await harness.writeSecretUses()
    const uses = [now() - 7, now()].map((lastUsedAt) => ({ lastUsedAt, lastUsedFrom: '192.0.2.1' }))
    expect(await secrets()).toMatchObject(uses)
    const changed = await admin('PATCH', `${CLIENTS}/c`, { body: { name: 'x' } })
    expect(changed.body.secrets).toMatchObject(uses)
  })

  it('is told in lists, of each client its own', async () => {
    const { harness, admin, old } = await setUp()
    for (const id of ['a', 'b', 'd']) {
      // Whose secrets have all the same id.
      const { secret } = await harness.client({ id })
      if (id !== 'b') await ask(harness, id, secret)
    }
    await ask(harness, 'c', old)
    await harness.writeSecretUses()
    const seen: (number | null)[][] = []
    for (let cursor = ''; ; ) {
      const { body } = await admin('GET', `${CLIENTS}?limit=3${cursor}`)
      for (const { secrets } of body.items) {
        seen.push(secrets.map(({ lastUsedAt }: { lastUsedAt: number | null }) => lastUsedAt))
      }
      if (body.next === null) break
      cursor = `&cursor=${encodeURIComponent(body.next)}`
    }
    const now = harness.now()
    expect(seen).toEqual([[now], [null], [now, null], [now]])
  })

  it('goes with the secret and with the client', async () => {
    const { harness, admin, old, next, path } = await setUp()
    const uses = () => harness.store.listClientSecretUses('dodici', '', '~')
    await ask(harness, 'c', old)
    await ask(harness, 'c', next)
    await harness.writeSecretUses()
    await admin('DELETE', path)
    expect(await uses()).toHaveLength(1)
    await ask(harness, 'c', next)
    await admin('DELETE', `${CLIENTS}/c`)
    await harness.writeSecretUses()
    expect(await uses()).toEqual([])
  })
})
