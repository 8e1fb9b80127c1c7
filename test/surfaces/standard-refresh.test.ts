import { decodeJwt } from 'jose'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { UserRow } from '../../src/store/rows.ts'
import type { TestResponse } from '../harness.ts'
import { type Answer, createStandard, expectError, PASSWORD, type TestClient } from './standard-exchange.ts'

const tenants = {
  strict: { reuseWindow: 0 },
  keep: { refresh: 'keep' },
  first: { refresh: 'rotate-on-first-use', reuseWindow: 60 },
  'first-strict': { refresh: 'rotate-on-first-use', reuseWindow: 0 },
  brief: { refreshExpiresIn: 100, refreshIdleExpiresIn: 40, reuseWindow: 1000 },
} as const

const {
  harness,
  as,
  client: newClient,
  user: newUser,
  login,
  refresh,
  introspect,
  token,
} = createStandard(tenants)

type Tenant = 'main' | keyof typeof tenants
type Format = 'jwt' | 'opaque'

const clients = new Map<string, TestClient>()
/** May introspect every token of its tenant. */
const servers = new Map<Tenant, TestClient>()

beforeAll(async () => {
  for (const tenant of ['main', 'strict', 'keep', 'first', 'first-strict', 'brief'] as const) {
    for (const accessToken of ['jwt', 'opaque'] as const) {
      clients.set(`${tenant} ${accessToken}`, await newClient({ tenant, accessToken }))
    }
    servers.set(tenant, await newClient({ tenant, introspect: 'any' }))
  }
})

let client: TestClient
let user: UserRow
let first: Answer

/** A login of a new user. */
async function start(tenant: Tenant, format: Format = 'jwt'): Promise<void> {
  client = clients.get(`${tenant} ${format}`)!
  user = (await newUser({ tenant })) as UserRow
  first = await login(client, user.username)
}

async function refreshed(refreshToken: string, scope?: string): Promise<Answer> {
  const response = await refresh(client, refreshToken, scope)
  expect(response.json()).toMatchObject({ token_type: 'Bearer' })
  return response.json()
}

async function expectRefused(refreshToken: string): Promise<void> {
  expectError(await refresh(client, refreshToken), 'invalid_grant')
}

async function isActive(text: string): Promise<boolean> {
  const answer = await introspect(servers.get(client.tenant as Tenant)!, text)
  if (answer.active !== true) expect(answer).toEqual({ active: false })
  return answer.active === true
}

/** The refresh tokens that still can be used, of those. */
async function liveOf(...tokens: readonly string[]): Promise<string[]> {
  const live: string[] = []
  for (const each of tokens) if (await isActive(each)) live.push(each)
  return live
}

/** What an access token is known by: the text if it is opaque, of a JWT all but the signature, which may differ. */
function identity(accessToken: string): unknown {
  return accessToken.includes('.') ? decodeJwt(accessToken) : accessToken
}

