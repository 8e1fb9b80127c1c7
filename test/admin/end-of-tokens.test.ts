import { expect, test } from 'vitest'
import { revokeTokens } from '../../src/admin/operations/tokens.ts'
import { setPassword } from '../../src/admin/operations/users.ts'
import { createHarness, TENANT } from '../harness.ts'

async function setUp() {
  const harness = createHarness({ tenants: [{ ...TENANT, surfaces: { standard: { passwordGrant: true } } }] })
  await harness.store.saveTenant(TENANT)
  const user = await harness.user({ username: 'ann', password: 'a long password' })
  const { id, secret } = await harness.client({ accessToken: 'opaque' })
  const { store, clock, random, passwords, logins } = harness.services
  const operations = { store, clock, random, passwords, logins }
  const ask = (path: string, form: Record<string, string>) =>
    harness.post(path, { client_id: id, client_secret: secret, ...form })
  return {
    endClient: () => revokeTokens(operations, TENANT.id, { client: id }),
    endUser: () => revokeTokens(operations, TENANT.id, { user: user.id }),
    changePassword: () => setPassword(operations, TENANT.id, user.id, 'a long password'),
    async login(): Promise<string> {
      const form = { grant_type: 'password', username: 'ann', password: 'a long password' }
      return (await ask('/oauth/token', form)).json().access_token
    },
    isActive: async (token: string): Promise<boolean> =>
      (await ask('/oauth/introspect', { token })).json().active,
    endOf: async () => (await store.findUser(TENANT.id, user.id))?.tokensValidAfter,
    now: harness.now,
  }
}

test('tokens end with their user, however often their client ended tokens in the same second', async () => {
  const { endClient, changePassword, login, isActive } = await setUp()
  for (let count = 0; count < 3; count++) await endClient()
  const before = await login()
  expect(await isActive(before)).toBe(true)
  await changePassword()
  expect(await isActive(before)).toBe(false)
  expect(await isActive(await login())).toBe(true)
})

test('and with their client, however often their user did', async () => {
  const { endClient, endUser, login, isActive } = await setUp()
  for (let count = 0; count < 3; count++) await endUser()
  const before = await login()
  await endClient()
  expect(await isActive(before)).toBe(false)
  expect(await isActive(await login())).toBe(true)
})

test('an end is no further ahead of the clock than it must be', async () => {
  const { endUser, endOf, now } = await setUp()
  await endUser()
  expect(await endOf()).toBe(now() + 1)
})
