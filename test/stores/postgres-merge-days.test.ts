import { beforeEach, expect, test } from 'vitest'
import type { TokenRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { type Connection, connect } from '../../src/stores/postgres/connection.ts'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import { LOCK_TOKENS } from '../../src/stores/postgres/dialect.ts'
import { createTranslation } from '../../src/stores/postgres/statement.ts'
import { runTransaction, type TransactionPlan } from '../../src/stores/postgres/transaction.ts'
import { change, type SqlStatement, select } from '../../src/stores/sql/operation.ts'
import { tokenToColumns } from '../../src/stores/sql/token-columns.ts'
import { FIND_TOKEN, SPEND_TOKEN } from '../../src/stores/sql/tokens.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { NOW, tokenRow, write } from './conformance/fixture.ts'

const DAY = 86_400
const DAYS = 5

const server = sharedPostgres({ fsync: 'off', deadlock_timeout: '1h' })
let url: string
let store: Store
let connection: Connection
let session: Session
let now: number
/** What was sent over the connection. */
const sent: SqlStatement[] = []

beforeEach(async () => {
  url = await server.createDatabase()
  now = NOW
  store = await openPostgresStore({ url, clock: () => now * 1000 })
  const options = { url, timeoutMs: 5000, named: true, translate: createTranslation() }
  const real = await connect(options, () => {})
  session = await openSession(url)
  connection = {
    ...real,
    run(statement) {
      sent.push(statement)
      return real.run(statement)
    },
  }
  return async () => {
    await Promise.all([real.close(), session.end(), store.close()])
  }
})

const spend = (key: number, successor = 1) => change(SPEND_TOKEN, successor, NOW, key)
const find = (key: number) => select(FIND_TOKEN, key)

/** Tokens of some days, each of which has so many, the earliest first. */
async function tokensOf(days: number, each = 2): Promise<readonly TokenRow[]> {
  const rows: TokenRow[] = []
  for (let day = 0; day < days; day++) {
    const ofDay = Array.from({ length: each }, () => tokenRow(store.nextKey(), { refreshExpiresAt: null }))
    await Promise.all(ofDay.map((row) => store.issue(write({ row }))))
    rows.push(...ofDay)
    now += DAY
  }
  return rows
}

/** Runs operations side by side in one transaction: what each came to, and how many statements were sent for all. */
async function together(
  operations: TransactionPlan['operations'],
  lock: TransactionPlan['lock'] = null,
): Promise<{ outcomes: unknown; statements: number }> {
  sent.length = 0
  const ended = await runTransaction(connection, { begin: 'begin', lock, operations })
  return { outcomes: ended?.outcomes, statements: sent.length }
}

test('tokens of many days are found, and spent, by two statements; each has its own outcome', async () => {
  const rows = await tokensOf(DAYS)
  const dead = rows[3] as TokenRow
  await store.revokeToken(dead.key, NOW)
  const unknown = (rows[1] as TokenRow).key + 1
  const keys = [...rows.map(({ key }) => key), unknown].reverse()
  const found = await together(keys.map((key) => () => find(key)))
  const values = new Map(rows.map((row) => [row.key, [[...tokenToColumns(row)]]]))
  values.set(dead.key, [[...tokenToColumns({ ...dead, revokedAt: NOW })]])
  expect(found).toEqual({ outcomes: keys.map((key) => ({ value: values.get(key) ?? [] })), statements: 2 })

  const twice = rows[0] as TokenRow
  const spent = await together([...keys, twice.key].map((key, index) => () => spend(key, 100 + index)))
  const wins = keys.map((key) => ({ value: key === dead.key || key === unknown ? 0 : 1 }))
  expect(spent).toEqual({ outcomes: [...wins, { value: 0 }], statements: 3 })
  const successor = 100 + keys.indexOf(twice.key)
  expect(await store.findToken(twice.key)).toEqual({ ...twice, successor, spentAt: NOW })
})

test('the rows of many days are locked by two statements, in the order of their keys', async () => {
  const keys = (await tokensOf(DAYS, 1)).map(({ key }) => key)
  const [first, ...others] = keys as [number]
  await session.query(
    `set deadlock_timeout = '10ms'; begin; update tokens set seen_at = 1 where key = ${first}`,
  )
  const outcome = together(
    keys.toReversed().map((key) => () => spend(key)),
    { rows: LOCK_TOKENS, keys: keys.toReversed() },
  )
  await session.until("select 1 from pg_locks where not granted and locktype in ('transactionid', 'tuple')")
  // Were one of them locked already, this would be a deadlock, and this session its victim.
  await session.query(`update tokens set seen_at = 1 where key = any ('{${others}}'); commit`)
  expect(await outcome).toEqual({ outcomes: keys.map(() => ({ value: 1 })), statements: 4 })
})

// A planner that expects fewer rows between the lowest and the highest key than keys would read them all.
test.each(['auto', 'force_generic_plan', 'force_custom_plan'])(
  'hardly any row is read but those that are asked for, whatever is known of the tables (%s)',
  async (mode) => {
    const keys = (await tokensOf(3, 400)).map(({ key }) => key)
    // The lowest and the highest of each day.
    const asked = [0, 399, 400, 799, 800, 1199].map((index) => keys[index] as number)
    await connection.execute(`set plan_cache_mode = ${mode}`)
    for (const command of ['select 1', 'analyze tokens']) {
      await server.query(url, command)
      // After five times PostgreSQL decides whether to make a plan for each.
      for (let turn = 0; turn < 8; turn++) expect(await readBy(asked)).toBeLessThan(100)
    }
  },
)

const ROWS_READ = `select sum(seq_tup_read + idx_tup_fetch)::bigint from pg_stat_xact_user_tables
  where relname like 'tokens_%'`

/** How many rows are read when some are found, locked and spent, which is taken back. */
async function readBy(keys: readonly number[]): Promise<number> {
  const [before] = (await connection.run({ sql: ROWS_READ, parameters: [], returns: 'rows' })) as [[number]]
  let after = 0
  const operations = keys.map(
    (key) =>
      function* () {
        yield* find(key)
        expect(yield* spend(key)).toBe(1)
        const [row] = yield* select(ROWS_READ)
        after = Number(row?.[0])
        throw new Error('not kept')
      },
  )
  await together(operations, { rows: LOCK_TOKENS, keys })
  return after - before[0]
}
