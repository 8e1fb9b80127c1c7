/** T172: the password of a database is told by no command, no error and no line of a log, however wrong its URL is. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CONFIGURATION, createWorkplace, type Ended, freePort, type Workplace } from '../cli/workplace.ts'
import { type PostgresServer, startPostgres } from './server.ts'

/** Once as it is, once as it stands in a URL: both are the password. */
const PASSWORD = 'canary/pass word?0815'
const CANARIES = ['canary', encodeURIComponent(PASSWORD), Buffer.from(PASSWORD).toString('base64')]

const COMMANDS: readonly (readonly string[])[] = [
  ['serve', '--port', '0', '--admin-port', '0', '--log-level', 'trace'],
  ['doctor'],
  ['doctor', '--json'],
  ['migrate', 'status'],
  ['migrate', 'up'],
  ['apply', 'mintkeeper.yaml'],
  ['storage'],
  ['user', 'list'],
]

const DIRECTORY = mkdtempSync(join(tmpdir(), 'mintkeeper-hba-'))
const CONFIGURED = CONFIGURATION.replace(/^database: .*$/m, '')

let server: PostgresServer
let place: Workplace
let database: string
beforeAll(async () => {
  const file = join(DIRECTORY, 'pg_hba.conf')
  writeFileSync(file, 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n')
  execFileSync('chmod', ['-R', 'a+rX', DIRECTORY])
  server = await startPostgres({ hba_file: file })
  const admin = await server.createDatabase()
  await server.query(admin, `create role teller login password 'another'`)
  database = new URL(admin).pathname
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURED)
})
afterAll(async () => {
  place.remove()
  await server.remove()
  rmSync(DIRECTORY, { recursive: true })
})

const user = `teller:${encodeURIComponent(PASSWORD)}`
const URLS: readonly (readonly [string, () => string | Promise<string>])[] = [
  ['whose password is wrong', () => `postgres://${user}@127.0.0.1:${server.port}${database}`],
  [
    'whose password is a parameter',
    () =>
      `postgres://127.0.0.1:${server.port}${database}?user=teller&password=${encodeURIComponent(PASSWORD)}`,
  ],
  ['where nobody answers', async () => `postgres://${user}@127.0.0.1:${await freePort()}/shop`],
  ['without such a host', () => `postgres://${user}@no-such-host.invalid/shop`],
  ['that can not be parsed', () => `postgres://teller:canary%@127.0.0.1:no-port/shop`],
  ['of a password that is not encoded', () => `postgres://teller:canary/0815@127.0.0.1/shop`],
  [
    'with an option that is wrong',
    () => `postgres://${user}@127.0.0.1:${server.port}${database}?sslmode=verify-full&sslrootcert=/nowhere`,
  ],
]

function expectSecrecy({ stdout, stderr }: Ended): void {
  for (const canary of CANARIES) expect(stdout + stderr).not.toContain(canary)
}

describe.each(URLS)('T172 a database URL %s', (_, urlOf) => {
  test.each(COMMANDS)('%s %s', async (...command) => {
    const env = {
      MINTKEEPER_DATABASE: await urlOf(),
      MINTKEEPER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    }
    const ended = await place.run(command, { env })
    expect(ended.code).not.toBe(0)
    expect(ended.stdout + ended.stderr).toMatch(/\S/)
    expectSecrecy(ended)
  })
})

test('T172 a database that works: its password is nowhere either', async () => {
  const admin = await server.createDatabase()
  const name = new URL(admin).pathname.slice(1)
  await server.query(admin, `create role keeper login password '${PASSWORD}'`)
  await server.query(admin, `alter database ${name} owner to keeper`)
  const url = `postgres://keeper:${encodeURIComponent(PASSWORD)}@127.0.0.1:${server.port}/${name}`
  const env = { MINTKEEPER_DATABASE: url, MINTKEEPER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
  const running = await place.serve(['--admin-port', '0', '--log-level', 'trace'], { env })
  for (const command of COMMANDS.slice(1)) {
    const ended = await place.run(command, { env })
    expect([command, ended.code]).toEqual([command, 0])
    expectSecrecy(ended)
  }
  running.child.kill('SIGTERM')
  const ended = await running.ended
  expect(ended.stdout).toContain('"msg":"started"')
  expectSecrecy(ended)
})
