/** DPoP (RFC 9449): for which URL a proof is, what uses it up, and the surfaces that do not know it. */
import { beforeEach, describe, expect, test } from 'vitest'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { assertionClaims, assertionForm, KEY, sign } from '../crypto/assertions.ts'
import { bareJwk } from '../crypto/proofs.ts'
import { createHarness } from '../harness.ts'
import { addClients, PASSWORD, tenantOfFaces } from '../surfaces/faces.ts'
import {
  CLIENT_CREDENTIALS,
  CLIENTS,
  claimsOf,
  DPOP_SURFACES,
  type DpopServer,
  LOGIN,
  startDpopServer,
  thumbprintOf,
} from './dpop-server.ts'

let server: DpopServer
beforeEach(async () => {
  server = await startDpopServer()
})

const ASK = { ...CLIENT_CREDENTIALS, ...CLIENTS.jwt }

describe.each(DPOP_SURFACES)('$surface: the URL', ({ token: path }) => {
  const url = `https://main.example${path}`
  const statusFor = async (htu: unknown) =>
    (await server.post(path, ASK, await server.proof(path, { htu }))).status

  test.each([
    url,
    `${url}?a=b`,
    `${url}#c`,
    url.replace('main.example', 'main.example:443'),
    url.replace('https://main.example', 'HTTPS://MAIN.EXAMPLE'),
    url.replace('.example/', '.example/x/../'),
  ])('is this endpoint: %s', async (htu) => {
    expect(await statusFor(htu)).toBe(200)
  })

  test.each([
    ['', path, `//main.example${path}`, `${url}/`, `${url}x`, `${url.slice(0, -1)}N`],
    [url.replace('https', 'http'), url.replace('.example', '.example:8443'), url.replace('main.', '')],
    [url.replace('main.example', 'main.example.evil.example'), url.replace('main.example', 'main.example.')],
    [url.replace('//', '//evil.example@'), `https://evil.example/${url}`, url.replace('//', '')],
    [url.replace('//', '////'), url.replace('//', '//@'), url.replace('main', 'm%61in')],
    [url.replaceAll('/', '\\'), ` ${url}`, `${url}\n`, url.replace('main', 'ma\tin'), url.toUpperCase()],
    [url.replace('/token', '/revoke'), 'https://main.example/', 'https://main.example/v0/token'],
  ])('is another one: %s …', async (...others) => {
    for (const htu of others) {
      expect([htu, await statusFor(htu)]).toEqual([htu, 400])
      expect(server.lastReason()).toBe('dpop_proof_url')
    }
  })

  test('is not that of the other surface', async () => {
    for (const other of DPOP_SURFACES.filter(({ token }) => token !== path)) {
      expect(await statusFor(`https://main.example${other.token}`)).toBe(400)
    }
  })

  test('is none that a request says it came to', async () => {
    const htu = `https://evil.example${path}`
    for (const headers of [{ 'X-Forwarded-Host': 'evil.example' }, { Forwarded: 'host=evil.example' }]) {
      const DPoP = await server.proof(path, { htu })
      expect((await server.harness.post(path, ASK, { ...headers, DPoP })).status).toBe(400)
      expect(server.lastReason()).toBe('dpop_proof_url')
    }
  })
})

test('the URL may have another host of the tenant, with the scheme and port of the issuer', async () => {
  const tenant = {
    ...tenantOfFaces(),
    hosts: ['main.example', 'old_shop.example'],
    issuer: 'https://main.example:8443/',
  }
  const harness = createHarness({ tenants: [tenant] })
  await harness.store.saveTenant(tenant)
  await addClients(harness)
  for (const [origin, status] of [
    ['https://main.example:8443', 200],
    ['https://old_shop.example:8443', 200],
    ['https://old_shop.example', 400],
    ['http://old_shop.example:8443', 400],
    ['https://new.example:8443', 400],
  ] as const) {
    for (const { token } of DPOP_SURFACES) {
      const DPoP = await server.proof(token, { htu: origin + token, iat: harness.now() })
      expect([origin, (await harness.post(token, ASK, { DPoP })).status]).toEqual([origin, status])
    }
  }
})

test('the hosts below a base domain are hosts of the tenant', () => {
  const options = { defaultTenant: null, baseDomains: ['tokens.example'] }
  const directory = createTenantDirectory([tenantOfFaces()], SURFACES, options)
  expect(directory.byId('main')?.surfaces.get('standard')?.proofUrls).toEqual(
    new Set(['https://main.example/oauth/token', 'https://main.tokens.example/oauth/token']),
  )
})

