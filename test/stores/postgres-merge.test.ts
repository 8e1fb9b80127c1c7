import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { TokenRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { keysWithin } from '../../src/stores/key-sequence.ts'
import { arrayOf } from '../../src/stores/postgres/array.ts'
import { type Connection, connect } from '../../src/stores/postgres/connection.ts'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import { merge } from '../../src/stores/postgres/merge.ts'
import { createTranslation } from '../../src/stores/postgres/statement.ts'
import { runTransaction } from '../../src/stores/postgres/transaction.ts'
import { change, type SqlStatement, type SqlValue, select } from '../../src/stores/sql/operation.ts'
import { tokenToColumns } from '../../src/stores/sql/token-columns.ts'
import { FIND_TOKEN, INSERT_TOKEN, SPEND_TOKEN, TOKEN_UPDATES } from '../../src/stores/sql/tokens.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { token } from './conformance/arbitrary.ts'
import { issued, NOW, tokenRow } from './conformance/fixture.ts'

const server = sharedPostgres({ fsync: 'off' })
let url: string
let store: Store
let connection: Connection
/** What was sent over the connection. */
const sent: SqlStatement[] = []

beforeAll(async () => {
  url = await server.createDatabase()
  store = await openPostgresStore({ url, clock: () => NOW * 1000 })
  const real = await connect({ url, timeoutMs: 5000, named: true, translate: createTranslation() }, () => {})
  connection = {
    ...real,
    run(statement) {
      sent.push(statement)
      return real.run(statement)
    },
  }
  return () => Promise.all([real.close(), store.close()])
})

const insert = (key: number) => change(INSERT_TOKEN, ...tokenToColumns(tokenRow(key)))
const spend = (key: number, successor = 1) => change(SPEND_TOKEN, successor, NOW, key)
const find = (key: number) => select(FIND_TOKEN, key)

/** Runs operations side by side in one transaction: what each came to, and how many statements were sent for all. */
async function together(...operations: Parameters<typeof runTransaction>[1]['operations']) {
  sent.length = 0
  const ended = await runTransaction(connection, { begin: 'begin', operations })
  return { outcomes: ended?.outcomes, statements: sent.length }
}

test('any list of values is one array', async () => {
  async function sentAs(type: string, values: readonly SqlValue[]): Promise<readonly unknown[]> {
    const sql = `select value from unnest(cast(? as ${type}[])) as list (value)`
    const rows = await connection.run({ sql, parameters: [arrayOf(values)], returns: 'rows' })
    return (rows as readonly (readonly unknown[])[]).map(([value]) => value)
  }
  const lists = <T>(value: fc.Arbitrary<T>) => fc.array(fc.option(value, { nil: null }), { maxLength: 5 })
  const text = fc.oneof(
    fc.constantFrom('', 'NULL', 'null', '{}', '{', ',', '"', '\\', '\\"', '\n', ' a ', '\\x00'),
    fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', '')),
  )
  await fc.assert(
    fc.asyncProperty(lists(text), lists(fc.uint8Array()), lists(fc.maxSafeInteger()), async (...values) => {
      for (const [index, type] of ['text', 'bytea', 'bigint'].entries()) {
        expect(await sentAs(type, values[index] as SqlValue[])).toEqual(values[index])
      }
    }),
  )
})

test('rows that are issued side by side are inserted by one statement, and have every column they were given', async () => {
  const keys = Array.from({ length: 20 }, () => store.nextKey())
  const samples = fc.sample(token(fc.constant(0)), keys.length)
  const rows = samples.map((row, index) => ({ ...row, key: keys[index] as number }))
  const inserts = rows.map((row) => () => change(INSERT_TOKEN, ...tokenToColumns(row)))
  expect(await together(...inserts)).toEqual({ outcomes: rows.map(() => ({ value: 1 })), statements: 1 })
  expect(await Promise.all(keys.map((key) => store.findToken(key)))).toEqual(rows)
})

test('a key that is taken, before or by a neighbour, overwrites nothing and hinders nobody', async () => {
  const taken = await issued(store)
  const [free, twice] = [store.nextKey(), store.nextKey()]
  const { outcomes } = await together(...[free, taken.key, twice, twice].map((key) => () => insert(key)))
  expect(outcomes).toEqual([{ value: 1 }, { value: 0 }, { value: 1 }, { value: 0 }])
  expect(await store.findToken(taken.key)).toEqual(taken)
})

test('of spendings side by side each has its own outcome: one a token wins, none of one that is dead', async () => {
  const [one, other, revoked] = [await issued(store), await issued(store), await issued(store)]
  await store.revokeToken(revoked.key, NOW)
  const keys = [one.key, revoked.key, other.key, one.key, store.nextKey(), other.key]
  const { outcomes } = await together(...keys.map((key, index) => () => spend(key, 100 + index)))
  expect(outcomes).toEqual([1, 0, 1, 0, 0, 0].map((value) => ({ value })))
  expect(await store.findToken(one.key)).toEqual({ ...one, successor: 100, spentAt: NOW })
  expect(await store.findToken(other.key)).toEqual({ ...other, successor: 102, spentAt: NOW })
})

test.each(TOKEN_UPDATES)('many by one statement do what each does by itself: %s', async (sql) => {
  const values = sql.split('?').length - 2
  const updates = (rows: readonly TokenRow[]) =>
    rows.map(({ key }, row) => {
      const parameters = Array.from({ length: values }, (_, column) =>
        row === 0 && column > 0 ? null : NOW + 10 * row + column,
      )
      return () => change(sql, ...parameters, key)
    })
  const shapes = [{ accessExpiresAt: null }, { jkt: null }, { accessExpiresAt: NOW + 60 }, { jkt: 'revoked' }]
  async function changed(run: (operations: ReturnType<typeof updates>) => Promise<unknown>) {
    const rows = await Promise.all(shapes.map((columns) => issued(store, columns)))
    await store.revokeToken(rows[3]?.key as number, NOW)
    const outcome = await run(updates(rows))
    const found = await Promise.all(rows.map(({ key }) => store.findToken(key)))
    return { outcome, rows: found.map((row) => ({ ...row, key: 0, accessHash: null, refreshHash: null })) }
  }
  const alone = await changed(async (operations) => {
    const outcomes: unknown[] = []
    for (const operation of operations) outcomes.push(...((await together(operation)).outcomes ?? []))
    return { outcomes, statements: 1 }
  })
  expect(await changed((operations) => together(...operations))).toEqual(alone)
})

test('tokens that are revoked at once share a transaction, of which each has its own outcome', async () => {
  const keys = await Promise.all([1, 2, 3].map(async () => (await issued(store)).key))
  const revoked = await Promise.all([...keys, keys[1] as number].map((key) => store.revokeToken(key, NOW)))
  expect(revoked).toEqual([true, true, true, false])
  const made = `select count(distinct xmin::text)::int as n from tokens where key = any ('{${keys}}')`
  expect(await server.query(url, made)).toEqual([{ n: 1 }])
})

test('one that fails takes what is sent with it along, and each is to be done again by itself', async () => {
  const refusing = function* () {
    yield* spend((yield* find(one.key))[0]?.[0] as number)
    throw new Error('lost')
  }
  const one = await issued(store)
  expect((await together(refusing, () => insert(store.nextKey()))).outcomes).toBeUndefined()
  expect(await store.findToken(one.key)).toEqual(one)
})

test('tokens that are looked for at once are each found, also by two who ask for the same', async () => {
  const rows = await Promise.all([1, 2, 3].map(() => issued(store)))
  const keys = [...rows.map(({ key }) => key), store.nextKey(), rows[0]?.key as number]
  const found = await Promise.all(keys.map((key) => store.findToken(key)))
  expect(found).toEqual([...rows, null, rows[0]])
})

test('what asks for something else goes by itself, in the order it came', () => {
  const statements: SqlStatement[] = [spend(1), find(2), spend(3), select('select 1'), spend(1), find(2)].map(
    (operation) => operation.next().value as SqlStatement,
  )
  expect(merge(statements).map(({ places }) => places)).toEqual([[0, 2], [1, 5], [3], [4]])
})

test('rows of the latest day are asked for apart, those of all earlier days together', () => {
  const day = keysWithin(86_400_000)
  const keys = [1, 3 * day, day, 3 * day + 1, 2 * day]
  const statements = [...keys.map(find), find(1), insert(1), insert(day), spend(2 * day), spend(day)].map(
    (operation) => operation.next().value as SqlStatement,
  )
  expect(merge(statements).map(({ places }) => places)).toEqual([[0, 2, 4, 5], [1, 3], [6, 7], [8], [9]])
})
