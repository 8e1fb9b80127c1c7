import { describe, expect, it } from 'vitest'
import { applyTenant } from '../../src/admin/operations/tenants.ts'
import type { ClientJwk } from '../../src/protocol/client-jwks.ts'
import { CLIENT_KEYS, KEY, OTHER_KEY } from '../crypto/assertions.ts'
import { BASE, createAdminHarness } from './harness.ts'
import { LISTED, setUp } from './listed.ts'

const CLIENTS = `${BASE}/clients`
const SHOP = `${CLIENTS}/shop`

describe('the keys of a client', () => {
  it('are given to it in place of a secret, changed and taken away', async () => {
    const { admin, store } = await createAdminHarness()
    const [rs256 = KEY] = CLIENT_KEYS
    const given = { keys: [KEY.jwk, { ...rs256.jwk, use: 'sig', x5t: 'thumb', alg: 'RS256' }] }
    const jwks = { keys: [KEY.jwk, { ...rs256.jwk, alg: 'RS256' }] }
    const created = await admin('POST', CLIENTS, { body: { id: 'shop', jwks: given } })
    expect([created.status, created.body]).toEqual([201, expect.objectContaining({ jwks })])
    expect(created.body).toMatchObject({ secret: null, secrets: [], public: false })
    expect((await store.findClient('dodici', 'shop'))?.jwks).toEqual(jwks)
    expect((await admin('PATCH', SHOP, { body: { name: 'Shop' } })).body.jwks).toEqual(jwks)
    const next = { keys: [OTHER_KEY.jwk] }
    expect((await admin('PATCH', SHOP, { body: { jwks: next } })).body).toMatchObject({
      jwks: next,
      version: 3,
    })
    expect((await admin('PATCH', SHOP, { body: { jwks: null } })).body).toMatchObject({
      jwks: null,
      secrets: [],
    })
  })

  it('may stand beside a secret of its own', async () => {
    const { admin } = await createAdminHarness()
    const body = { id: 'shop', jwks: { keys: [KEY.jwk] }, secret: 'a secret of its own' }
    expect((await admin('POST', CLIENTS, { body })).body.secrets).toHaveLength(1)
    const added = await admin('POST', `${SHOP}/secrets`, { body: {} })
    expect(added.status).toBe(201)
  })

  it.each<[string, unknown, string]>([
    ['of no set', [KEY.jwk], 'jwks'],
    ['that are private', { keys: [KEY.privateKey.export({ format: 'jwk' })] }, 'jwks.keys[0]'],
    ['that are symmetric', { keys: [{ kty: 'oct', k: 'canary' }] }, 'jwks.keys[0]'],
    ['that are none', { keys: [{ ...KEY.jwk, x: KEY.jwk.y }] }, 'jwks.keys[0]'],
    ['of another algorithm', { keys: [{ ...KEY.jwk, alg: 'HS256' }] }, 'jwks.keys[0].alg'],
    ['without an exponent', { keys: [{ kty: 'RSA', n: 'AQAB' }] }, 'jwks.keys[0].e'],
  ])('T155 are refused: %s', async (_name, jwks, path) => {
    const { admin, store } = await createAdminHarness()
    await admin('POST', CLIENTS, { body: { id: 'shop' } })
    for (const answer of [
      await admin('PATCH', SHOP, { body: { jwks } }),
      await admin('POST', CLIENTS, { body: { id: 'other', jwks } }),
    ]) {
      expect(answer.status).toBe(400)
      expect(answer.body.problems.map((problem: { path: string }) => problem.path)).toEqual([path])
      expect(answer.text).not.toContain('canary')
    }
    expect((await store.findClient('dodici', 'shop'))?.jwks).toBeNull()
  })

  it('are none of a public client', async () => {
    const { admin } = await createAdminHarness()
    const jwks = { keys: [KEY.jwk] }
    const refused = await admin('POST', CLIENTS, { body: { id: 'shop', public: true, jwks } })
    expect([refused.status, refused.body.problems[0].path]).toEqual([400, 'jwks'])
    await admin('POST', CLIENTS, { body: { id: 'shop', jwks, grants: ['password'] } })
    expect((await admin('PATCH', SHOP, { body: { public: true } })).status).toBe(400)
    expect((await admin('PATCH', SHOP, { body: { public: true, jwks: null } })).status).toBe(200)
  })
})

describe('listed keys', () => {
  const listed = (...keys: readonly ClientJwk[]) => ({
    ...LISTED,
    users: [],
    clients: [{ id: 'shop', ...(keys.length > 0 && { jwks: { keys } }) }],
  })

  it('are those the client has, and are written once', async () => {
    const { operations, store, writes } = await setUp()
    const keysOf = async () => (await store.findClient('dodici', 'shop'))?.jwks?.keys
    const { items } = await applyTenant(operations, listed(KEY.jwk))
    expect(items.at(-1)?.outcome).toBe('created')
    expect(await keysOf()).toEqual([KEY.jwk])
    writes.length = 0
    await applyTenant(operations, listed(KEY.jwk))
    expect(writes).toEqual([])
    const changed = await applyTenant(operations, listed(KEY.jwk, OTHER_KEY.jwk))
    expect(changed.items.at(-1)).toMatchObject({ outcome: 'updated', fields: ['jwks'] })
    await applyTenant(operations, listed())
    expect(await keysOf()).toBeUndefined()
  })

  it('or a secret is what a new confidential client needs', async () => {
    const { operations } = await setUp()
    await expect(applyTenant(operations, listed())).rejects.toMatchObject({
      problems: [{ path: 'clients[0].secret' }],
    })
  })
})