describe.each(['jwt', 'opaque'] as const)('policy rotate, %s', (format) => {
  beforeEach(() => start('main', format))

  test('each refresh has a new refresh token, and the old one is spent', async () => {
    const second = await refreshed(first.refresh_token)
    expect(second.refresh_token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(identity(second.access_token)).not.toEqual(identity(first.access_token))
    expect(await liveOf(first.refresh_token, second.refresh_token)).toEqual([second.refresh_token])
  })

  test('T024 a replay in the window has the same tokens, and writes nothing', async () => {
    const second = await refreshed(first.refresh_token)
    for (const seconds of [0, 3, 6]) {
      harness.advance(seconds)
      const again = await refreshed(first.refresh_token)
      expect(again.refresh_token).toBe(second.refresh_token)
      expect(identity(again.access_token)).toEqual(identity(second.access_token))
      expect(again.scope).toBe(second.scope)
    }
    expect((await refreshed(first.refresh_token)).expires_in).toBe(3600 - 9)
    const { rows } = await rowsOfUser()
    expect(rows).toHaveLength(2)
  })

  test('T024 the answer of a replay does not depend on the scope it asks for', async () => {
    const second = await refreshed(first.refresh_token, 'read')
    const again = await refreshed(first.refresh_token, 'write')
    expect([again.scope, again.refresh_token]).toEqual(['read', second.refresh_token])
    expect((await refreshed(second.refresh_token)).scope).toBe('read write')
  })

  test('T020 50 at once have the same tokens, and one is live', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => refreshed(first.refresh_token)))
    expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1)
    expect(new Set(answers.map((answer) => JSON.stringify(identity(answer.access_token)))).size).toBe(1)
    expect((await rowsOfUser()).rows).toHaveLength(2)
    expect(await isActive(answers[0]!.refresh_token)).toBe(true)
  })

  test('T022 T024 a replay after the window kills the family', async () => {
    const second = await refreshed(first.refresh_token)
    harness.advance(10)
    expect(await isActive(second.refresh_token)).toBe(true)
    await expectRefused(first.refresh_token)
    await expectDead(second)
  })

  test('T022 T024 a replay after the successor was spent kills the family, in the window, too', async () => {
    const second = await refreshed(first.refresh_token)
    const third = await refreshed(second.refresh_token)
    await expectRefused(first.refresh_token)
    await expectDead(third)
  })

  test('T024 so does the grandparent’s', async () => {
    const second = await refreshed(first.refresh_token)
    const third = await refreshed(second.refresh_token)
    const fourth = await refreshed(third.refresh_token)
    await expectRefused(second.refresh_token)
    await expectDead(fourth)
    await expectRefused(third.refresh_token)
  })

  test('the family of another login lives on', async () => {
    const other = await login(client, user.username)
    const second = await refreshed(first.refresh_token)
    harness.advance(10)
    await expectRefused(first.refresh_token)
    await expectDead(second)
    expect(await isActive(other.access_token)).toBe(true)
    await refreshed(other.refresh_token)
  })

  test('T061 a replay by somebody else is refused, and the family lives', async () => {
    const second = await refreshed(first.refresh_token)
    harness.advance(100)
    const stranger = await newClient()
    for (const spent of [first.refresh_token, second.refresh_token]) {
      expectError(await refresh(stranger, spent), 'invalid_grant')
      expectError(await refresh({ ...client, secret: 'wrong' }, spent), 'invalid_client')
      expectError(await refresh({ ...client, public: true }, spent), 'invalid_client')
    }
    expect(await isActive(second.access_token)).toBe(true)
    await refreshed(second.refresh_token)
  })

  async function rowsOfUser() {
    return await harness.store.listTokens({
      tenant: 'main',
      userId: user.id,
      clientId: null,
      before: null,
      limit: 100,
    })
  }
})

/** Neither of the tokens is worth anything any more. */
async function expectDead(answer: Answer): Promise<void> {
  expect(await isActive(answer.refresh_token)).toBe(false)
  expect(await isActive(answer.access_token)).toBe(false)
  await expectRefused(answer.refresh_token)
}

describe.each(['strict', 'first-strict'] as const)('reuseWindow 0, tenant %s', (tenant) => {
  beforeEach(() => start(tenant))

  test('T020 of 50 at once one is answered, and the others kill the family', async () => {
    const responses: TestResponse[] = await Promise.all(
      Array.from({ length: 50 }, () => refresh(client, first.refresh_token)),
    )
    const [lucky, ...others] = responses.filter((response) => response.status === 200)
    expect(others).toEqual([])
    for (const response of responses) if (response !== lucky) expectError(response, 'invalid_grant')
    await expectDead(lucky!.json())
  })

  test('T022 a second use at the same second is refused', async () => {
    const second = await refreshed(first.refresh_token)
    await expectRefused(first.refresh_token)
    await expectDead(second)
  })
})

