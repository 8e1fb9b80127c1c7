import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { CONFIGURATION, post, type RunningServer } from '../cli/workplace.ts'
import { within } from '../postgres/mintkeeper.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { createCluster } from './processes.ts'

const PASSWORD = 'canary-password-0815'
const TOKEN_REQUEST = {
  grant_type: 'client_credentials',
  client_id: 'sync',
  client_secret: 'canary-secret-of-the-sync-client-0123456789',
}

const MAX_CONNECTIONS = 20
/** For superusers, as in every installation (`superuser_reserved_connections`). */
const SET_ASIDE = 3

const postgres = sharedPostgres({ max_connections: String(MAX_CONNECTIONS) })

/** A process on a database of a user without privileges, for whom no connection is set aside. */
async function startServer(): Promise<{ server: RunningServer; admin: string; url: string }> {
  const admin = await postgres.createDatabase()
  const name = new URL(admin).pathname.slice(1)
  const user = `user_of_${name}`
  await postgres.query(admin, `create role ${user} login password '${PASSWORD}'`)
  await postgres.query(admin, `alter database ${name} owner to ${user}`)
  const url = `postgres://${user}:${PASSWORD}@127.0.0.1:${postgres.port}/${name}`
  const server = await createCluster(url, `${CONFIGURATION}\ndatabaseTimeoutSeconds: 1\n`).startOne()
  return { server, admin, url }
}

/** The status of each, and when a token request that is refused is to be sent again. */
async function answersOf({ url, adminUrl }: RunningServer) {
  const statusOf = async (address: string) => (await fetch(address)).status
  const token = await post(`${url}/oauth/token`, TOKEN_REQUEST)
  return {
    health: await statusOf(`${adminUrl}/healthz`),
    ready: await statusOf(`${adminUrl}/readyz`),
    keys: await statusOf(`${url}/.well-known/jwks.json`),
    metadata: await statusOf(`${url}/.well-known/oauth-authorization-server`),
    token: token.status,
    retryAfter: token.headers.get('retry-after'),
  }
}

const WELL = { health: 200, ready: 200, keys: 200, metadata: 200, token: 200, retryAfter: null }
const WITHOUT_DATABASE = { ...WELL, ready: 503, token: 503, retryAfter: '1' }

async function expectHealed(server: RunningServer): Promise<void> {
  const healed = async () => {
    while ((await fetch(`${server.adminUrl}/readyz`)).status !== 200) await sleep(20)
    while ((await post(`${server.url}/oauth/token`, TOKEN_REQUEST)).status !== 200) await sleep(20)
  }
  await within(5000, healed())
  expect(await answersOf(server)).toEqual(WELL)
}

/** A JWT for a client that is kept needs no database: within a second nothing is kept any more. */
async function expectWithoutDatabase(server: RunningServer): Promise<void> {
  const answers = async () => expect(await answersOf(server)).toEqual(WITHOUT_DATABASE)
  await vi.waitFor(answers, { timeout: 10_000, interval: 20 })
}

function expectNoPassword({ stdout, stderr }: RunningServer): void {
  expect(stdout() + stderr()).not.toContain(PASSWORD)
}

describe('a server that listens', () => {
  test.each(['SIGINT', 'SIGKILL'] as const)(
    'T180 while PostgreSQL is gone (%s), lives, is not ready, has keys and no tokens; then heals',
    async (signal) => {
      const { server } = await startServer()
      expect(await answersOf(server)).toEqual(WELL)
      await postgres.stop(signal)
      await expectWithoutDatabase(server)
      await postgres.start()
      await expectHealed(server)
      expectNoPassword(server)
    },
  )

  test('T183 whose connections are all taken by others is not ready, has keys and no tokens; then heals', async () => {
    const { server, admin, url } = await startServer()
    expect(await answersOf(server)).toEqual(WELL)
    const others = await takeAll(admin, url)
    onTestFinished(async () => void (await Promise.all(others.map((each) => each.end()))))
    await expectWithoutDatabase(server)
    await Promise.all(others.splice(0).map((each) => each.end()))
    await expectHealed(server)
    expect(server.stdout() + server.stderr()).toMatch(/too many clients|remaining connection slots/)
    expectNoPassword(server)
  })
})

/** Ends the connections of Mintkeeper and takes their places, again and again, until all are taken. */
async function takeAll(admin: string, url: string): Promise<Session[]> {
  const others: Session[] = []
  while (others.length < MAX_CONNECTIONS - SET_ASIDE) {
    const other = await openSession(url).catch(() => null)
    if (other !== null) others.push(other)
    else {
      await postgres.query(
        admin,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'mintkeeper%'",
      )
    }
  }
  return others
}
