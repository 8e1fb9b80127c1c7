import { expect, onTestFinished, test } from 'vitest'
import { createConnector } from '../../src/stores/postgres/connector.ts'
import { createGroupCommit } from '../../src/stores/postgres/group-commit.ts'
import { createTranslation } from '../../src/stores/postgres/statement.ts'
import { change, select } from '../../src/stores/sql/operation.ts'
import { startPostgres } from '../postgres/server.ts'
import { openSession } from '../postgres/session.ts'

test('writes wait a moment for those underway, and what waits shares a transaction; then they go beside them', async () => {
  const server = await startPostgres({ fsync: 'off' })
  onTestFinished(() => server.remove())
  const url = await server.createDatabase()
  await server.query(url, 'create table numbers (n int primary key)')
  const options = { url, timeoutMs: 5000, named: true, translate: createTranslation() }
  const connector = createConnector({ ...options, onWarning: () => {} })
  const batches: number[] = []
  const observer = { committed: (writes: number) => batches.push(writes) }
  const lockRows = { latest: 'select 1', earlier: 'select 1' }
  const commit = createGroupCommit({ connector, size: 2, timeoutMs: 5000, observer, lockRows })
  onTestFinished(() => commit.close())
  const insert = (n: number) => change('insert into numbers (n) values (?)', n)

  const gate = await openSession(url)
  onTestFinished(() => gate.end())
  await gate.query('select pg_advisory_lock(1)')
  const held = commit.writeTogether(function* () {
    yield* select('select pg_advisory_xact_lock(1)')
    return yield* insert(1)
  }, [])
  await gate.until("select 1 from pg_locks where not granted and locktype = 'advisory'")
  expect(await Promise.all([2, 3].map((n) => commit.writeTogether(() => insert(n), [])))).toEqual([1, 1])
  expect(batches).toEqual([2])
  await gate.query('select pg_advisory_unlock(1)')
  expect(await held).toBe(1)
})
