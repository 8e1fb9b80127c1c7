import { describe, expect, it } from 'vitest'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'

const CLIENTS = `${BASE}/clients`

/** Whether the client gets a token with the secret. */
async function authenticates(
  { post }: AdminHarness,
  client_id: string,
  client_secret: string,
): Promise<boolean> {
  const answer = await post('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret })
  return answer.status === 200
}

describe('secrets', () => {
  it('T156 are shown once and never again', async () => {
    const harness = await createAdminHarness()
    const { admin, store, lines } = harness
    const created = await admin('POST', CLIENTS, { body: { id: 'c' } })
    const added = await admin('POST', `${CLIENTS}/c/secrets`, { body: { name: 'second' } })
    const secrets = [created.body.secret, added.body.secret]
    const given = 'a secret that was chosen'
    const own = await admin('POST', `${CLIENTS}/c/secrets`, { body: { secret: given } })
    expect(own.body.secret).toBeNull()
    expect(own.text).not.toContain(given)
    for (const secret of [...secrets, given]) expect(await authenticates(harness, 'c', secret)).toBe(true)
    await harness.writeSecretUses()

    const hashes = (await store.findClient('dodici', 'c'))?.secrets.map(({ hash }) => hash) ?? []
    expect(hashes).toHaveLength(3)
    const later = [
      await admin('GET', `${CLIENTS}/c`),
      await admin('GET', CLIENTS),
      await admin('PATCH', `${CLIENTS}/c/secrets/${added.body.id}`, { body: { muted: true } }),
      await admin('PATCH', `${CLIENTS}/c`, { body: { name: 'x' } }),
      await admin('POST', `${CLIENTS}/c/secrets`, { body: {} }),
      await admin('GET', `${BASE}/tokens`),
      await admin('DELETE', `${CLIENTS}/c`),
    ].map(({ text }) => text)
    for (const text of [...later, JSON.stringify(lines)]) {
      for (const secret of [...secrets, given, ...hashes]) expect(text).not.toContain(secret)
      expect(text).not.toContain('sha256:')
      expect(text).not.toContain('"hash"')
    }
  })

  it('are rotated with an overlap', async () => {
    const harness = await createAdminHarness()
    const { admin, advance, now } = harness
    const old = (await admin('POST', CLIENTS, { body: { id: 'c' } })).body.secret
    const rotated = await admin('POST', `${CLIENTS}/c/secrets`, { body: { othersExpireIn: 60 } })
    expect(rotated.body).toMatchObject({ expiresAt: null, name: null })
    const client = (await admin('GET', `${CLIENTS}/c`)).body
    expect(client.secrets.map(({ expiresAt }: { expiresAt: number }) => expiresAt)).toEqual([
      now() + 60,
      null,
    ])
    expect(await authenticates(harness, 'c', old)).toBe(true)
    advance(59)
    expect(await authenticates(harness, 'c', old)).toBe(true)
    advance(1)
    expect(await authenticates(harness, 'c', old)).toBe(false)
    expect(await authenticates(harness, 'c', rotated.body.secret)).toBe(true)
  })

  it('are rotated at once', async () => {
    const harness = await createAdminHarness()
    const old = (await harness.admin('POST', CLIENTS, { body: { id: 'c' } })).body.secret
    const { body } = await harness.admin('POST', `${CLIENTS}/c/secrets`, { body: { othersExpireIn: 0 } })
    expect(await authenticates(harness, 'c', old)).toBe(false)
    expect(await authenticates(harness, 'c', body.secret)).toBe(true)
    expect((await harness.admin('GET', `${CLIENTS}/c`)).body.secrets).toHaveLength(1)
  })

  it('that end already do not live longer because of a rotation', async () => {
    const { admin, now } = await createAdminHarness()
    await admin('POST', CLIENTS, { body: { id: 'c' } })
    await admin('POST', `${CLIENTS}/c/secrets`, { body: { expiresIn: 10 } })
    await admin('POST', `${CLIENTS}/c/secrets`, { body: { othersExpireIn: 60 } })
    const { secrets } = (await admin('GET', `${CLIENTS}/c`)).body
    expect(secrets.map(({ expiresAt }: { expiresAt: number }) => expiresAt)).toEqual([
      now() + 60,
      now() + 10,
      null,
    ])
  })

  it('are removed one by one', async () => {
    const harness = await createAdminHarness()
    const { admin } = harness
    const first = (await admin('POST', CLIENTS, { body: { id: 'c' } })).body
    const second = (await admin('POST', `${CLIENTS}/c/secrets`, { body: {} })).body
    const removed = await admin('DELETE', `${CLIENTS}/c/secrets/${first.secrets[0].id}`, {
      headers: { 'If-Match': '"2"' },
    })
    expect([removed.status, removed.headers.get('etag')]).toEqual([204, '"3"'])
    expect(await authenticates(harness, 'c', first.secret)).toBe(false)
    expect(await authenticates(harness, 'c', second.secret)).toBe(true)
    for (const [path, status] of [
      [`${CLIENTS}/c/secrets/${first.secrets[0].id}`, 404],
      [`${CLIENTS}/other/secrets/${second.id}`, 404],
    ] as const) {
      expect((await admin('DELETE', path)).status).toBe(status)
    }
    const stale = await admin('DELETE', `${CLIENTS}/c/secrets/${second.id}`, {
      headers: { 'If-Match': '"2"' },
    })
    expect(stale.status).toBe(412)
    await admin('DELETE', `${CLIENTS}/c/secrets/${second.id}`)
    expect(await authenticates(harness, 'c', second.secret)).toBe(false)
  })

  it('are a hundred at most, of which ten may be slow to compare', async () => {
    const harness = await createAdminHarness()
    const { admin } = harness
    const { secret } = (await admin('POST', CLIENTS, { body: { id: 'c' } })).body
    const add = (body: object) => admin('POST', `${CLIENTS}/c/secrets`, { body })
    for (let count = 0; count < 10; count++) {
      expect((await add({ secret: `chosen ${count}` })).status).toBe(201)
    }
    const refused = await add({ secret: 'chosen' })
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('10 secrets')])
    for (let count = 0; count < 88; count++) expect((await add({})).status).toBe(201)
    const last = (await add({})).body
    expect((await add({})).status).toBe(409)
    for (const good of [secret, 'chosen 9', last.secret]) {
      expect(await authenticates(harness, 'c', good)).toBe(true)
    }
    expect(await authenticates(harness, 'c', 'chosen')).toBe(false)
    expect((await add({ othersExpireIn: 0 })).status).toBe(201)
    expect((await add({ secret: 'chosen' })).status).toBe(201)
  })

  it.each([
    { name: '' },
    { secret: '' },
    { expiresIn: 0 },
    { othersExpireIn: -1 },
    { id: 'x' },
    { hash: 'x' },
  ])('are refused: %j', async (body) => {
    const { admin } = await createAdminHarness()
    await admin('POST', CLIENTS, { body: { id: 'c' } })
    expect((await admin('POST', `${CLIENTS}/c/secrets`, { body })).status).toBe(400)
  })

  it('that look random get a fast hash, others a slow one', async () => {
    const harness = await createAdminHarness()
    const strong = 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc'
    await harness.admin('POST', CLIENTS, { body: { id: 'strong', secret: strong } })
    await harness.admin('POST', CLIENTS, { body: { id: 'weak', secret: 'secret' } })
    const hashOf = async (id: string) => (await harness.store.findClient('dodici', id))?.secrets[0]?.hash
    expect(await hashOf('strong')).toMatch(/^sha256:/)
    expect(await hashOf('weak')).toMatch(/^\$argon2id\$/)
    expect(await authenticates(harness, 'strong', strong)).toBe(true)
    expect(await authenticates(harness, 'weak', 'secret')).toBe(true)
  })
})
