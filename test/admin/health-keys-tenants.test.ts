import { describe, expect, it } from 'vitest'
import type { AdminOptions } from '../../src/admin/environment.ts'
import { TENANT } from '../harness.ts'
import { BASE, createAdminHarness } from './harness.ts'

const USERS = `${BASE}/users`

describe('health', () => {
  const ready = (answer: () => Promise<boolean>): { admin: Partial<AdminOptions> } => ({
    admin: { ready: answer },
  })

  it('is told to everybody', async () => {
    const { admin } = await createAdminHarness()
    for (const path of ['/healthz', '/readyz']) {
      const answer = await admin('GET', path, { token: null })
      expect([path, answer.status, answer.body]).toEqual([path, 200, { status: 'ok' }])
    }
  })

  it.each([
    ['is not ready', async () => false],
    ['can not tell', async () => Promise.reject(new Error('postgres://root:hunter2@db'))],
  ])('lives on while the server %s', async (_, answer) => {
    const { admin, lines } = await createAdminHarness(ready(answer))
    const unready = await admin('GET', '/readyz', { token: null })
    expect([unready.status, unready.headers.get('retry-after')]).toEqual([503, '1'])
    expect(unready.text).not.toContain('hunter2')
    expect((await admin('GET', '/healthz', { token: null })).status).toBe(200)
    expect(lines).toEqual([])
  })

  it('is asked anew each time', async () => {
    let isReady = true
    const { admin } = await createAdminHarness(ready(async () => isReady))
    expect((await admin('GET', '/readyz')).status).toBe(200)
    isReady = false
    expect((await admin('GET', '/readyz')).status).toBe(503)
  })
})

describe('keys', () => {
  it('are listed and rotated, and their private halves are never shown', async () => {
    const harness = await createAdminHarness()
    const { admin, store, now, advance } = harness
    expect((await admin('GET', `${BASE}/keys`)).body).toEqual({ items: [], next: null })
    await harness.services.keys.ensure('dodici', 'ES256')
    const before = (await admin('GET', `${BASE}/keys`)).body.items
    const states = (items: { state: string }[]) => items.map(({ state }) => state).sort()
    expect(states(before)).toEqual(['active', 'announced'])
    const createdAt = now()
    advance(360)
    const rotated = await admin('POST', `${BASE}/keys/rotate`, { body: { algorithm: 'ES256' } })
    expect(states(rotated.body.items)).toEqual(['active', 'announced', 'retired'])
    const retired = rotated.body.items.find(({ state }: { state: string }) => state === 'retired')
    expect(retired).toEqual({
      kid: before.find(({ state }: { state: string }) => state === 'active').kid,
      algorithm: 'ES256',
      state: 'retired',
      verifyOnly: false,
      createdAt,
      retiredAt: now(),
      goneAt: now() + 86_400 + 60,
    })
    for (const { sealedPrivateKey, publicJwk } of await store.listSigningKeys('dodici')) {
      const sealed = Buffer.from(sealedPrivateKey ?? [])
      for (const form of ['base64', 'base64url', 'hex'] as const)
        expect(rotated.text).not.toContain(sealed.toString(form))
      expect(rotated.text).not.toContain(publicJwk)
    }
  })

  it('are not rotated before verifiers know the announced one, unless forced', async () => {
    const { admin, now, advance } = await createAdminHarness()
    const rotate = async (body: object) => await admin('POST', `${BASE}/keys/rotate`, { body })
    const startedAt = now()
    expect((await rotate({ force: true })).status).toBe(200)
    advance(359)
    const refused = await rotate({})
    expect([refused.status, refused.body.type]).toEqual([409, 'urn:mintkeeper:problem:conflict'])
    const possibleAt = new Date((startedAt + 360) * 1000).toISOString().replace('.000', '')
    expect(refused.body.detail).toContain(`from ${possibleAt} on, or set force`)
    expect((await admin('GET', `${BASE}/keys`)).body.items).toHaveLength(3)
    advance(1)
    expect((await rotate({})).body.items).toHaveLength(4)
  })

  it('T086 are withdrawn one by one, and what they signed ends at once', async () => {
    const { admin, services, post, client } = await createAdminHarness()
    const { id, secret } = await client({ scopes: [] })
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
    const issue = async (): Promise<string> => {
      const response = await post('/oauth/token', { grant_type: 'client_credentials' }, { authorization })
      return response.json().access_token
    }
    const isActive = async (token: string): Promise<boolean> =>
      (await post('/oauth/introspect', { token }, { authorization })).json().active
    const withdraw = async (kid: string) =>
      await admin('POST', `${BASE}/keys/${encodeURIComponent(kid)}/withdraw`)
    await services.keys.ensure('dodici', 'RS256')
    const [before, keys] = [await issue(), (await admin('GET', `${BASE}/keys`)).body.items]
    const kidOf = (state: string) => keys.find((key: { state: string }) => key.state === state).kid
    const withdrawn = await withdraw(kidOf('active'))
    expect(withdrawn.status).toBe(200)
    expect(withdrawn.body.items).toHaveLength(3)
    expect(withdrawn.body.items).toContainEqual(
      expect.objectContaining({ kid: kidOf('active'), state: 'withdrawn' }),
    )
    expect(withdrawn.body.items).toContainEqual(
      expect.objectContaining({ kid: kidOf('announced'), state: 'active' }),
    )
    expect(await isActive(before)).toBe(false)
    expect(await isActive(await issue())).toBe(true)
    expect(await withdraw(kidOf('active'))).toMatchObject({ status: 200, body: withdrawn.body })
    for (const kid of ['unknown', `${kidOf('active')}x`, '__proto__']) {
      expect(await withdraw(kid)).toMatchObject({
        status: 404,
        body: { type: 'urn:mintkeeper:problem:not_found' },
      })
    }
    expect((await admin('POST', `/admin/v1/tenants/nobody/keys/x/withdraw`)).status).toBe(404)
    expect((await admin('POST', `${BASE}/keys/${kidOf('announced')}/withdraw`, { token: null })).status).toBe(
      401,
    )
  })

  it('are those of the tenant’s algorithm where none is named', async () => {
    const asked: unknown[] = []
    const keys = {
      list: async () => [],
      rotate: async (...call: unknown[]) => {
        asked.push(call)
        return { kind: 'rotated' as const, keys: [] }
      },
      withdraw: async () => ({ kind: 'unknown_key' as const }),
    }
    const { admin } = await createAdminHarness({ admin: { keys } })
    await admin('POST', `${BASE}/keys/rotate`, { body: {} })
    await admin('POST', `${BASE}/keys/rotate`, { body: { algorithm: 'EdDSA', force: true } })
    const by = { actor: 'admin', source: null, requestId: expect.any(String) }
    expect(asked).toEqual([
      ['dodici', 'RS256', { force: false, by }],
      ['dodici', 'EdDSA', { force: true, by }],
    ])
    expect((await admin('POST', `${BASE}/keys/rotate`, { body: { algorithm: 'HS256' } })).status).toBe(400)
    expect((await admin('POST', `${BASE}/keys/rotate`, { body: { tenant: 'x' } })).status).toBe(400)
    expect((await admin('POST', `${BASE}/keys/rotate`, { body: { force: 'yes' } })).status).toBe(400)
    expect(asked).toHaveLength(2)
  })
})