describe('policy keep', () => {
  test.each(['jwt', 'opaque'] as const)('the same refresh token again and again, %s', async (format) => {
    await start('keep', format)
    const second = await refreshed(first.refresh_token)
    harness.advance(1000)
    const third = await refreshed(first.refresh_token)
    expect([second.refresh_token, third.refresh_token]).toEqual([first.refresh_token, first.refresh_token])
    expect(identity(third.access_token)).not.toEqual(identity(second.access_token))
    for (const answer of [first, second, third]) expect(await isActive(answer.access_token)).toBe(true)
  })

  test.each(['jwt', 'opaque'] as const)(
    'T043 its end is the end of all access tokens, %s',
    async (format) => {
      await start('keep', format)
      const second = await refreshed(first.refresh_token)
      expect((await as(client, '/oauth/revoke', { token: first.refresh_token })).status).toBe(200)
      expect(await isActive(first.access_token)).toBe(false)
      expect(await isActive(second.access_token)).toBe(false)
      await expectRefused(first.refresh_token)
    },
  )
})

describe.each(['jwt', 'opaque'] as const)('policy rotate-on-first-use, %s', (format) => {
  beforeEach(() => start('first', format))

  test('the window stays open while nothing of the successor was used', async () => {
    const second = await refreshed(first.refresh_token)
    harness.advance(3000)
    const again = await refreshed(first.refresh_token)
    expect(again.refresh_token).toBe(second.refresh_token)
    expect(identity(again.access_token)).toEqual(identity(second.access_token))
  })

  test('it closes when the access token is seen, after 60 seconds at least', async () => {
    const second = await refreshed(first.refresh_token)
    harness.advance(59)
    expect(await isActive(second.access_token)).toBe(true)
    expect((await refreshed(first.refresh_token)).refresh_token).toBe(second.refresh_token)
    harness.advance(1)
    await expectRefused(first.refresh_token)
    await expectDead(second)
  })

  test('seeing the first access token or a refresh token closes nothing', async () => {
    expect(await isActive(first.access_token)).toBe(true)
    const second = await refreshed(first.refresh_token)
    expect(await isActive(first.access_token)).toBe(true)
    expect(await isActive(second.refresh_token)).toBe(true)
    harness.advance(1000)
    expect((await refreshed(first.refresh_token)).refresh_token).toBe(second.refresh_token)
  })

  test('once the successor is seen, the access token before it is dead', async () => {
    const second = await refreshed(first.refresh_token)
    expect(await isActive(first.access_token)).toBe(true)
    expect(await isActive(second.access_token)).toBe(true)
    expect(await isActive(first.access_token)).toBe(false)
    expect(await isActive(second.access_token)).toBe(true)
  })

  test('T024 it closes at once when the successor is refreshed', async () => {
    const second = await refreshed(first.refresh_token)
    const third = await refreshed(second.refresh_token)
    await expectRefused(first.refresh_token)
    await expectDead(third)
  })

  test('T020 50 at once have the same tokens', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => refreshed(first.refresh_token)))
    expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1)
  })
})

describe('the life of a refresh token', () => {
  test('T040 it ends when nobody uses it', async () => {
    await start('brief')
    harness.advance(39)
    const second = await refreshed(first.refresh_token)
    harness.advance(39)
    expect(await isActive(second.refresh_token)).toBe(true)
    harness.advance(1)
    expect(await isActive(second.refresh_token)).toBe(false)
    await expectRefused(second.refresh_token)
  })

  test('T040 and however much it is used', async () => {
    await start('brief')
    let { refresh_token } = first
    for (const seconds of [30, 30, 39]) {
      harness.advance(seconds)
      refresh_token = (await refreshed(refresh_token)).refresh_token
    }
    harness.advance(1)
    await expectRefused(refresh_token)
  })

  test('T040 a spent one that has expired is not answered with its successor', async () => {
    await start('brief')
    harness.advance(39)
    const second = await refreshed(first.refresh_token)
    harness.advance(1)
    await expectRefused(first.refresh_token)
    expect(await isActive(second.refresh_token)).toBe(true)
  })

  test('T040 by default after 30 days of rest', async () => {
    await start('main')
    harness.advance(30 * 86400 - 1)
    const second = await refreshed(first.refresh_token)
    harness.advance(30 * 86400)
    await expectRefused(second.refresh_token)
  })
})

