import { expect, onTestFinished, test } from 'vitest'
import { checkPostgres, postgresChecks } from '../../src/cli/doctor/postgres-checks.ts'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import type { Examination } from '../../src/stores/postgres/examination.ts'
import { startPostgres } from '../postgres/server.ts'

const NOW = Date.UTC(2026, 10, 22) / 1000
const FINE: Examination = {
  version: '18.1',
  synchronousCommit: 'on',
  fsync: 'on',
  schema: { applied: ['0001-initial'], pending: [], newer: [] },
  lastDay: '20261129',
  hasStrayed: false,
  time: NOW,
}
const statesOf = (found: Examination) =>
  postgresChecks(found, NOW)
    .filter(({ state }) => state !== 'ok')
    .map(({ name, state }) => [name, state])

test('what is fine is, and what is not is named', () => {
  expect(statesOf(FINE)).toEqual([])
  expect(statesOf({ ...FINE, fsync: 'off' })).toEqual([['durability', 'fail']])
  expect(statesOf({ ...FINE, synchronousCommit: 'off' })).toEqual([['durability', 'warn']])
  expect(statesOf({ ...FINE, lastDay: '20261122' })).toEqual([['partitions', 'warn']])
  expect(statesOf({ ...FINE, hasStrayed: true })).toEqual([['partitions', 'warn']])
  expect(statesOf({ ...FINE, time: NOW - 6 })).toEqual([['clock', 'warn']])
  expect(statesOf({ ...FINE, time: NOW + 5 })).toEqual([])
  expect(statesOf({ ...FINE, schema: { applied: ['0001-initial'], pending: ['0002'], newer: [] } })).toEqual([
    ['schema', 'warn'],
  ])
})

test('a real database is examined, empty or not, and nothing of it is changed', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.remove())
  const url = await server.createDatabase()
  expect((await checkPostgres(url)).find(({ name }) => name === 'schema')?.state).toBe('warn')
  expect(await server.query(url, "select 1 from pg_tables where schemaname = 'public'")).toEqual([])
  await (await openPostgresStore({ url, clock: Date.now })).close()
  expect((await checkPostgres(url)).map(({ name, state }) => [name, state])).toEqual(
    ['server', 'schema', 'durability', 'partitions', 'clock'].map((name) => [name, 'ok']),
  )
  expect(await checkPostgres(url.replace(/:\d+\//, ':1/'))).toEqual([
    { name: 'server', state: 'fail', detail: expect.stringContaining('nobody answers there') },
  ])
})