it('tenants are listed with what was configured', async () => {
  const surfaces = { spree: { expiresIn: 60 }, newstore: { azp: 'x', tenantClaim: false } }
  const tenant = {
    id: 'b',
    hosts: ['b.example'],
    issuer: 'https://b.example/',
    signingAlgorithm: 'ES256' as const,
    surfaces,
    requestsPerSecond: 200,
    clientRequestsPerSecond: null,
  }
  const { admin } = await createAdminHarness({ tenants: [tenant, { ...tenant, id: 'a', surfaces: null }] })
  const { body } = await admin('GET', '/admin/v1/tenants')
  expect(body).toEqual({ items: [{ ...tenant, id: 'a', surfaces: null }, tenant], next: null })
})

it('a resource is one of its tenant only', async () => {
  const { admin } = await createAdminHarness({
    tenants: [TENANT, { ...TENANT, id: 'other', hosts: ['o.example'] }],
  })
  await admin('POST', USERS, { body: { username: 'u', id: 'u' } })
  await admin('POST', `${BASE}/clients`, { body: { id: 'c' } })
  const other = '/admin/v1/tenants/other'
  for (const path of ['users/u', 'clients/c']) {
    expect((await admin('GET', `${other}/${path}`)).status).toBe(404)
    expect((await admin('PATCH', `${other}/${path}`, { body: {} })).status).toBe(404)
    expect((await admin('DELETE', `${other}/${path}`)).status).toBe(404)
  }
  for (const body of [{ user: 'u' }, { client: 'c' }]) {
    expect((await admin('POST', `${other}/revocations`, { body })).status).toBe(404)
  }
  for (const path of ['users', 'clients', 'tokens']) {
    expect((await admin('GET', `${other}/${path}`)).body.items).toEqual([])
  }
})