describe('what is true now', () => {
  beforeEach(() => start('main'))

  const updateUser = (changes: Partial<UserRow>) => harness.store.updateUser({ ...user, ...changes })

  async function updateClient(changes: Partial<TestClient>): Promise<void> {
    const { secret, ...row } = await newClient(changes)
    const own = { ...row, id: row.id }
    client = { ...own, secret }
  }

  test.each([
    ['disabled', { disabled: true }],
    ['with a new password', { tokensValidAfter: 4_000_000_000 }],
  ])('T053 T118 a user %s: nothing lives', async (_, changes) => {
    const second = await refreshed(first.refresh_token)
    await updateUser(changes)
    await expectDead(second)
    await expectRefused(first.refresh_token)
  })

  test('T053 a deleted user: nothing lives', async () => {
    await harness.store.deleteUser('main', user.id)
    await expectDead(first)
  })

  test('T053 a user of the same name is another', async () => {
    await harness.store.deleteUser('main', user.id)
    await newUser({ username: user.username, id: 'somebody else' })
    await expectDead(first)
  })

  test('T053 a disabled client: nothing lives; a deleted one neither', async () => {
    await updateClient({})
    const answer = await login(client, user.username)
    const { secret: _, ...row } = client
    await harness.store.updateClient({ ...row, disabled: true })
    expect(await isActive(answer.access_token)).toBe(false)
    expectError(await refresh(client, answer.refresh_token), 'invalid_client')
    await harness.store.deleteClient('main', client.id)
    expect(await isActive(answer.access_token)).toBe(false)
  })

  test.each([
    ['user', 100, 200],
    ['user', 200, 100],
    ['client', 100, 200],
    ['client', 200, 100],
  ])('T054 everything of a %s issued before a time is dead, and stays so', async (kind, ...times) => {
    await updateClient({})
    const answer = await login(client, user.username)
    const { secret: _, ...row } = client
    let current = row
    for (const seconds of times) {
      const tokensValidAfter = harness.now() + seconds
      if (kind === 'user') user = await updateUser({ tokensValidAfter })
      else current = (await harness.store.updateClient({ ...current, tokensValidAfter })) as typeof row
      expect(await isActive(answer.access_token)).toBe(false)
      expectError(await refresh(client, answer.refresh_token), 'invalid_grant')
    }
  })

  test('T026 a login right after a revocation of everything is good', async () => {
    user = await updateUser({ tokensValidAfter: harness.now() + 1 })
    await expectDead(first)
    const second = await login(client, user.username)
    expect(await isActive(second.access_token)).toBe(true)
    await refreshed(second.refresh_token)
  })

  test('T042 scopes that the user lost are not granted', async () => {
    await updateUser({ scopes: ['read'] })
    expect((await introspect(servers.get('main')!, first.access_token)).scope).toBe('read')
    const second = await refreshed(first.refresh_token)
    expect([second.scope, decodeJwt(second.access_token).scope]).toEqual(['read', 'read'])
    expectError(await refresh(client, second.refresh_token, 'write'), 'invalid_scope')
  })

  test('T042 nor are those that the client lost, and they come back with it', async () => {
    await updateClient({})
    const answer = await login(client, user.username)
    const { secret: _, ...row } = client
    const saved = await harness.store.updateClient({ ...row, scopes: ['write', 'new'] })
    const second = await refreshed(answer.refresh_token)
    expect(second.scope).toBe('write')
    await harness.store.updateClient({ ...saved, scopes: ['read', 'write'] })
    expect((await refreshed(second.refresh_token)).scope).toBe('read write')
  })

  test('T042 a replay narrows, too', async () => {
    await refreshed(first.refresh_token)
    await updateUser({ scopes: ['read'] })
    expect((await refreshed(first.refresh_token)).scope).toBe('read')
  })

  test('T041 narrower, wider and again without a scope', async () => {
    const narrow = await refreshed(first.refresh_token, 'write')
    expect([narrow.scope, decodeJwt(narrow.access_token).scope]).toEqual(['write', 'write'])
    expectError(await refresh(client, narrow.refresh_token, 'read write admin'), 'invalid_scope')
    expectError(await refresh(client, narrow.refresh_token, '"'), 'invalid_scope')
    const wide = await refreshed(narrow.refresh_token, 'write read')
    expect(wide.scope).toBe('write read')
    expect((await refreshed(wide.refresh_token)).scope).toBe('read write')
  })

  test('T041 a refusal spends nothing', async () => {
    expectError(await refresh(client, first.refresh_token, 'admin'), 'invalid_scope')
    expectError(await refresh({ ...client, secret: 'x' }, first.refresh_token), 'invalid_client')
    expectError(
      await token(client, { grant_type: 'password', username: user.username, password: 'x' }),
      'invalid_grant',
    )
    expect(await isActive(first.refresh_token)).toBe(true)
    await refreshed(first.refresh_token)
  })

  test('roles are those of now', async () => {
    await updateUser({ roles: ['boss'] })
    const second = await refreshed(first.refresh_token)
    expect(decodeJwt(second.access_token).roles).toEqual(['boss'])
  })

  test('T042 what was granted to a login is not more when the user gets more', async () => {
    const narrow = (
      await token(client, {
        grant_type: 'password',
        username: user.username,
        password: PASSWORD,
        scope: 'read',
      })
    ).json()
    expectError(await refresh(client, narrow.refresh_token, 'write'), 'invalid_scope')
    expect((await refreshed(narrow.refresh_token)).scope).toBe('read')
  })
})

