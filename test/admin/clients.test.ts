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

describe('a client', () => {
  it('is created, shown, changed, listed and deleted', async () => {
    const { admin, now } = await createAdminHarness()
    const full = {
      id: 'warehouse',
      name: 'Warehouse sync',
      public: false,
      grants: ['client_credentials', 'password', 'refresh_token'],
      scopes: ['admin', 'read'],
      roles: ['robot'],
      claims: { shop: 1 },
      accessToken: 'opaque',
      expiresIn: 60,
      introspect: 'any',
      disabled: false,
    }
    const created = await admin('POST', CLIENTS, { body: full })
    expect(created.status).toBe(201)
    expect(created.headers.get('location')).toBe(`${CLIENTS}/warehouse`)
    const { secret, ...client } = created.body
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(client).toEqual({
      ...full,
      secrets: [{ id: expect.stringMatching(/^[\w-]{16}$/), name: null, createdAt: now(), expiresAt: null }],
      tokensValidAfter: 0,
      createdAt: now(),
      version: 1,
    })
    expect((await admin('GET', `${CLIENTS}/warehouse`)).body).toEqual(client)
    const changed = await admin('PATCH', `${CLIENTS}/warehouse`, { body: { name: null, expiresIn: null } })
    expect(changed.body).toEqual({ ...client, name: null, expiresIn: null, version: 2 })
    expect((await admin('GET', CLIENTS)).body).toEqual({ items: [changed.body], next: null })
    expect((await admin('DELETE', `${CLIENTS}/warehouse`)).status).toBe(204)
    expect((await admin('GET', `${CLIENTS}/warehouse`)).status).toBe(404)
    expect((await admin('DELETE', `${CLIENTS}/warehouse`)).status).toBe(404)
  })

  it('has defaults', async () => {
    const { admin } = await createAdminHarness()
    const confidential = (await admin('POST', CLIENTS, { body: {} })).body
    expect(confidential.id).toMatch(/^[\w][\w-]{42}$/)
    expect(confidential).toMatchObject({
      name: null,
      public: false,
      grants: ['client_credentials'],
      scopes: [],
      roles: [],
      claims: {},
      accessToken: 'jwt',
      expiresIn: null,
      introspect: 'own',
      disabled: false,
    })
    const open = (await admin('POST', CLIENTS, { body: { public: true } })).body
    expect(open).toMatchObject({
      public: true,
      grants: ['password', 'refresh_token'],
      secrets: [],
      secret: null,
    })
  })

  it('has an id that no command line takes for an option', async () => {
    const { admin } = await createAdminHarness()
    for (let count = 0; count < 200; count++) {
      const { body } = await admin('POST', CLIENTS, { body: {} })
      expect(body.id).not.toMatch(/^-/)
      expect(body.secrets[0].id).not.toMatch(/^-/)
    }
  })

  it.each([
    ['a secret for a public one', { public: true, secret: 's' }, 'public'],
    ['client credentials for a public one', { public: true, grants: ['client_credentials'] }, 'grants[0]'],
    ['introspection for a public one', { public: true, introspect: 'any' }, 'introspect'],
    ['an unknown grant', { grants: ['implicit'] }, 'grants[0]'],
    ['a grant twice', { grants: ['password', 'password'] }, 'grants[1]'],
    ['an id with a bar', { id: 'a|b' }, 'id'],
    ['an empty name', { name: '' }, 'name'],
    ['a life of no time', { expiresIn: 0 }, 'expiresIn'],
    ['a fraction', { expiresIn: 1.5 }, 'expiresIn'],
    ['milliseconds', { expiresIn: 315_360_001 }, 'expiresIn'],
    ['text for a number', { expiresIn: '60' }, 'expiresIn'],
    ['a format', { accessToken: 'JWT' }, 'accessToken'],
    ['an empty secret', { secret: '' }, 'secret'],
    ['a long weak secret', { secret: 'ab'.repeat(200) }, 'secret'],
    ['a secret with a NUL', { secret: 'a\0b' }, 'secret'],
    ['secrets', { secrets: [] }, 'secrets'],
    ['secret_hash', { secret_hash: 'sha256:x' }, 'secret_hash'],
    ['confidential', { confidential: true }, 'confidential'],
    ['version', { version: 1 }, 'version'],
    ['tenant', { tenant: 'other' }, 'tenant'],
  ])('T155 is refused: %s', async (_, body, path) => {
    const { admin } = await createAdminHarness()
    const answer = await admin('POST', CLIENTS, { body })
    expect(answer.status).toBe(400)
    expect(answer.body.problems.map((problem: { path: string }) => problem.path)).toEqual([path])
    expect((await admin('GET', CLIENTS)).body.items).toEqual([])
  })

  it('has its id and secrets changed by no patch', async () => {
    const { admin, store } = await createAdminHarness()
    await admin('POST', CLIENTS, { body: { id: 'c' } })
    const before = await store.findClient('dodici', 'c')
    for (const body of [
      { id: 'd' },
      { secret: 's' },
      { secrets: [] },
      { tokensValidAfter: 0 },
      { version: 9 },
    ]) {
      expect((await admin('PATCH', `${CLIENTS}/c`, { body })).status).toBe(400)
    }
    expect(await store.findClient('dodici', 'c')).toEqual(before)
  })

  it('T031 is changed in the version that was read only', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', CLIENTS, { body: { id: 'c' } })
    const headers = { 'If-Match': '"1"' }
    expect((await admin('PATCH', `${CLIENTS}/c`, { body: { name: 'a' }, headers })).status).toBe(200)
    expect((await admin('PATCH', `${CLIENTS}/c`, { body: { name: 'b' }, headers })).status).toBe(412)
    expect((await admin('POST', `${CLIENTS}/c/secrets`, { body: {}, headers })).status).toBe(412)
    expect((await admin('DELETE', `${CLIENTS}/c`, { headers })).status).toBe(412)
    expect((await admin('GET', `${CLIENTS}/c`)).body).toMatchObject({ name: 'a', version: 2 })
    expect((await admin('DELETE', `${CLIENTS}/c`, { headers: { 'If-Match': '"2"' } })).status).toBe(204)
  })
})

