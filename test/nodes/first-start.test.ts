import { describe, expect, onTestFinished, test } from 'vitest'
import { STEPS } from '../../src/stores/migrations/index.ts'
import { postJson, type RunningServer } from '../cli/workplace.ts'
import { openSession } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { createCluster } from './processes.ts'

const SYNC = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }

const postgres = sharedPostgres()

async function jwksOf({ url }: RunningServer): Promise<string> {
  return await (await fetch(`${url}/.well-known/jwks.json`)).text()
}

describe('T085 four servers that start at once on an empty PostgreSQL', () => {
  test.each([1, 2, 3])('are one server, time %i', async () => {
    const url = await postgres.createDatabase()
    const cluster = createCluster(url)
    const servers = await cluster.startAll(4)

    const published = await Promise.all(servers.map(jwksOf))
    expect(new Set(published).size).toBe(1)
    expect(JSON.parse(published[0] ?? '').keys).toHaveLength(2)
    const keys = await postgres.query(
      url,
      'select tenant, algorithm, state, count(*)::int from signing_keys group by 1, 2, 3 order by 3',
    )
    expect(keys).toEqual([
      { tenant: 'dodici', algorithm: 'RS256', state: 'active', count: 1 },
      { tenant: 'dodici', algorithm: 'RS256', state: 'announced', count: 1 },
    ])
    const rows = await postgres.query(
      url,
      `select (select count(*)::int from tenants) as tenants, (select count(*)::int from users) as users,
        (select count(*)::int from clients) as clients,
        (select count(distinct taken)::int from key_lanes where taken > 0) as lanes`,
    )
    expect(rows).toEqual([{ tenants: 1, users: 1, clients: 2, lanes: 4 }])

    // Of the admin tokens that were shown, one was not taken back, and opens all.
    const shown = servers
      .filter((server) => !server.stderr().includes('That admin token opens nothing'))
      .flatMap((server) => /The admin token is (\S+)/.exec(server.stderr())?.[1] ?? [])
    expect(shown).toHaveLength(1)
    for (const { adminUrl } of servers) {
      const headers = { Authorization: `Bearer ${shown[0]}` }
      expect((await fetch(`${adminUrl}/admin/v1/tenants`, { headers })).status).toBe(200)
      expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200)
    }

    for (const issuer of servers) {
      const form = { ...SYNC, grant_type: 'client_credentials' }
      const { access_token: token } = await postJson(`${issuer.url}/oauth/token`, form)
      for (const { url: other } of servers) {
        expect(await postJson(`${other}/oauth/introspect`, { ...SYNC, token })).toMatchObject({
          active: true,
        })
      }
    }
  })
})

describe('T193 the schema', () => {
  /**
   * Makes whoever creates an index wait, in the middle of its transaction, until the test lets go: as long as that
   * takes, whatever time a step of the schema has for its locks.
   */
  async function stopAtIndexes(url: string) {
    const holder = await openSession(url)
    onTestFinished(() => holder.end())
    await holder.query(
      `create function wait_in_the_middle() returns event_trigger language plpgsql set lock_timeout = 0
         as 'begin perform pg_advisory_xact_lock_shared(42); end';
       create event trigger wait_in_the_middle on ddl_command_end when tag in ('CREATE INDEX')
         execute function wait_in_the_middle();
       select pg_advisory_lock(42)`,
    )
    return {
      letGo: () => holder.query('select pg_advisory_unlock(42)'),
      /** Resolves when so many wait: one in the middle, the others for their turn. */
      untilWaiting: (count: number) =>
        holder.until(
          `select from pg_locks where locktype = 'advisory' and not granted having count(*) = ${count}`,
        ),
    }
  }

  test('is made once by four who migrate at once', async () => {
    const cluster = createCluster(await postgres.createDatabase())
    const key = ['--master-key-file', 'master.key']
    const ended = await Promise.all(Array.from({ length: 4 }, () => cluster.json(['migrate', 'up', ...key])))
    expect(ended.map(({ appliedNow }) => appliedNow.length).toSorted()).toEqual([0, 0, 0, STEPS.size])
    expect((await cluster.run(['migrate', 'status', ...key])).code).toBe(0)
  })

  test('is finished by the others when the server that is making it is killed', async () => {
    const url = await postgres.createDatabase()
    const middle = await stopAtIndexes(url)
    const cluster = createCluster(url)
    const main = process.argv[0] ?? 'node'
    const first = cluster.start(main, [
      ...[new URL('../../src/cli/main.ts', import.meta.url).pathname, 'serve', '--port', '0'],
      ...['--admin-port', '0', '--master-key-file', 'master.key'],
    ])
    await middle.untilWaiting(1)
    const others = cluster.startAll(3)
    await middle.untilWaiting(4)
    first.child.kill('SIGKILL')
    await first.ended
    await middle.letGo()
    const servers = await others
    expect(new Set(await Promise.all(servers.map(jwksOf))).size).toBe(1)
    const steps = await postgres.query(url, 'select name from schema_steps order by name')
    expect(steps).toEqual([...STEPS.keys()].map((name) => ({ name })))
  })
})

test('T194 a schema of a newer version is refused, by name', async () => {
  const url = await postgres.createDatabase()
  const cluster = createCluster(url)
  const [server] = (await cluster.startAll(1)) as [RunningServer]
  await postgres.query(url, `insert into schema_steps (name, applied_at) values ('9999-later', 0)`)
  // Who runs goes on.
  const form = { ...SYNC, grant_type: 'client_credentials' }
  expect(await postJson(`${server.url}/oauth/token`, form)).toMatchObject({ token_type: 'Bearer' })
  for (const command of [
    ['serve', '--port', '0'],
    ['migrate', 'status'],
    ['migrate', 'up'],
  ]) {
    const { code, stderr } = await cluster.run([...command, '--master-key-file', 'master.key'])
    expect(code).toBe(1)
    expect(stderr).toContain('newer than this version of Mintkeeper (unknown steps: 9999-later)')
    expect(stderr).not.toContain('test-superuser')
  }
})