describe('whose refresh token it is', () => {
  beforeEach(() => start('main'))

  test('T061 another client, whatever it is', async () => {
    const strangers = [
      await newClient(),
      await newClient({ public: true }),
      await newClient({ accessToken: 'opaque' }),
    ]
    for (const stranger of strangers) {
      expectError(await refresh(stranger, first.refresh_token), 'invalid_grant')
      expect(await isActive(first.refresh_token)).toBe(true)
    }
    await refreshed(first.refresh_token)
  })

  test('another tenant, with a client of the same name', async () => {
    const twin = await newClient({ tenant: 'keep', id: client.id })
    expectError(await refresh(twin, first.refresh_token), 'invalid_grant')
    expect(await introspect(servers.get('keep')!, first.refresh_token)).toEqual({ active: false })
    expect(await introspect(servers.get('keep')!, first.access_token)).toEqual({ active: false })
    await refreshed(first.refresh_token)
  })

  test.each(['/spree_oauth/token', '/auth/realms/main/protocol/openid-connect/token'])(
    'T052 another surface of the same tenant: %s',
    async (path) => {
      const form = { grant_type: 'refresh_token', refresh_token: first.refresh_token }
      const credentials = { client_id: client.id, client_secret: client.secret }
      const response = await harness.send({
        path,
        host: 'main.example',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...form, ...credentials }).toString(),
      })
      expect([response.status, response.json().error]).toEqual([400, 'invalid_grant'])
      await refreshed(first.refresh_token)
    },
  )

  test('T052 an access token is no refresh token', async () => {
    await expectRefused(first.access_token)
    await start('main', 'opaque')
    await expectRefused(first.access_token)
    expect(await isActive(first.access_token)).toBe(true)
  })

  test('T051 an altered refresh token is none', async () => {
    const text = first.refresh_token
    const altered = [text.slice(0, -1), `${text}A`, `${text}=`, `${text}.`, `${text} `, text.toLowerCase()]
    for (const each of altered) await expectRefused(each)
    await refreshed(text)
  })
})
