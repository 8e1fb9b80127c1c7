/**
 * What one server does, all others on the same PostgreSQL know: at once, or within a second where they keep it; see
 * `kept-rows.test.ts` for what they keep of users and clients.
 */
import { decodeProtectedHeader } from 'jose'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { rotateClientSecret } from '../../src/admin/operations/client-secrets.ts'
import { deleteClient, updateClient } from '../../src/admin/operations/clients.ts'
import type { Operations } from '../../src/admin/operations/operations.ts'
import { revokeTokensBefore } from '../../src/admin/operations/tokens.ts'
import { deleteUser, setPassword, updateUser } from '../../src/admin/operations/users.ts'
import type { Mintkeeper } from '../../src/server.ts'
import { onPostgres } from './postgres.ts'
import {
  configurationOf,
  get,
  isActive,
  kidsOf,
  login,
  post,
  refresh,
  SHOP,
  SYNC,
  startServer,
} from './servers.ts'

const installation = onPostgres()
/** Seconds after which verifiers know an announced key. */
const OVERLAP = 360

let url: string
/** Stands still: nothing that is kept grows old, so whatever is heard of is heard of from the database. */
let nowMs: number
const clock = () => nowMs
let servers: readonly [Mintkeeper, ...Mintkeeper[]]

beforeEach(async () => {
  nowMs = 1_767_225_600_000
  url = (await installation.newDatabase()).url
  const start = () => startServer(configurationOf(url), clock)
  servers = [await start(), await start(), await start()]
})

const others = () => servers.slice(1)

const ADDED = { id: 'added', hosts: ['added.example'], issuer: 'https://added.example/' }
const WITHOUT_PASSWORD_GRANT = { ...SHOP, surfaces: { standard: {} } }

/** Lets so much time pass, and every server read what is too old by then. */
async function pass(seconds: number): Promise<void> {
  nowMs += seconds * 1000
  for (const server of servers) await kidsOf(server)
}

/** The promise is a second. */
async function withinASecond(check: () => Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 1000, interval: 10 })
}

describe('T043 at once, on every server', () => {
  test('a revoked token is dead', async () => {
    const { access_token, refresh_token } = await login(servers[0])
    const [, second] = servers as unknown as [Mintkeeper, Mintkeeper]
    await post(second, '/oauth/revoke', { token: refresh_token })
    for (const server of servers) {
      expect(await isActive(server, access_token)).toBe(false)
      expect((await refresh(server, refresh_token)).status).toBe(400)
    }
  })
})

describe('T043 T053 T069 within a second, on every server', () => {
  const userOf = async ({ services }: Mintkeeper) =>
    (await services.store.findUserByLogin('shop', 'ann'))?.id ?? ''

  const acts: readonly [string, (operations: Operations, user: string) => Promise<unknown>][] = [
    ['the user is disabled', (operations, user) => updateUser(operations, 'shop', user, { disabled: true })],
    ['the user is deleted', (operations, user) => deleteUser(operations, 'shop', user)],
    [
      'the password is changed',
      (operations, user) => setPassword(operations, 'shop', user, 'another-Horse_8'),
    ],
    ['all tokens are ended', (operations) => revokeTokensBefore(operations, 'shop', 'now')],
  ]

  test.each(acts)('%s: no token of before lives, and nobody logs in with what is gone', async (what, act) => {
    const { access_token, refresh_token } = await login(servers[0])
    for (const server of servers) expect(await isActive(server, access_token)).toBe(true)
    await act(servers[0].operations, await userOf(servers[0]))
    for (const server of servers) {
      await withinASecond(async () => expect(await isActive(server, access_token)).toBe(false))
      expect((await refresh(server, refresh_token)).status).toBe(400)
      if (what.includes('tokens')) expect(await login(server)).toHaveProperty('access_token')
      else expect(await login(server)).toMatchObject({ error: 'invalid_grant' })
    }
  })

  test.each([
    ['disabled', (operations: Operations) => updateClient(operations, 'shop', SYNC.id, { disabled: true })],
    ['deleted', (operations: Operations) => deleteClient(operations, 'shop', SYNC.id)],
  ])('a client that is %s gets nothing', async (_, act) => {
    const grant = { grant_type: 'client_credentials' }
    for (const server of servers) expect((await post(server, '/oauth/token', grant)).status).toBe(200)
    await act(servers[0].operations)
    for (const server of servers) {
      await withinASecond(async () => expect((await post(server, '/oauth/token', grant)).status).toBe(401))
    }
  })

  test('T029 a new secret works, and the old one no longer than it should', async () => {
    const grant = { grant_type: 'client_credentials' }
    const { secret } = await rotateClientSecret(servers[0].operations, 'shop', SYNC.id, 0)
    const fresh = { ...SYNC, secret: secret?.reveal() ?? '' }
    for (const server of servers) expect((await post(server, '/oauth/token', grant, fresh)).status).toBe(200)
    for (const server of servers) {
      await withinASecond(async () => expect((await post(server, '/oauth/token', grant)).status).toBe(401))
    }
  })
})

