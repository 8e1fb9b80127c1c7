import { describe, expect, test } from 'vitest'
import { createKeyedDigest } from '../../src/crypto/keyed-digest.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { createHarness, TENANT } from '../harness.ts'

async function rotating(
  options: { reuseWindow?: number; refresh?: 'keep' | 'rotate' | 'rotate-on-first-use' } = {},
) {
  const harness = createHarness({
    tenants: [
      { ...TENANT, surfaces: { standard: { passwordGrant: true, ...options }, realm: {}, newstore: {} } },
    ],
  })
  await harness.user({ username: 'ann', password: 'correct', roles: ['admin'] })
  const { id, secret } = await harness.client({ scopes: ['a', 'b'], accessToken: 'opaque' })
  const ask = (path: string, form: Record<string, string>) =>
    harness.post(path, { client_id: id, client_secret: secret, ...form })
  const login = (scope = 'a b') =>
    ask('/oauth/token', { grant_type: 'password', username: 'ann', password: 'correct', scope })
  const refresh = (refreshToken: string, scope?: string) =>
    ask('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken, ...(scope && { scope }) })
  const isActive = async (token: string) => (await ask('/oauth/introspect', { token })).json().active
  return { harness, ask, login, refresh, isActive }
}

describe('what is refused has changed nothing', () => {
  test('a refresh whose JWT can not be signed leaves the refresh token as it was', async () => {
    const { harness, refresh, login } = await rotating({ reuseWindow: 0 })
    const client = await harness.store.findClient('dodici', 'client')
    if (client !== null) await harness.store.updateClient({ ...client, accessToken: 'jwt' })
    const { refresh_token: token } = (await login()).json()
    const { sign } = harness.services.keys
    Object.assign(harness.services.keys, { sign: () => Promise.reject(new StoreUnavailable('no keys')) })
    expect((await refresh(token)).status).toBe(503)
    Object.assign(harness.services.keys, { sign })
    expect((await refresh(token)).status).toBe(200)
  })

  test('a login goes on with its weak hash if there is no time to make a stronger one', async () => {
    const { harness, login } = await rotating()
    const { passwords } = harness.services
    const verify = async () => 'match_weak' as const
    const hash = () => Promise.reject(Object.assign(new Error('full'), {}))
    Object.assign(harness.services, { passwords: { ...passwords, verify, hash } })
    expect((await login()).status).toBe(500)
    const { OAuthError } = await import('../../src/protocol/errors.ts')
    const full = () => Promise.reject(new OAuthError('temporarily_unavailable', 'hash_queue_full'))
    Object.assign(harness.services, { passwords: { ...passwords, verify, hash: full } })
    expect((await login()).status).toBe(200)
  })
})

describe('a replay', () => {
  test('T041 is refused a scope beyond the grant, and the family lives on', async () => {
    const { login, refresh } = await rotating()
    const { refresh_token: parent } = (await login('a')).json()
    const { refresh_token: successor } = (await refresh(parent)).json()
    expect((await refresh(parent, 'b')).json().error).toBe('invalid_scope')
    expect((await refresh(parent)).json().refresh_token).toBe(successor)
  })

  test('is refused if its successor was derived with another key', async () => {
    const { harness, login, refresh } = await rotating()
    const { refresh_token: parent } = (await login()).json()
    await refresh(parent)
    Object.assign(harness.services, { rotationKey: createKeyedDigest(Buffer.alloc(32, 1)) })
    expect((await refresh(parent)).json().error).toBe('invalid_grant')
    expect(harness.entries.at(-1)?.reason).toBe('successor_of_another_rotation_key')
  })

  test.each([
    ['rotate', 10],
    ['rotate-on-first-use', 60],
  ] as const)('under %s is answered for %i seconds on every surface', async (policy, seconds) => {
    const { harness, login, refresh, isActive } = await rotating({ refresh: policy })
    const { refresh_token: parent } = (await login()).json()
    const successor = (await refresh(parent)).json()
    expect(await isActive(successor.access_token)).toBe(true)
    harness.advance(seconds - 1)
    expect((await refresh(parent)).json().refresh_token).toBe(successor.refresh_token)
    harness.advance(1)
    expect((await refresh(parent)).json().error).toBe('invalid_grant')
  })
})

test('under keep, revoking an access token revokes the refresh token it came from', async () => {
  const { ask, login, refresh, isActive } = await rotating({ refresh: 'keep' })
  const { refresh_token: token, access_token: first } = (await login()).json()
  const second = (await refresh(token)).json().access_token
  await ask('/oauth/revoke', { token: second })
  expect((await refresh(token)).json().error).toBe('invalid_grant')
  expect([await isActive(first), await isActive(second)]).toEqual([false, false])
})

test('newstore: who has lost offline_access has lost the refresh token', async () => {
  const { harness } = await rotating()
  const form = { grant_type: 'password', username: 'ann', password: 'correct' }
  const { refresh_token: token } = (await harness.post('/v0/token', form)).json()
  const user = await harness.store.findUserByLogin('dodici', 'ann')
  if (user !== null) await harness.store.updateUser({ ...user, scopes: ['read:current_user'] })
  const refreshed = await harness.post('/v0/refresh_token', {
    grant_type: 'refresh_token',
    refresh_token: token,
  })
  expect(refreshed.status).toBe(403)
})

test('a realm path that names no tenant is no path', async () => {
  const { harness } = await rotating()
  const path = '/auth/realms/{tenant}/protocol/openid-connect/token'
  const { id, secret } = await harness.client({ id: 'other' })
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
  expect((await harness.post(path, form)).status).toBe(404)
})

test('T217 a surface that is off says so, whatever the query string holds', async () => {
  const harness = createHarness({ tenants: [{ ...TENANT, surfaces: { standard: {} } }] })
  expect((await harness.post('/v0/token?password=x', {})).status).toBe(404)
})