describe('T160 a client that changes its type', () => {
  it('is made public only without secret, client credentials and introspection of others', async () => {
    const { admin } = await createAdminHarness()
    const { body } = await admin('POST', CLIENTS, { body: { id: 'c', introspect: 'any' } })
    const patch = (change: object) => admin('PATCH', `${CLIENTS}/c`, { body: change })
    const paths = async (change: object) =>
      (await patch(change)).body.problems.map((problem: { path: string }) => problem.path)
    expect(await paths({ public: true })).toEqual(['public', 'introspect', 'grants[0]'])
    expect(await paths({ public: true, grants: ['password'] })).toEqual(['public', 'introspect'])
    await admin('DELETE', `${CLIENTS}/c/secrets/${body.secrets[0].id}`)
    expect(await paths({ public: true })).toEqual(['introspect', 'grants[0]'])
    const made = await patch({ public: true, grants: ['password'], introspect: 'own' })
    expect([made.status, made.body.public]).toEqual([200, true])
  })

  it('can not slip through while it is public either', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', CLIENTS, { body: { id: 'c', public: true } })
    for (const body of [{ grants: ['client_credentials'] }, { introspect: 'any' }]) {
      expect((await admin('PATCH', `${CLIENTS}/c`, { body })).status).toBe(400)
    }
    const refused = await admin('POST', `${CLIENTS}/c/secrets`, { body: {} })
    expect([refused.status, refused.body.type]).toEqual([409, 'urn:mintkeeper:problem:conflict'])
    expect((await admin('PATCH', `${CLIENTS}/c`, { body: { public: false } })).status).toBe(200)
    expect((await admin('POST', `${CLIENTS}/c/secrets`, { body: {} })).status).toBe(201)
    expect((await admin('PATCH', `${CLIENTS}/c`, { body: { public: true } })).status).toBe(400)
  })

  it('is made both confidential and able in one change', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', CLIENTS, { body: { id: 'c', public: true } })
    const body = { public: false, grants: ['client_credentials'], introspect: 'any' }
    expect((await admin('PATCH', `${CLIENTS}/c`, { body })).status).toBe(200)
  })
})

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

    const hashes = (await store.findClient('dodici', 'c'))?.secrets.map(({ hash }) => hash) ?? []
    expect(hashes).toHaveLength(3)
    const later = [
      await admin('GET', `${CLIENTS}/c`),
      await admin('GET', CLIENTS),
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

  it('are ten at most', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', CLIENTS, { body: { id: 'c' } })
    const add = (body: object) => admin('POST', `${CLIENTS}/c/secrets`, { body })
    for (let count = 0; count < 9; count++) expect((await add({})).status).toBe(201)
    expect((await add({})).status).toBe(409)
    expect((await add({ othersExpireIn: 0 })).status).toBe(201)
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