describe('within a second, on every server', () => {
  test('T084 a rotated key is published and signs', async () => {
    await pass(OVERLAP)
    const outcome = await servers[0].services.keys.rotate('shop', 'RS256')
    expect(outcome.kind).toBe('rotated')
    const active = (await servers[0].services.store.listSigningKeys('shop')).find(
      ({ state }) => state === 'active',
    )
    const published = await kidsOf(servers[0])
    expect(published).toHaveLength(3)
    for (const server of others()) {
      await withinASecond(async () => expect(await kidsOf(server)).toEqual(published))
      expect(decodeProtectedHeader((await login(server)).access_token).kid).toBe(active?.kid)
    }
  })

  test('T086 a withdrawn key is gone, and what it signed is refused', async () => {
    const { access_token } = await login(servers[0])
    const kid = decodeProtectedHeader(access_token).kid ?? ''
    for (const server of servers) expect(await isActive(server, access_token)).toBe(true)
    await servers[0].services.keys.withdraw('shop', kid)
    for (const server of servers) {
      await withinASecond(async () => expect(await kidsOf(server)).not.toContain(kid))
      expect(await isActive(server, access_token)).toBe(false)
      expect(decodeProtectedHeader((await login(server)).access_token).kid).not.toBe(kid)
    }
  })

  test('a new tenant answers, and a changed one as it was changed', async () => {
    await startServer(configurationOf(url, { tenants: [WITHOUT_PASSWORD_GRANT, ADDED] }), clock)
    for (const server of servers) {
      await withinASecond(async () => {
        expect((await get(server, '/.well-known/jwks.json', 'added.example')).status).toBe(200)
        expect(await login(server)).toMatchObject({ error: 'unsupported_grant_type' })
      })
    }
  })

  const LISTENERS = `select pid from pg_stat_activity
    where application_name = 'mintkeeper listener' and datname = current_database()`
  const run = (sql: string) => installation.server.query(url, sql)

  test('though the sessions that listen are cut again and again', async () => {
    for (let round = 0; round < 3; round++) {
      await pass(OVERLAP)
      await vi.waitFor(async () => expect(await run(LISTENERS)).toHaveLength(3), {
        timeout: 5000,
        interval: 10,
      })
      await run(`select pg_terminate_backend(pid) from (${LISTENERS}) as listeners`)
      // While nobody listens.
      expect((await servers[0].services.keys.rotate('shop', 'RS256')).kind).toBe('rotated')
      const published = await kidsOf(servers[0])
      for (const server of others()) {
        await withinASecond(async () => expect(await kidsOf(server)).toEqual(published))
      }
    }
  })
})

describe('where nobody can listen, within the age of what is kept', () => {
  const MAX_AGE_MS = 5000

  async function startDeaf(): Promise<Mintkeeper> {
    const databaseListen = 'postgres://nobody@127.0.0.1:1/none'
    return await startServer(configurationOf(url, { databaseListen }), clock)
  }

  test('T084 T086 keys', async () => {
    const deaf = await startDeaf()
    const before = await kidsOf(deaf)
    await servers[0].services.keys.withdraw('shop', before[0] ?? '')
    const published = await kidsOf(servers[0])
    expect(await kidsOf(deaf)).toEqual(before)
    nowMs += MAX_AGE_MS
    await withinASecond(async () => expect(await kidsOf(deaf)).toEqual(published))
  })

  test('tenants', async () => {
    const deaf = await startDeaf()
    await startServer(configurationOf(url, { tenants: [SHOP, ADDED] }), clock)
    const status = async () => (await get(deaf, '/.well-known/jwks.json', 'added.example')).status
    nowMs += MAX_AGE_MS
    await withinASecond(async () => expect(await status()).toBe(200))
  })

  test('by a server that nobody has asked anything for long, at the first request', async () => {
    const deaf = await startDeaf()
    await startServer(configurationOf(url, { tenants: [WITHOUT_PASSWORD_GRANT] }), clock)
    await servers[0].services.keys.withdraw('shop', (await kidsOf(servers[0]))[0] ?? '')
    nowMs += 2 * MAX_AGE_MS
    expect(await login(deaf)).toMatchObject({ error: 'unsupported_grant_type' })
    expect(await kidsOf(deaf)).toEqual(await kidsOf(servers[0]))
  })
})
