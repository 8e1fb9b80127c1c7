import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { DatabaseRefused } from '../../src/store/errors.ts'
import { createConnector } from '../../src/stores/postgres/connector.ts'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import { createTranslation } from '../../src/stores/postgres/statement.ts'
import { startOn, until, within } from '../postgres/mintkeeper.ts'
import { startProxy } from '../postgres/proxy.ts'
import { type PostgresServer, startPostgres } from '../postgres/server.ts'
import { openStore } from './postgres-store.ts'

const PASSWORD = 'canary-password-0815'
const DIRECTORY = mkdtempSync(join(tmpdir(), 'mintkeeper-hba-'))

let server: PostgresServer
beforeAll(async () => {
  // The superuser may come in as it is, others need their password.
  const file = join(DIRECTORY, 'pg_hba.conf')
  writeFileSync(file, 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n')
  execFileSync('chmod', ['-R', 'a+rX', DIRECTORY])
  server = await startPostgres({ hba_file: file })
})
afterAll(async () => {
  await server.remove()
  rmSync(DIRECTORY, { recursive: true })
})

/** A database of a user with a password; its URL. */
async function databaseOf(user: string): Promise<string> {
  const admin = await server.createDatabase()
  const name = new URL(admin).pathname.slice(1)
  await server.query(admin, `create role ${user} login password '${PASSWORD}'`)
  await server.query(admin, `alter database ${name} owner to ${user}`)
  return `postgres://${user}:${PASSWORD}@127.0.0.1:${server.port}/${name}`
}

/** The error of a start, which tells no password, however it is looked at. */
async function refusalOf(url: string): Promise<string> {
  const error: unknown = await openPostgresStore({ url, clock: Date.now, timeoutMs: 1000 }).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(DatabaseRefused)
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(PASSWORD)
  return (error as Error).message
}

test('T183 a server that nobody answers at, or that has no address: it is said which, and no password', async () => {
  const url = `postgres://app:${PASSWORD}@`
  expect(await refusalOf(`${url}127.0.0.1:1/shop`)).toBe(
    'database postgres://127.0.0.1:1/shop: nobody answers there: start PostgreSQL, or correct host and port',
  )
  expect(await refusalOf(`${url}no-such-host.invalid/shop`)).toContain('its host has no address')
  expect(await refusalOf(`${url}localhost:1/shop`)).toContain('nobody answers there')
})

test('T183 a server that takes connections and says nothing is given up in time', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  expect(await refusalOf(`postgres://app:${PASSWORD}@127.0.0.1:${port}/shop`)).toContain('does not answer')
})

test.each([
  ['postgres://app:%FF%ZZcanary-password-0815@127.0.0.1:1/shop', 'shop'],
  ['postgres://app:canary-password-0815%@127.0.0.1:1/shop', 'shop'],
  ['postgres://app:canary-password-0815@127.0.0.1:port/shop', 'can not be parsed'],
  ['postgres://127.0.0.1:1/shop?user=app&password=canary-password-0815', 'shop: nobody answers'],
  ['postgres://app:canary-password-0815@127.0.0.1:1/shop?sslrootcert=/nowhere', 'nowhere'],
])('T183 of a URL that is wrong, %s, no password is told', async (url, expected) => {
  expect(await refusalOf(url)).toContain(expected)
})

test('T183 a wrong password, no such database, no connection left: what to do', async () => {
  const url = await databaseOf('careful')
  expect(await refusalOf(url.replace(PASSWORD, 'another-password'))).toContain('it refuses user or password')
  expect(await refusalOf(`${url}_other`)).toContain('there is no such database')
  await server.query(url.replace(`careful:${PASSWORD}`, 'postgres'), 'alter role careful connection limit 0')
  expect(await refusalOf(url)).toContain('it has no connection left')
})

