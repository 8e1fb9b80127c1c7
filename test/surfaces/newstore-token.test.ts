/** See newstore.test.ts for the requirements that are met differently. */
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { newstore } from '../../src/surfaces/newstore.ts'
import type { TestResponse } from '../harness.ts'
import { createNewstore, PASSWORD, SCOPE, USERNAME } from './newstore-exchange.ts'

const SUBJECT = 'auth0|596c8f95790837489f4c191c'
const AZP = 'twlFVZyTIYbx7gFdtGYbKAvCGnZAu4Yw'

const { harness, login, refresh } = createNewstore({
  custom: {
    audience: 'https://api.example/',
    azp: 'x'.repeat(32),
    tenantClaim: false,
    expiresIn: 600,
    scopes: ['offline_access', 'read'],
  },
})

const CLERK = { username: 'clerk', password: 'x' }

beforeAll(async () => {
  const claims = { newstore_id: '3S40MqkNyMLbOLNGqF6Ryc' }
  const admin = { username: USERNAME, password: PASSWORD, roles: ['newstore_admin'], claims, id: SUBJECT }
  await harness.user(admin)
  await harness.user({ ...admin, tenant: 'custom', roles: [] })
  await harness.user({
    ...CLERK,
    id: 'clerk-id',
    claims: {
      locale: 'de',
      newstore_id: 7,
      iss: 'evil',
      sub: 'evil',
      gty: 'evil',
      nbf: 1,
      jti: 'evil',
      'http://newstore/roles': ['evil'],
    },
  })
})

async function jwks(host = 'dodici.x.newstore.net') {
  const response = await harness.send({ method: 'GET', path: '/.well-known/jwks.json', host })
  expect(response.status).toBe(200)
  return createLocalJWKSet(response.json())
}

/** Header and claims as jose verifies them with the served keys. */
async function verified(response: TestResponse, host?: string) {
  const options = { currentDate: new Date(harness.now() * 1000), algorithms: ['RS256'] }
  return await jwtVerify(response.json().access_token, await jwks(host), options)
}

describe('7. the access token', () => {
  test('R090 R091 R103 T081 it is a JWT that jose verifies with the served keys', async () => {
    const { protectedHeader } = await verified(await login())
    expect(protectedHeader).toEqual({ typ: 'JWT', alg: 'RS256', kid: expect.any(String) })
    expect(Object.keys(protectedHeader)).toEqual(['typ', 'alg', 'kid'])
  })

  test('R092 kid is the Base64 of an upper-case SHA-1, and the header is UTF-8', async () => {
    const token = (await login()).json().access_token
    const header = Buffer.from(token.split('.')[0], 'base64url')
    expect(() => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header))).not.toThrow()
    const { kid = '' } = decodeProtectedHeader(token)
    expect(kid).toHaveLength(54)
    expect(Buffer.from(kid, 'base64').toString()).toMatch(/^[0-9A-F]{40}$/)
  })

  test('R093 R094 R095 R096 R097 R098 R099 R100 R101 R102 the claims are those of the document, in its order', async () => {
    const response = await login()
    const { payload } = await verified(response)
    expect(payload).toEqual({
      'http://newstore/newstore_id': '3S40MqkNyMLbOLNGqF6Ryc',
      'http://newstore/roles': ['newstore_admin'],
      'http://newstore/tenant': 'dodici',
      iss: 'https://dodici.x.newstore.net/',
      sub: SUBJECT,
      aud: 'https://dodici.x.newstore.net/api/v2/',
      iat: harness.now(),
      exp: harness.now() + 86400,
      azp: AZP,
      scope: SCOPE,
      gty: 'password',
    })
    expect(Object.keys(payload).join(' ')).toBe(
      'http://newstore/newstore_id http://newstore/roles http://newstore/tenant iss sub aud iat exp azp scope gty',
    )
    expect(response.json().scope).toBe(payload.scope)
    expect(response.json().expires_in).toBe(86400)
  })

  test('R093 without an id of NewStore the subject stands for it, and roles are a list even if empty', async () => {
    const { payload } = await verified(await login({ parameters: CLERK }))
    expect(payload['http://newstore/newstore_id']).toBe('clerk-id')
    expect(payload['http://newstore/roles']).toEqual([])
  })

  test('R102 T082 further claims only by configuration, and none that replaces another', async () => {
    const { payload } = await verified(await login({ parameters: CLERK }))
    expect(Object.keys(payload)).toHaveLength(12)
    expect(payload).toMatchObject({
      locale: 'de',
      iss: 'https://dodici.x.newstore.net/',
      sub: 'clerk-id',
      gty: 'password',
    })
  })

  test('R094 R097 R099 audience, azp, tenant claim, life and scopes are settings', async () => {
    const host = 'custom.x.newstore.net'
    const response = await login({ host })
    const { payload } = await verified(response, host)
    expect(payload).toEqual({
      'http://newstore/newstore_id': '3S40MqkNyMLbOLNGqF6Ryc',
      'http://newstore/roles': [],
      iss: 'https://dodici.x.newstore.net/',
      sub: SUBJECT,
      aud: 'https://api.example/',
      iat: harness.now(),
      exp: harness.now() + 600,
      azp: 'x'.repeat(32),
      scope: 'offline_access read',
      gty: 'password',
    })
    expect(response.json()).toMatchObject({ expires_in: 600, scope: 'offline_access read' })
  })

  test('R097 the issuer ends with a slash, even if the tenant’s does not', () => {
    const { issuer, audience } = newstore.policy({}, { id: 'x', issuer: 'https://x.example' })
    expect([issuer, audience]).toEqual(['https://x.example/', 'https://x.example/api/v2/'])
  })

  test('R098 the subject is kept to the byte by a refresh, too', async () => {
    const { refresh_token } = (await login()).json()
    expect((await verified(await refresh(refresh_token))).payload.sub).toBe(SUBJECT)
  })

  test('R103 after a rotation the old token still verifies, and a new one has another key', async () => {
    const before = await login()
    await harness.services.keys.rotate('dodici', 'RS256', { force: true })
    const after = await login()
    const [old, young] = [await verified(before), await verified(after)]
    expect(young.protectedHeader.kid).not.toBe(old.protectedHeader.kid)
  })

  test('R103 the keys of another tenant verify nothing', async () => {
    await login({ host: 'custom.x.newstore.net' })
    await expect(verified(await login(), 'custom.x.newstore.net')).rejects.toThrow()
  })
})
