/** A database with so many tokens, written faster than any client could ask for them. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createRandom } from '../../src/crypto/random.ts'
import { createMintkeeper } from '../../src/index.ts'
import type { TokenRow, UserRow } from '../../src/store/rows.ts'
import { TOKEN_COLUMNS, tokenToColumns } from '../../src/stores/sql/token-columns.ts'
import { CEILING_FILE, CREATE, INSERT, newToken, sha256 } from '../ceiling.ts'
import { benchConfig } from '../config.ts'
import {
  type Contents,
  contentsOf,
  createSample,
  DAYS,
  type Fill,
  makeFill,
  shuffled,
  shuffledWithin,
  TENANT,
  userId,
} from './rows.ts'

/** A database that was filled, and some of the tokens in it. */
export interface Filled {
  readonly live: number
  readonly rows: number
  /** Of a client's access tokens; and of users' refresh tokens, in a random order, since each works once. */
  readonly access: readonly string[]
  readonly refresh: readonly string[]
  /** Others, about in the order in which they were issued. */
  readonly refreshInOrder: readonly string[]
}

/** Among so many tokens that were issued one after another refreshes come in any order. */
const OUT_OF_ORDER = 1000

/** How many writes of the store are under way at once. */
const AT_ONCE = 2000
const ROWS_A_TRANSACTION = 200_000

/** Fills a new file: rows go in by the statement a server uses, in large transactions that are not flushed. */
export async function fillSqlite(path: string, live: number): Promise<Filled> {
  const contents = contentsOf(live)
  await withStore(`sqlite:${path}`, Date.now, (store) => addUsers(store, contents))
  const database = new DatabaseSync(path)
  database.exec('pragma synchronous = off; pragma cache_size = -2000000')
  const places = TOKEN_COLUMNS.split(',').map(() => '?')
  const insert = database.prepare(`insert into tokens (${TOKEN_COLUMNS}) values (${places})`)
  const fill = makeFill(contents, Math.floor(Date.now() / 1000))
  let rows = 0
  database.exec('begin')
  for (const row of fill.rows) {
    insert.run(...tokenToColumns(row))
    if (++rows % ROWS_A_TRANSACTION === 0) database.exec('commit; begin')
  }
  database.exec('commit; pragma wal_checkpoint(truncate)')
  database.close()
  return { live, rows, ...tokensOf(fill) }
}

/** The same for a server that only commits: half of its rows have a refresh token. */
export function fillCeiling(directory: string, live: number): Filled {
  const sample = createSample(live, createRandom())
  const database = new DatabaseSync(join(directory, CEILING_FILE))
  database.exec('pragma synchronous = off; pragma cache_size = -2000000')
  database.exec(CREATE)
  const insert = database.prepare(INSERT)
  const expires = Math.floor(Date.now() / 1000) + DAYS * DAY
  database.exec('begin')
  for (let count = 0; count < live; count++) {
    const key = count + 1
    const [access, refresh] = [newToken(key), newToken(key)]
    const isOfUser = count % 2 === 1
    insert.run(key, sha256(access), isOfUser ? sha256(refresh) : null, expires)
    if (isOfUser) sample.addRefresh(count, refresh)
    else sample.addAccess(access)
    if (key % ROWS_A_TRANSACTION === 0) database.exec('commit; begin')
  }
  database.exec('commit')
  database.close()
  return { live, rows: live, ...tokensOf(sample) }
}

function tokensOf({ access, refresh, refreshInOrder }: Pick<Fill, 'access' | 'refresh' | 'refreshInOrder'>) {
  return { access, refresh: shuffled(refresh), refreshInOrder: shuffledWithin(OUT_OF_ORDER, refreshInOrder) }
}

const DAY = 86_400
const DAY_MS = 1000 * DAY
/** A start makes the partitions of a week ahead. */
const WEEK = 7

/** Fills a new database through the store, which on PostgreSQL has writes of many requests in one statement. */
export async function fillPostgres(url: string, live: number): Promise<Filled> {
  const contents = contentsOf(live)
  // A server that has run since then would have made these partitions.
  for (let ago = DAYS + 1; ago > 0; ago -= WEEK) {
    const then = Date.now() - ago * DAY_MS
    await withStore(
      url,
      () => then,
      async () => {},
    )
  }
  const fill = makeFill(contents, Math.floor(Date.now() / 1000))
  const rows = await withStore(url, Date.now, async (store) => {
    await addUsers(store, contents)
    return await inTurns(fill.rows, async (some) => {
      // A successor is refused while its parent is not there.
      const isFirst = ({ parent }: TokenRow) => parent === null
      for (const together of [some.filter(isFirst), some.filter((row) => !isFirst(row))]) {
        const outcomes = together.map((row) => store.issue({ spend: null, extend: null, row, rehash: null }))
        if ((await Promise.all(outcomes)).includes('lost')) throw new Error('a row was not written')
      }
    })
  })
  return { live, rows, ...tokensOf(fill) }
}

type Store = Awaited<ReturnType<typeof createMintkeeper>>['services']['store']

async function withStore<T>(
  database: string,
  clock: () => number,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  const { services, close } = await createMintkeeper(benchConfig(database), { clock })
  try {
    return await use(services.store)
  } finally {
    await close()
  }
}

async function addUsers(store: Store, { users }: Contents): Promise<void> {
  const now = Math.floor(Date.now() / 1000)
  const rows = Array.from(
    { length: users },
    (_, index): UserRow => ({
      ...{ tenant: TENANT, id: userId(index), username: `${userId(index)}@example.com`, email: null },
      ...{ passwordHash: null, roles: [], scopes: null, claims: {}, disabled: false },
      ...{ tokensValidAfter: 0, createdAt: now, version: 1 },
    }),
  )
  await inTurns(rows, async (some) => await Promise.all(some.map((row) => store.insertUser(row))))
}

/** Does something with all values, many at once; how many there were. */
async function inTurns<T>(
  values: Iterable<T>,
  work: (some: readonly T[]) => Promise<unknown>,
): Promise<number> {
  let count = 0
  let some: T[] = []
  for (const value of values) {
    some.push(value)
    if (++count % AT_ONCE !== 0) continue
    await work(some)
    some = []
  }
  await work(some)
  return count
}
