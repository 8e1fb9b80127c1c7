/** The commands for operators, on PostgreSQL. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, type Workplace } from '../cli/workplace.ts'
import { sharedPostgres } from './shared-server.ts'

const server = sharedPostgres()
let place: Workplace
let database: string
beforeEach(async () => {
  place = createWorkplace()
  database = await server.createDatabase()
  const key = Buffer.alloc(32, 7).toString('base64')
  place.write(
    'mintkeeper.yaml',
    CONFIGURATION.replace('sqlite:data/mintkeeper.db', `${database}\nmasterKey: ${key}`),
  )
})
afterEach(() => place.remove())

it('T193 migrate up of many nodes at once is done by one, and status tells what there is', async () => {
  const before = await place.run(['migrate', 'status', '--json'])
  expect([before.code, JSON.parse(before.stdout).applied]).toEqual([1, []])
  const manual = await place.run(['apply'], { env: { MINTKEEPER_DATABASE_MIGRATION: 'manual' } })
  expect([manual.code, manual.stderr]).toEqual([
    1,
    expect.stringContaining('run `mintkeeper migrate up` first'),
  ])
  const ended = await Promise.all(Array.from({ length: 4 }, () => place.run(['migrate', 'up', '--json'])))
  const applied = ended.map(({ code, stdout }) => [code, JSON.parse(stdout).appliedNow.length > 0])
  expect(applied.filter(([code]) => code !== 0)).toEqual([])
  expect(applied.filter(([, did]) => did)).toHaveLength(1)
  expect(await place.json(['migrate', 'status'])).toMatchObject({ pending: [] })
})

it('no schema is made by commands that only work with one, nor by a server without a master key', async () => {
  const keyless = CONFIGURATION.replace('sqlite:data/mintkeeper.db', database)
  place.write('keyless.yaml', keyless)
  const serve = ['serve', '--port', '0', '--admin-port', '0']
  for (const command of [serve, ['apply'], ['storage']]) {
    const { code, stderr } = await place.run([...command, '--config', 'keyless.yaml'])
    expect([command, code, stderr]).toEqual([
      command,
      1,
      expect.stringMatching(/With PostgreSQL the master key must be configured/),
    ])
  }
  const { code: sick, stdout } = await place.run(['doctor', '--config', 'keyless.yaml', '--port', '0'])
  expect([sick, stdout]).toEqual([1, expect.stringMatching(/^fail +master key +With PostgreSQL/m)])
  for (const command of [['storage'], ['user', 'list'], ['token', 'revoke', '--issued-before', 'now']]) {
    const { code, stderr } = await place.run(command)
    expect([command, code, stderr]).toEqual([
      command,
      1,
      expect.stringMatching(/its schema lacks 0001-initial.*: run `mintkeeper migrate up` first/),
    ])
  }
  expect(await server.query(database, "select 1 from pg_tables where schemaname = 'public'")).toEqual([])
})

it('storage, purge and token revoke --issued-before work as with SQLite; backup leaves it to pg_dump', async () => {
  await place.run(['apply'])
  const issue = ['token', 'issue', '--user', 'joe@example.com', '--surface', 'spree']
  const { accessToken } = await place.json(issue)
  await place.json(issue)
  const report = await place.json(['storage'])
  expect(report).toMatchObject({
    bytes: expect.any(Number),
    freeBytes: null,
    tokens: { isExact: true, rows: 2, live: 2, overdue: 0, writtenInDay: 2 },
  })
  const { stdout } = await place.run(['storage'])
  expect(stdout).toMatch(/^size +[\d.]+ MiB$/m)
  expect(stdout).not.toContain(new URL(database).password || 'no password')

  await place.json(['token', 'revoke', '--issued-before', 'now'])
  expect(await place.json(['token', 'inspect', accessToken])).toMatchObject({ state: 'revoked' })
  expect(await place.json(['token', 'inspect', (await place.json(issue)).accessToken])).toMatchObject({
    state: 'live',
  })
  expect(await place.json(['purge'])).toEqual({ deleted: 0 })
  const { code, stderr } = await place.run(['backup', 'copy.db'])
  expect([code, stderr]).toEqual([1, expect.stringContaining('use pg_dump')])
})