describe('a proof is not used up by a request that is refused', () => {
  test.each([
    ['for its grant', { grant_type: 'nothing' }, 'unsupported_grant_type'],
    ['for its client', { client_secret: 'wrong' }, 'invalid_client'],
    ['for its password', { ...LOGIN, password: 'wrong' }, 'invalid_grant'],
    ['for its scope', { scope: 'root' }, 'invalid_scope'],
    ['for its refresh token', { grant_type: 'refresh_token', refresh_token: 'wrong' }, 'invalid_grant'],
  ])('%s', async (_name, change, error) => {
    const proof = await server.proof('/oauth/token')
    const refused = await server.post('/oauth/token', { ...ASK, ...change }, proof)
    expect(refused.json().error).toBe(error)
    expect((await server.post('/oauth/token', ASK, proof)).status).toBe(200)
  })
})

test('nobody but a known client has a proof looked at', async () => {
  const answer = await server.post('/oauth/token', { ...ASK, client_secret: 'wrong' }, 'nonsense')
  expect([answer.status, answer.json().error]).toEqual([401, 'invalid_client'])
})

test('a proof and an assertion by the same key, with the same jti, are two things', async () => {
  // As far as a client can help it: its id is the thumbprint of its key.
  const id = await thumbprintOf(KEY)
  await server.harness.client({
    tenant: 'main',
    id,
    secrets: [],
    jwks: { keys: [KEY.jwk] },
    scopes: ['read'],
  })
  const claims = {
    ...assertionClaims(id, 'https://main.example/', server.harness.now()),
    jti: 'the-same',
  }
  const form = { ...CLIENT_CREDENTIALS, ...assertionForm(await sign(claims)) }
  const answer = await server.post(
    '/oauth/token',
    form,
    await server.proof('/oauth/token', { jti: 'the-same' }),
  )
  expect([answer.status, answer.json().token_type]).toEqual([200, 'DPoP'])
  // Neither stands for the other.
  const proof = await server.proof('/oauth/token')
  expect((await server.post('/oauth/token', { ...CLIENT_CREDENTIALS, ...assertionForm(proof) })).status).toBe(
    401,
  )
  const assertion = await sign(claims, KEY, { jwk: bareJwk(KEY) })
  expect((await server.post('/oauth/token', ASK, assertion)).json().error).toBe('invalid_dpop_proof')
})

test('claims of a client can not put another key into its token', async () => {
  const claims = { cnf: { jkt: 'other' }, token_type: 'Bearer' }
  await server.harness.client({ tenant: 'main', id: 'sly', secret: PASSWORD, claims })
  const form = { ...CLIENT_CREDENTIALS, client_id: 'sly', client_secret: PASSWORD }
  for (const proof of [null, await server.proof('/oauth/token')]) {
    const { access_token } = (await server.post('/oauth/token', form, proof)).json()
    expect(claimsOf(access_token).cnf?.jkt).not.toBe('other')
    expect((await server.about(access_token)).cnf?.jkt).not.toBe('other')
  }
})

describe('the surfaces whose documents do not know DPoP', () => {
  test('ignore the header', async () => {
    const spree = await server.post('/spree_oauth/token', ASK, 'nonsense')
    expect([spree.status, spree.json().token_type]).toEqual([200, 'Bearer'])
    await server.harness.user({ tenant: 'main', username: 'bob', password: PASSWORD })
    const newstore = await server.post(
      '/v0/token',
      { ...LOGIN, username: 'bob' },
      await server.proof('/v0/token'),
    )
    expect([newstore.status, newstore.json().token_type]).toEqual([200, 'Bearer'])
    expect(claimsOf(newstore.json().access_token)).not.toHaveProperty('cnf')
  })

  test('give a client that needs a proof nothing', async () => {
    const form = { ...CLIENT_CREDENTIALS, client_id: 'bound', client_secret: PASSWORD }
    for (const proof of [null, await server.proof('/spree_oauth/token')]) {
      const answer = await server.post('/spree_oauth/token', form, proof)
      expect([answer.status, answer.json().error]).toEqual([401, 'unauthorized_client'])
      expect(server.lastReason()).toBe('dpop_proof_missing')
    }
  })

  test('do not pass a bound token off as a bearer token', async () => {
    const api = { client_id: 'api', client_secret: PASSWORD }
    for (const client of [CLIENTS.jwt, CLIENTS.opaque]) {
      const form = { ...CLIENT_CREDENTIALS, ...client }
      const bearer = (await server.post('/oauth/token', form)).json().access_token
      const bound = (await server.post('/oauth/token', form, await server.proof('/oauth/token'))).json()
      const about = async (token: string) =>
        (await server.post('/spree_oauth/introspect', { token, ...api })).json()
      expect(await about(bearer)).toMatchObject({ active: true, token_type: 'Bearer' })
      expect(await about(bound.access_token)).toEqual({ active: false })
    }
  })
})
