import { afterEach, beforeEach, expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { type Connector, createConnector } from '../../src/stores/postgres/connector.ts'
import { createGroupCommit, type GroupCommit } from '../../src/stores/postgres/group-commit.ts'
import { createTranslation } from '../../src/stores/postgres/statement.ts'
import { change, type Operation, select } from '../../src/stores/sql/operation.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'

const server = sharedPostgres({ deadlock_timeout: '50ms', fsync: 'off' })
let url: string

const LOCK =
  'select n from numbers where n = any (cast(? as int[])) and n between ? and ? order by n for no key update'
const LOCK_ROWS = { latest: LOCK, earlier: LOCK }

const batches: number[] = []
const opened: GroupCommit[] = []
const sessions: Session[] = []
beforeEach(async () => {
  url = await server.createDatabase()
  // `made_by` tells which of the rows came in one transaction.
  await server.query(url, 'create table numbers (n int primary key, made_by bigint default txid_current())')
})
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.end()))
  await Promise.all(opened.splice(0).map((commit) => commit.close()))
  batches.length = 0
})

function open({ size = 1, timeoutMs = 5000, database = url, onRefused = () => {} } = {}): GroupCommit {
  const options = { url: database, timeoutMs, named: true, translate: createTranslation() }
  const real = createConnector({ ...options, onWarning: () => {} })
  const connector: Connector = {
    connect: (onClosed) =>
      real.connect(onClosed).catch((error: unknown) => {
        onRefused()
        throw error
      }),
  }
  const observer = { committed: (writes: number) => batches.push(writes) }
  const commit = createGroupCommit({ connector, size, timeoutMs, observer, lockRows: LOCK_ROWS })
  opened.push(commit)
  return commit
}

async function session(): Promise<Session> {
  const made = await openSession(url)
  sessions.push(made)
  return made
}

const insert = (n: number) => () => change('insert into numbers (n) values (?)', n)
const increase = (n: number) => change('update numbers set made_by = made_by + 1 where n = ?', n)
const numbers = async () =>
  (await server.query(url, 'select n from numbers order by n')).map(({ n }) => n as number)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

/** What became of writes: the value, or the name of the error. */
async function settled(writes: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
  const outcomes = await Promise.allSettled(writes)
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.message))
}

test('writes that wait at the same time share transactions of 128 at most, in ascending order', async () => {
  const commit = open()
  const begun: number[] = []
  const writes = upTo(300).map((n) =>
    commit.writeTogether(
      function* () {
        begun.push(300 - n)
        yield* insert(n)()
      },
      [300 - n],
    ),
  )
  await Promise.all(writes)
  expect(batches).toEqual([128, 128, 44])
  expect(commit.statistics()).toMatchObject({ transactions: 3, writes: 300, waiting: 0, open: 1, busy: 0 })
  const made = await server.query(
    url,
    'select count(*)::int as n from numbers group by made_by order by 1 desc',
  )
  expect(made.map(({ n }) => n)).toEqual([128, 128, 44])
  for (const batch of [begun.slice(0, 128), begun.slice(128, 256), begun.slice(256)]) {
    expect(batch).toEqual([...batch].sort((one, other) => one - other))
  }
})

test('a write that wants to be alone is', async () => {
  const commit = open()
  await Promise.all([
    commit.writeTogether(insert(1), [0]),
    commit.write(insert(2)),
    commit.write(insert(3)),
    commit.writeTogether(insert(4), [0]),
  ])
  expect([...batches].sort()).toEqual([1, 1, 2])
  expect(await numbers()).toEqual([1, 2, 3, 4])
})

test('a write that refuses after it changed something is taken back, and nobody else', async () => {
  const commit = open()
  const refusing = commit.writeTogether(
    function* () {
      yield* insert(99)()
      throw new Error('lost')
    },
    [50],
  )
  const others = upTo(20).map((n) => commit.writeTogether(insert(n), [n]))
  expect(await settled([refusing, ...others])).toEqual(['lost', ...upTo(20).map(() => 1)])
  expect(await numbers()).toEqual(upTo(20))
})

test('a write that refuses before it changed anything costs no transaction of its own', async () => {
  const commit = open()
  const refusing = commit.writeTogether(
    function* (): Operation<void> {
      yield* select('select 1')
      throw new Error('lost')
    },
    [0],
  )
  expect(await settled([refusing, commit.writeTogether(insert(1), [1])])).toEqual(['lost', 1])
  expect(batches).toEqual([2])
})

test('a write alone that is rolled back is no transaction to the observer', async () => {
  const commit = open()
  const refusing = commit.write(function* () {
    yield* insert(1)()
    throw new Error('lost')
  })
  const wrong = commit.write(() => select('select 1 / ?::int', 0))
  expect(await settled([refusing, wrong])).toEqual(['lost', 'division by zero'])
  expect(batches).toEqual([])
  expect(commit.statistics()).toMatchObject({ transactions: 0, writes: 0 })
})

test('a statement that fails by its own fault hurts none of those that share its transaction', async () => {
  const commit = open()
  const wrong = commit.writeTogether(
    function* () {
      yield* insert(98)()
      yield* select('select 1 / ?::int', 0)
    },
    [3],
  )
  const twice = [commit.writeTogether(insert(7), [7]), commit.writeTogether(insert(7), [8])]
  const others = upTo(5).map((n) => commit.writeTogether(insert(n), [n]))
  expect(await settled([wrong, ...twice, ...others])).toEqual([
    'division by zero',
    1,
    expect.stringContaining('duplicate key'),
    ...[1, 1, 1, 1, 1],
  ])
  expect(await numbers()).toEqual([0, 1, 2, 3, 4, 7])
})

