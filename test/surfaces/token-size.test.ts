/** T089: a token that is answered fits into a header, and who asks for more than fits is told so. */
import { describe, expect, test } from 'vitest'
import { sizeProblem } from '../../src/protocol/token-size.ts'
import { createHarness, type Harness, TENANT } from '../harness.ts'

const PASSWORD = 'correct-Horse_7-battery-staple'

/** As many roles, and claims, as an operator may give. */
const ROLES = ['x'.repeat(2044)]
const CLAIMS = { a: 'x'.repeat(2040) }
const SCOPE = Array.from({ length: 50 }, (_, index) => `scope-${index}:`.padEnd(9, 'x'))

const AUDIENCE = 'a'.repeat(255)

/** Everything at its longest. */
async function largest(columns: { roles?: readonly string[]; scopes?: readonly string[] } = {}) {
  const settings = { audience: AUDIENCE }
  const surfaces = {
    newstore: { ...settings, azp: 'z'.repeat(64), tenantClaim: true },
    standard: { ...settings, passwordGrant: true },
    realm: { ...settings, passwordGrant: true },
  }
  const harness = createHarness({ tenants: [{ ...TENANT, surfaces }] })
  const { roles = ROLES, scopes = SCOPE } = columns
  const names = { roles, claims: CLAIMS, username: 'ann', password: PASSWORD }
  await harness.user({ ...names, id: 'u'.repeat(255) })
  await harness.client({ id: 'c'.repeat(255), secret: PASSWORD, scopes, roles, claims: CLAIMS })
  return harness
}

const LOGIN = { grant_type: 'password', username: 'ann', password: PASSWORD }
const CLIENT = { client_id: 'c'.repeat(255), client_secret: PASSWORD }
const REALM = `/auth/realms/${TENANT.id}/protocol/openid-connect`

/** Every way to a JWT: path, form. */
const WAYS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['/v0/token', LOGIN],
  ['/oauth/token', { ...LOGIN, ...CLIENT }],
  ['/oauth/token', { ...CLIENT, grant_type: 'client_credentials' }],
  [`${REALM}/token`, { ...LOGIN, ...CLIENT }],
  [`${REALM}/token`, { ...CLIENT, grant_type: 'client_credentials' }],
]

async function storedTokens(harness: Harness): Promise<number> {
  const query = { tenant: TENANT.id, userId: null, clientId: null, before: null, limit: 10 }
  return (await harness.store.listTokens(query)).rows.length
}

describe.each(WAYS)('%s %o', (path, form) => {
  test('T089 with all the roles, claims and names there may be fits into a header of 8 KiB, and is live', async () => {
    expect([sizeProblem(ROLES), sizeProblem(CLAIMS), SCOPE.join(' ').length]).toEqual([null, null, 499])
    const harness = await largest()
    const response = await harness.post(path, form)
    expect([response.status, response.body]).toEqual([200, expect.any(String)])
    const { access_token } = response.json()
    expect(`Authorization: Bearer ${access_token}`.length).toBeLessThanOrEqual(8192)
    expect(await harness.services.keys.verify(TENANT.id, access_token)).not.toBeNull()
  })

  test('T089 with roles that come from elsewhere and do not fit is refused, and nothing is stored', async () => {
    const roles = Array.from({ length: 900 }, (_, index) => `a-role-with-a-long-name-${index}`)
    const harness = await largest({ roles })
    expect((await harness.post(path, form)).status).toBe(500)
    expect(harness.entries.at(-1)?.reason).toBe('token_too_large')
    expect(await storedTokens(harness)).toBe(0)
  })
})

test('T089 a scope that does not fit is refused as a scope, and a smaller one is granted', async () => {
  const scopes = Array.from({ length: 100 }, (_, index) => `scope-${index}:`.padEnd(99, 'x'))
  const harness = await largest({ scopes })
  const form = { ...CLIENT, grant_type: 'client_credentials' }
  const refused = await harness.post('/oauth/token', form)
  expect([refused.status, refused.json()]).toEqual([
    400,
    {
      error: 'invalid_scope',
      error_description: 'The scope does not fit into a token. Request a smaller one.',
    },
  ])
  expect(harness.entries.at(-1)?.reason).toBe('token_too_large')
  const scope = scopes.slice(0, 5).join(' ')
  expect((await harness.post('/oauth/token', { ...form, scope })).status).toBe(200)
})
