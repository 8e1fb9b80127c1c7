/** T072: what becomes of a good assertion, and of the client that sends one. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { ClientRow } from '../../src/store/rows.ts'
import { assertionClaims, assertionForm, CLIENT_KEYS, KEY, OTHER_KEY, sign } from '../crypto/assertions.ts'
import type { Harness } from '../harness.ts'
import { PASSWORD } from '../surfaces/faces.ts'
import {
  type AssertionServer,
  CLIENT_CREDENTIALS,
  type Form,
  ISSUER,
  startAssertionServer,
} from './assertion-server.ts'

let server: AssertionServer
let harness: Harness
beforeEach(async () => {
  server = await startAssertionServer()
  harness = server.harness
})

const post: AssertionServer['post'] = (...request) => server.post(...request)
const ask: AssertionServer['ask'] = (...request) => server.ask(...request)
const claimsOf = () => server.claimsOf()
const lastReason = () => harness.entries.at(-1)?.reason

describe('an assertion', () => {
  test('may come from a clock that is off by ten seconds, and last five minutes', async () => {
    const now = harness.now()
    for (const times of [
      { exp: now - 9, iat: now - 69 },
      { exp: now + 310, iat: now + 10, nbf: now + 10 },
      { exp: now + 0.5, iat: undefined },
    ]) {
      expect((await ask(await sign({ ...claimsOf(), ...times }))).status).toBe(200)
    }
  })

  test.each(CLIENT_KEYS)('is signed by $algorithm', async (key) => {
    await harness.client({ tenant: 'main', id: 'one', secrets: [], jwks: { keys: [key.jwk] } })
    const assertion = await sign(assertionClaims('one', ISSUER, harness.now()), key)
    expect((await ask(assertion)).status).toBe(200)
  })

  test('has a client_id beside it, if that is the same', async () => {
    expect((await ask(await sign(claimsOf()), { client_id: 'shop' })).status).toBe(200)
    expect((await ask(await sign(claimsOf()), { client_id: 'till' })).status).toBe(401)
    expect(lastReason()).toBe('assertion_of_another_client')
  })

  test('is the only authentication of its request', async () => {
    const basic = { authorization: `Basic ${btoa(`stranger:${PASSWORD}`)}` }
    const form = { ...CLIENT_CREDENTIALS, ...assertionForm(await sign(claimsOf())) }
    for (const response of [
      await post('/oauth/token', form, basic),
      await post('/oauth/token', { ...form, client_id: 'stranger', client_secret: PASSWORD }),
      await post('/oauth/token', { ...form, client_secret: PASSWORD }),
    ]) {
      expect([response.status, response.json().error]).toEqual([400, 'invalid_request'])
      expect(lastReason()).toBe('two_client_authentications')
    }
    expect((await post('/oauth/token', form)).status).toBe(200)
  })

  test('comes with its type', async () => {
    const { client_assertion, client_assertion_type } = assertionForm(await sign(claimsOf()))
    const statusOf = async (form: Form) =>
      (await post('/oauth/token', { ...CLIENT_CREDENTIALS, ...form })).status
    expect(await statusOf({ client_assertion })).toBe(400)
    expect(await statusOf({ client_assertion_type })).toBe(400)
    const saml = 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer'
    expect(await statusOf({ client_assertion, client_assertion_type: saml })).toBe(401)
    expect(lastReason()).toBe('unknown_assertion_type')
    expect((await harness.send({ path: `/oauth/token?client_assertion=${client_assertion}` })).status).toBe(
      400,
    )
    expect(lastReason()).toBe('client_assertion_in_query')
  })

  test('that is refused for something else is not used up', async () => {
    const assertion = await sign(claimsOf())
    const [header, claims, signature = ''] = assertion.split('.')
    const turned = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
    expect((await ask(`${header}.${claims}.${turned}`)).status).toBe(401)
    expect((await ask(assertion, { client_id: 'till' })).status).toBe(401)
    const shop = (await harness.store.findClient('main', 'shop')) as ClientRow
    await harness.store.updateClient({ ...shop, disabled: true })
    expect((await ask(assertion)).status).toBe(401)
    expect(lastReason()).toBe('client_disabled')
    await harness.store.updateClient({ ...shop, version: shop.version + 1 })
    expect((await ask(assertion)).status).toBe(200)
  })

  test('is remembered for as long as it could be used again, to the second', async () => {
    const { store } = harness
    for (const [expiresIn, last] of [
      [30, 39],
      [30.5, 40],
    ] as const) {
      const assertion = await sign({ ...claimsOf(), exp: harness.now() + expiresIn, iat: undefined })
      expect((await ask(assertion)).status).toBe(200)
      harness.advance(last)
      await store.purge(harness.now(), 10)
      expect([(await ask(assertion)).status, lastReason()]).toEqual([401, 'assertion_replayed'])
      harness.advance(1)
      expect([(await ask(assertion)).status, lastReason()]).toEqual([401, 'assertion_expired'])
    }
  })

  test('is used up by a request that is refused for what it asks', async () => {
    const assertion = await sign(claimsOf())
    expect((await ask(assertion, { scope: 'nothing-it-has' })).status).toBe(400)
    expect([(await ask(assertion)).status, lastReason()]).toEqual([401, 'assertion_replayed'])
    expect((await ask(await sign(claimsOf()))).status).toBe(200)
  })

  test('V-51 of 50 requests with one assertion at once one is answered', async () => {
    const assertion = await sign(claimsOf())
    const responses = await Promise.all(Array.from({ length: 50 }, () => ask(assertion)))
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('has its jti for its client alone', async () => {
    const jti = 'the-same'
    expect((await ask(await sign({ ...claimsOf(), jti }))).status).toBe(200)
    const till = { ...assertionClaims('till', ISSUER, harness.now()), jti }
    expect((await ask(await sign(till, OTHER_KEY))).status).toBe(200)
  })

  test('that can not be remembered is not taken', async () => {
    harness.store.spendAssertion = () => Promise.reject(new Error('disk full'))
    expect((await ask(await sign(claimsOf()))).status).toBe(500)
  })
})

describe('a client with keys', () => {
  test('is confidential', async () => {
    const shop = await harness.store.findClient('main', 'shop')
    if (shop !== null) await harness.store.updateClient({ ...shop, public: true, grants: ['password'] })
    await harness.user({ tenant: 'main', username: 'ann', password: PASSWORD })
    const login = { grant_type: 'password', username: 'ann', password: PASSWORD, client_id: 'shop' }
    for (const path of ['/oauth/token', '/spree_oauth/token']) {
      expect((await post(path, login)).status).toBe(401)
      expect(lastReason()).toBe('client_secret_missing')
    }
  })

  test('may have a secret beside them', async () => {
    const { secret } = await harness.client({ tenant: 'main', id: 'both', jwks: { keys: [KEY.jwk] } })
    const both = { ...CLIENT_CREDENTIALS, client_id: 'both' }
    expect((await post('/oauth/token', { ...both, client_secret: secret })).status).toBe(200)
    const assertion = await sign(assertionClaims('both', ISSUER, harness.now()))
    expect((await ask(assertion, both)).status).toBe(200)
  })

  test('has its assertions taken by standard and realm only', async () => {
    await harness.user({ tenant: 'main', username: 'ann', password: PASSWORD })
    const assertion = await sign(claimsOf())
    const spree = await post('/spree_oauth/token', { ...CLIENT_CREDENTIALS, ...assertionForm(assertion) })
    expect([spree.status, spree.json().error]).toEqual([401, 'invalid_client'])
    const named = { ...assertionForm(assertion), client_id: 'shop' }
    expect((await post('/spree_oauth/token', { ...CLIENT_CREDENTIALS, ...named })).status).toBe(401)
    expect((await ask(assertion)).status).toBe(200)
  })
})