test('T033 the victim of a deadlock is done again, and is applied once', async () => {
  await server.query(url, 'insert into numbers values (1, 0), (2, 0)')
  const [gate, other] = [await session(), await session()]
  await gate.query('select pg_advisory_lock(1)')
  // Whoever looks for a deadlock first is its victim.
  await other.query(
    "begin; set deadlock_timeout = '1h'; update numbers set made_by = made_by + 1 where n = 2",
  )
  let attempts = 0
  const written = open().write(function* () {
    attempts += 1
    yield* increase(1)
    if (attempts === 1) yield* select('select pg_advisory_xact_lock_shared(1)')
    yield* increase(2)
  })
  await gate.until("select 1 from pg_locks where not granted and locktype = 'advisory'")
  const others = other.query('update numbers set made_by = made_by + 1 where n = 1')
  await gate.until("select 1 from pg_locks where not granted and locktype = 'transactionid'")
  await gate.query('select pg_advisory_unlock(1)')
  await others
  await other.query('commit')
  await written
  expect(attempts).toBe(2)
  expect(await server.query(url, 'select made_by::int as n from numbers')).toEqual([{ n: 2 }, { n: 2 }])
})

/** Lets inserts of a number fail as often as said. */
async function failing(n: number, times: number, errcode: string): Promise<void> {
  await server.query(
    url,
    `create sequence attempts;
    create function fail() returns trigger language plpgsql as $$ begin
      if new.n = ${n} and nextval('attempts') <= ${times} then
        raise exception 'as the test wants it' using errcode = '${errcode}';
      end if;
      return new;
    end $$;
    create trigger fail before insert on numbers for each row execute function fail()`,
  )
}

test.each(['40001', '40P01'])('T033 a transaction in the way of others (%s) is done again', async (code) => {
  await failing(2, 2, code)
  const commit = open()
  expect(await settled([1, 2, 3].map((n) => commit.writeTogether(insert(n), [n])))).toEqual([1, 1, 1])
  expect(await numbers()).toEqual([1, 2, 3])
  expect(batches).toEqual([3])
})

test('T033 one that is in their way again and again is refused, with nothing of it kept', async () => {
  await failing(2, 1000, '40001')
  const commit = open()
  const outcomes = await Promise.allSettled([1, 2].map((n) => commit.writeTogether(insert(n), [n])))
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) })
  }
  expect(await numbers()).toEqual([])
  expect(await commit.write(insert(3))).toBe(1)
})

test('a statement is given its time by the server, and the session goes on', async () => {
  const commit = open({ timeoutMs: 300 })
  await commit.write(insert(1))
  const slow = commit.write(function* () {
    yield* insert(2)()
    yield* select('select pg_sleep(60)')
  })
  await expect(slow).rejects.toMatchObject({ name: 'StoreUnavailable', cause: { code: '57014' } })
  expect(commit.statistics().open).toBe(1)
  expect(await numbers()).toEqual([1])
})

test('a lock that another session keeps is waited for as long, no longer', async () => {
  await server.query(url, 'insert into numbers values (1, 0)')
  const other = await session()
  await other.query('begin; update numbers set made_by = 7')
  const commit = open({ timeoutMs: 300 })
  await expect(commit.write(() => increase(1))).rejects.toMatchObject({ name: 'StoreUnavailable' })
  await other.query('rollback')
  expect(await commit.write(() => increase(1))).toBe(1)
})

test('a transaction of many slow statements is ended on both sides', async () => {
  const commit = open({ timeoutMs: 400 })
  const slow = commit.write(function* () {
    yield* insert(1)()
    for (;;) yield* select('select pg_sleep(0.15)')
  })
  await expect(slow).rejects.toBeInstanceOf(StoreUnavailable)
  const other = await session()
  await other.until(
    `select 1 where not exists
      (select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid())`,
  )
  expect(await numbers()).toEqual([])
  expect(await commit.write(insert(2))).toBe(1)
})

test('while no more connections are to be had, writes wait for those that are', async () => {
  await server.query(url, 'create role narrow login connection limit 1; grant all on numbers to narrow')
  const gate = await session()
  await gate.query('select pg_advisory_lock(1)')
  const refused = Promise.withResolvers<void>()
  const database = url.replace('//postgres:', '//narrow:')
  const commit = open({ size: 3, database, onRefused: refused.resolve })
  const first = commit.write(function* () {
    yield* select('select pg_advisory_xact_lock(1)')
    return yield* insert(1)()
  })
  await gate.until("select 1 from pg_locks where not granted and locktype = 'advisory'")
  const others = [2, 3, 4].map((n) => commit.write(insert(n)))
  await refused.promise
  await gate.query('select pg_advisory_unlock(1)')
  expect(await settled([first, ...others])).toEqual([1, 1, 1, 1])
  expect(commit.statistics().open).toBe(1)
})

test('a session that is ended from outside takes its own transaction with it, and another takes its place', async () => {
  const commit = open()
  const other = await session()
  await other.query('select pg_advisory_lock(1)')
  const ended = commit.write(function* () {
    yield* insert(1)()
    yield* select('select pg_advisory_xact_lock(1)')
  })
  const lost = expect(ended).rejects.toBeInstanceOf(StoreUnavailable)
  await other.until("select 1 from pg_locks where not granted and locktype = 'advisory'")
  await other.query('select pg_terminate_backend(pid) from pg_locks where not granted')
  await lost
  expect(await commit.write(insert(2))).toBe(1)
  expect(await numbers()).toEqual([2])
})

test('what is accepted is written before it closes, and nothing is accepted then', async () => {
  const commit = open()
  const write = commit.writeTogether(insert(1), [0])
  await commit.close()
  expect(await write).toBe(1)
  await expect(commit.write(insert(2))).rejects.toThrow('closed')
})
