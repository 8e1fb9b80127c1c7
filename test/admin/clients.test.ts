import { describe, expect, it } from 'vitest'
import { BASE, createAdminHarness } from './harness.ts'

const CLIENTS = `${BASE}/clients`

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
      dpopBoundAccessTokens: true,
      disabled: false,
      jwks: null,
    }
    const created = await admin('POST', CLIENTS, { body: full })
    expect(created.status).toBe(201)
    expect(created.headers.get('location')).toBe(`${CLIENTS}/warehouse`)
    const { secret, ...client } = created.body
    expect(secret).toMatch(/^mkcs_\w{49}$/)
    expect(client).toEqual({
      ...full,
      secrets: [
        {
          ...{ id: expect.stringMatching(/^[\w-]{16}$/), name: null, createdAt: now(), expiresAt: null },
          ...{ muted: false, lastUsedAt: null, lastUsedFrom: null },
        },
      ],
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
      jwks: null,
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
