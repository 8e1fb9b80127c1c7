/** `requestsPerSecond` and `clientRequestsPerSecond`, on every surface. */
import { describe, expect, test } from 'vitest'
import { assertionClaims, assertionForm, KEY, sign } from '../crypto/assertions.ts'
import { createHarness, type Harness, TENANT } from '../harness.ts'

const SHOP = { id: 'shop', secret: 'shop-secret-0123456789abcdefghijklmnopqr' }
const POS = { id: 'pos', secret: 'pos-secret-0123456789abcdefghijklmnopqrs' }

async function start(limits: {
  requestsPerSecond?: number
  clientRequestsPerSecond?: number
}): Promise<Harness> {
  const harness = await createHarness({ tenants: [{ ...TENANT, ...limits }] })
  for (const client of [SHOP, POS]) await harness.client({ ...client, grants: ['client_credentials'] })
  return harness
}

const basic = ({ id, secret }: typeof SHOP) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})

const FORM = { grant_type: 'client_credentials' }

describe('a tenant that has had its requests of this second', () => {
  const ANSWERS = [
    ['/v0/token', { status: 429, message: 'Too Many Requests', request_id: expect.any(String) }],
    ['/spree_oauth/token', { error: 'too_many_requests', error_description: expect.any(String) }],
    ['/oauth/token', { error: 'too_many_requests', error_description: expect.any(String) }],
    [
      '/auth/realms/dodici/protocol/openid-connect/token',
      { error: 'too_many_requests', error_description: expect.any(String) },
    ],
  ] as const

  test.each(ANSWERS)('R136 gets 429 at %s, and when to come again, whatever is sent', async (path, body) => {
    const harness = await start({ requestsPerSecond: 2 })
    const send = () =>
      harness.send({ method: 'POST', path, body: '{', headers: { 'content-type': 'image/png' } })
    for (const _ of [1, 2]) expect((await send()).status).not.toBe(429)
    const refused = await send()
    expect([refused.status, refused.header('retry-after'), refused.json()]).toEqual([429, '1', body])
    expect(harness.entries.at(-1)).toMatchObject({
      outcome: 'too_many_requests',
      reason: 'tenant_request_limit',
      tenant: 'dodici',
    })
    harness.advance(1)
    expect((await send()).status).not.toBe(429)
  })

  test('still has its metadata and keys, and other tenants all they want', async () => {
    const other = { ...TENANT, id: 'other', hosts: ['other.example'], issuer: 'https://other.example/' }
    const harness = await createHarness({ tenants: [{ ...TENANT, requestsPerSecond: 1 }, other] })
    const ask = (path: string, host?: string) => harness.send({ method: 'GET', path, ...(host && { host }) })
    expect((await harness.post('/oauth/token', FORM)).status).toBe(401)
    expect((await harness.post('/oauth/introspect', {})).status).toBe(429)
    for (let n = 0; n < 5; n++) {
      expect((await ask('/.well-known/oauth-authorization-server')).status).toBe(200)
      expect((await ask('/.well-known/jwks.json')).status).toBe(200)
      expect((await ask('/spree_oauth/token/info', 'other.example')).status).not.toBe(429)
    }
  })
})

describe('a client that has had its requests of this second', () => {
  test('gets 429, and other clients do not', async () => {
    const harness = await start({ clientRequestsPerSecond: 2 })
    const ask = (client: typeof SHOP) => harness.post('/oauth/token', FORM, basic(client))
    for (const _ of [1, 2]) expect((await ask(SHOP)).status).toBe(200)
    const refused = await ask(SHOP)
    expect([refused.status, refused.header('retry-after'), refused.json().error]).toEqual([
      429,
      '1',
      'too_many_requests',
    ])
    expect(harness.entries.at(-1)).toMatchObject({ reason: 'client_request_limit', client: 'shop' })
    expect((await harness.post('/oauth/revoke', { token: 'x' }, basic(SHOP))).status).toBe(429)
    expect((await ask(POS)).status).toBe(200)
    harness.advance(1)
    expect((await ask(SHOP)).status).toBe(200)
  })

  test('may send the assertion again with which it was refused', async () => {
    const harness = await start({ clientRequestsPerSecond: 1 })
    await harness.client({
      id: 'signer',
      secrets: [],
      jwks: { keys: [KEY.jwk] },
      grants: ['client_credentials'],
    })
    const signed = () => sign(assertionClaims('signer', TENANT.issuer, harness.now()))
    const ask = async (assertion: string) =>
      (await harness.post('/oauth/token', { ...FORM, ...assertionForm(assertion) })).status
    expect(await ask(await signed())).toBe(200)
    const early = await signed()
    expect(await ask(early)).toBe(429)
    harness.advance(1)
    expect(await ask(early)).toBe(200)
    harness.advance(1)
    expect(await ask(early)).toBe(401)
  })

  test('loses nothing by what others send under its name with a wrong secret', async () => {
    const harness = await start({ clientRequestsPerSecond: 1 })
    for (let n = 0; n < 10; n++) {
      expect((await harness.post('/oauth/token', FORM, basic({ ...SHOP, secret: POS.secret }))).status).toBe(
        401,
      )
    }
    expect((await harness.post('/oauth/token', FORM, basic(SHOP))).status).toBe(200)
  })
})

test('without limits there are none', async () => {
  const harness = await start({})
  for (let n = 0; n < 500; n++)
    expect((await harness.post('/oauth/token', FORM, basic(SHOP))).status).toBe(200)
})