test('T183 a password that is changed while it runs: 503, few attempts, no password in the log; then it heals', async () => {
  const proxy = await startProxy(server)
  onTestFinished(() => proxy.close())
  const url = await databaseOf('changing')
  const admin = url.replace(`changing:${PASSWORD}`, 'postgres')
  const { calls, lines, mintkeeper } = await startOn(proxy.by(url))
  expect((await calls.issue()).status).toBe(200)

  await server.query(admin, "alter role changing password 'another-password'")
  await server.query(
    admin,
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'changing'",
  )
  await within(5000, until(calls.issue, 503))
  const before = proxy.taken
  for (let round = 0; round < 200; round++) {
    expect(await calls.issue()).toMatchObject({ status: 503, retryAfter: '1' })
  }
  expect(proxy.taken - before).toBeLessThan(40)
  expect(await mintkeeper.ready()).toBe(false)

  await server.query(admin, `alter role changing password '${PASSWORD}'`)
  await within(5000, until(calls.issue, 200))
  expect(lines.some((line) => line.includes('password authentication failed'))).toBe(true)
  expect(lines.join('')).not.toContain(PASSWORD)
})

test('T185 a database that loses commits is told not to, with each transaction, and the operator is told once', async () => {
  const warnings: string[] = []
  const url = await server.createDatabase({ synchronous_commit: 'off' })
  const options = { url, timeoutMs: 3000, named: true, translate: createTranslation() }
  const connector = createConnector({ ...options, onWarning: (message) => warnings.push(message) })
  for (const _ of [1, 2]) await (await connector.connect(() => {})).close()
  expect(warnings).toEqual([expect.stringContaining('synchronous_commit=off')])

  const store = await openStore({ url, clock: Date.now })
  await server.query(
    url,
    `create function note() returns trigger language plpgsql as $$ begin
      new.value := current_setting('synchronous_commit'); return new; end $$;
    create trigger note before insert or update on facts for each row execute function note()`,
  )
  await store.saveFact('setting', '')
  expect(await store.findFact('setting')).toBe('on')
})

test('T185 one whose operator sets that while sessions are open is told so, too', async () => {
  const url = await server.createDatabase()
  const store = await openStore({ url, clock: Date.now })
  await server.query(
    url,
    `create function note() returns trigger language plpgsql as $$ begin
      new.value := current_setting('synchronous_commit') || ', though it is ' ||
        (select reset_val from pg_settings where name = 'synchronous_commit'); return new; end $$;
    create trigger note before insert or update on facts for each row execute function note()`,
  )
  async function setting(): Promise<string | null> {
    await store.saveFact('setting', '')
    return await store.findFact('setting')
  }
  await server.query(url, 'alter system set synchronous_commit = off')
  await server.query(url, 'select pg_reload_conf()')
  onTestFinished(async () => {
    await server.query(url, 'alter system reset synchronous_commit')
    await server.query(url, 'select pg_reload_conf()')
  })
  // A session hears of it between two commands, a while later.
  while (!(await setting())?.endsWith('off'));
  expect(await setting()).toBe('on, though it is off')
})

test('T185 a read replica is refused: what it knows of tokens is old', async () => {
  const replica = await startPostgres()
  onTestFinished(() => replica.remove())
  const url = await replica.createDatabase()
  await (await openPostgresStore({ url, clock: Date.now })).close()
  const [{ data_directory: directory } = {}] = await replica.query(url, 'show data_directory')
  await replica.stop()
  writeFileSync(join(directory as string, 'standby.signal'), '')
  await replica.start()
  expect(await replica.query(url, 'select pg_is_in_recovery() as is')).toEqual([{ is: true }])
  expect(await refusalOf(url)).toContain('it is a read replica, which lags behind: name the primary server')
})

test('a database of another encoding, or with tables of another program, is refused', async () => {
  const admin = await server.createDatabase()
  await server.query(admin, 'create table orders (id int)')
  expect(await refusalOf(admin)).toContain('tables of another program')
  await server.query(admin, "create database latin encoding 'LATIN1' locale 'C' template template0")
  expect(await refusalOf(admin.replace(/\w+$/, 'latin'))).toContain('create it with encoding UTF8')
})
