import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { createHarness, TENANT } from '../harness.ts'

const DAY = 86_400

async function keepHarness() {
  const standard = {
    passwordGrant: true,
    refresh: 'keep',
    refreshExpiresIn: 2 * DAY,
    refreshIdleExpiresIn: DAY,
  } as const
  const harness = createHarness({
    tenants: [{ ...TENANT, surfaces: { standard: { ...standard, expiresIn: 3 * DAY } } }],
  })
  await harness.user({ username: 'ann', password: 'correct' })
  const { id, secret } = await harness.client({ introspect: 'any' })
  const ask = (path: string, form: Record<string, string>) =>
    harness.post(path, { client_id: id, client_secret: secret, ...form })
  const login = await ask('/oauth/token', { grant_type: 'password', username: 'ann', password: 'correct' })
  const refreshToken: string = login.json().refresh_token
  return {
    harness,
    refreshToken,
    refresh: () => ask('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken }),
    isActive: async (token: string) => (await ask('/oauth/introspect', { token })).json().active,
    revoke: () => ask('/oauth/revoke', { token: refreshToken }),
  }
}

test('a kept refresh token lives on with each use, but no longer than its family', async () => {
  const { harness, refresh, refreshToken } = await keepHarness()
  harness.advance(DAY - 1)
  expect((await refresh()).json().refresh_token).toBe(refreshToken)
  harness.advance(DAY - 1)
  expect((await refresh()).status).toBe(200)
  harness.advance(2)
  expect((await refresh()).status).toBe(400)
})

test('a kept refresh token that is not used for too long ends', async () => {
  const { harness, refresh } = await keepHarness()
  harness.advance(DAY)
  expect((await refresh()).status).toBe(400)
})

test('a JWT outlives the refresh token it came from, even after a purge', async () => {
  const { harness, refresh, isActive } = await keepHarness()
  harness.advance(DAY - 1)
  const token: string = (await refresh()).json().access_token
  harness.advance(3 * DAY - 1)
  await harness.store.purge(harness.now(), 100)
  expect(decodeJwt(token).exp).toBe(harness.now() + 1)
  expect(await isActive(token)).toBe(true)
})

test('a revoked refresh token takes along the JWTs of all its uses, even after a purge', async () => {
  const { harness, refresh, isActive, revoke } = await keepHarness()
  harness.advance(DAY - 1)
  const token: string = (await refresh()).json().access_token
  await revoke()
  expect(await isActive(token)).toBe(false)
  harness.advance(3 * DAY - 1)
  await harness.store.purge(harness.now(), 100)
  expect(await isActive(token)).toBe(false)
})
