/**
 * `sqlite/` owns the file: that it is whole and ours, that what is confirmed is on the disk, and that writes share
 * the cost of that. It runs statements and knows no table; what they mean is the concern of `../sql/`.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type Clock, epochSeconds } from '../../protocol/time.ts'
import { DatabaseRefused } from '../../store/errors.ts'
import type { StoreObserver } from '../../store/observer.ts'
import type { Store } from '../../store/store.ts'
import type { AfterRequests } from '../after-requests.ts'
import { createKeySequence, createRandomInteger, type NextKey, type RandomInteger } from '../key-sequence.ts'
import { migrate, readSchema, type SchemaStatus, type SqlWords } from '../migrations/index.ts'
import { createAuditJournal } from '../sql/audit-journal.ts'
import { highestKey, type KeyLane, keepLane, takeLane } from '../sql/key-lane.ts'
import { createSqlStore } from '../sql/store.ts'
import { createCheckpoints } from './checkpoints.ts'
import { connect, connectionOf, makeDurable, refusal, requireDurable } from './connection.ts'
import { prepareFile, wasMade } from './file.ts'
import { createGroupCommit } from './group-commit.ts'
import { leaveMarker } from './marker.ts'
import { createReader } from './reader.ts'
import { sizeOfFile } from './size.ts'
import { type Connection, runAlone, runInTransaction } from './transaction.ts'
import { openWalIndex } from './wal-index.ts'

export interface SqliteFile {
  readonly path: string
  readonly clock: Clock
  /** Refuse a missing or empty database instead of making one. */
  readonly mustExist?: boolean
  /** How long a write waits for another process before it is refused, in milliseconds. Default 5000. */
  readonly busyTimeoutMs?: number
}

export interface SqliteStoreOptions extends SqliteFile {
  readonly random?: RandomInteger
  /** Apply the pending steps of the schema. Default true; if false, a database that lacks some is refused. */
  readonly migrate?: boolean
  readonly observer?: StoreObserver | undefined
  readonly afterRequests?: AfterRequests | undefined
  /** Told when the log has become large (again each time it has doubled), and when it is small again. */
  readonly onLogSize?: (bytes: number, isLarge: boolean) => void
  /** From how many bytes on the log is large. Default 128 MiB. */
  readonly largeLog?: number
  /** How long a write may wait for its turn before it is refused, in milliseconds. Default 3000. */
  readonly maxWaitMs?: number
}

const WORDS: SqlWords = {
  tableNames: "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'",
  integer: 'integer',
  text: 'text',
  bytes: 'blob',
  least: 'min',
  greatest: 'max',
  computed: 'virtual',
  sequence: 'strict',
  log: 'strict',
  map: 'strict, without rowid',
  sequenced: () => [],
  announced: () => [],
  announcedRows: () => [],
}

const BUSY_TIMEOUT_MS = 5000

const MAX_WAIT_MS = 3000

/** Once a store is open, SQLite itself waits, and keeps the event loop, only as long as most transactions last. */
const BLOCKING_BUSY_TIMEOUT_MS = 20

/**
 * Opens a store in an SQLite file, which is created or brought up to date if need be.
 * Every write is on the disk before it is confirmed (WAL, `synchronous=FULL`); writes that wait share one flush.
 * Throws `DatabaseRefused` if the file can not be used, with what to do about it.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { clock, random = createRandomInteger(), busyTimeoutMs = BUSY_TIMEOUT_MS } = options
  return await connected(options, async (database, mustExist) => {
    const connection = connectionOf(database)
    const { pending } = readStatus(connection, mustExist)
    if (pending.length > 0 && options.migrate === false) {
      throw new DatabaseRefused(`its schema lacks ${pending.join(', ')}: run \`mintkeeper migrate up\` first`)
    }
    await makeDurable(database)
    if (pending.length > 0) applySteps(database, connection, clock)
    leaveMarker(options.path)
    const lane = runInTransaction(connection, () => takeLane(random))
    requireDurable(database)
    const after = runInTransaction(connection, highestKey)
    database.exec(`pragma busy_timeout = ${Math.min(busyTimeoutMs, BLOCKING_BUSY_TIMEOUT_MS)}`)
    return storeOver(database, connection, {
      lane,
      attempts: Math.ceil(busyTimeoutMs / BLOCKING_BUSY_TIMEOUT_MS),
      nextKey: createKeySequence({ clock, random, lane: lane.lane, after }),
      options,
    })
  })
}

/** Which steps of the schema a file has and lacks. Changes nothing. Throws `DatabaseRefused`. */
export async function readSqliteSchema(file: SqliteFile): Promise<SchemaStatus> {
  return await connected({ ...file, mustExist: true }, async (database, mustExist) => {
    const status = readStatus(connectionOf(database), mustExist)
    database.close()
    return status
  })
}

/** How much of a file is looked at: `full` also compares each index with its table, which takes several times as long. */
export type Thoroughness = 'quick' | 'full'

const DAMAGES_TOLD = 5

/** What is damaged in a file, in the words of SQLite; empty: nothing. Reads all of it. Throws `DatabaseRefused`. */
export async function findDamage(file: SqliteFile, thoroughness: Thoroughness): Promise<readonly string[]> {
  return await connected({ ...file, mustExist: true }, async (database) => {
    const pragma = thoroughness === 'full' ? 'integrity_check' : 'quick_check'
    const rows = database.prepare(`pragma ${pragma}(${DAMAGES_TOLD})`).all()
    database.close()
    return rows.flatMap((row) => String(row[pragma]).split('\n')).filter((line) => line !== 'ok')
  })
}

/** Applies the pending steps of the schema, all or none; their names. Throws `DatabaseRefused`. */
export async function migrateSqlite(file: SqliteFile): Promise<readonly string[]> {
  return await connected(file, async (database, mustExist) => {
    const connection = connectionOf(database)
    readStatus(connection, mustExist)
    await makeDurable(database)
    const applied = applySteps(database, connection, file.clock)
    leaveMarker(file.path)
    database.close()
    return applied
  })
}

interface StoreParts {
  readonly lane: KeyLane
  readonly attempts: number
  readonly nextKey: NextKey
  readonly options: SqliteStoreOptions
}

function storeOver(database: DatabaseSync, connection: Connection, parts: StoreParts): Store {
  const { options, attempts, nextKey } = parts
  const index = openWalIndex(options.path)
  const checkpoints = createCheckpoints(database, index, options)
  const reader = createReader(connection, index)
  const journal = createAuditJournal()
  const commit = createGroupCommit(connection, {
    afterRequests: options.afterRequests,
    beforeTurn: reader.end,
    attempts,
    maxWaitMs: options.maxWaitMs ?? MAX_WAIT_MS,
    nowMs: () => performance.now(),
    upkeep: checkpoints,
    observer: options.observer,
    audit: journal.openChain(),
  })
  const lane = keepLane(commit, parts.lane)
  const close = async () => {
    await Promise.all([lane.close(), commit.close()])
    reader.end()
    if (!database.isOpen) return
    database.close()
    index.close()
  }
  const statistics = () => ({ ...commit.statistics(), logBytes: checkpoints.logBytes(), pool: null })
  const { read, generationOf } = reader
  const readBytes = sizeOfFile(options.path, { read })
  const driver = {
    ...{ read, generationOf, currentGenerationOf: generationOf },
    ...{ write: commit.write, writeTogether: commit.write },
  }
  return createSqlStore({ driver, journal, nextKey, lane: parts.lane.lane, statistics, readBytes, close })
}

/** Connects to a file and uses the connection; what goes wrong closes it, and is told with the name of the file. */
async function connected<T>(
  file: SqliteFile,
  use: (database: DatabaseSync, mustExist: boolean) => Promise<T>,
): Promise<T> {
  try {
    // Looked at first: another process may make the database meanwhile, and leaves its marker last.
    const mustExist = file.mustExist === true || wasMade(file.path)
    prepareFile(file.path, mustExist)
    const database = connect(file.path, file.busyTimeoutMs ?? BUSY_TIMEOUT_MS)
    try {
      return await use(database, mustExist)
    } catch (error) {
      if (database.isOpen) database.close()
      throw error
    }
  } catch (error) {
    throw refusal(file.path, error)
  }
}

function readStatus(connection: Connection, mustExist: boolean): SchemaStatus {
  const status = runAlone(connection, () => readSchema(WORDS))
  if (status.applied.length === 0 && mustExist) {
    throw new DatabaseRefused(
      'it is empty, although it must not be: restore it from a backup, or correct the path',
    )
  }
  return status
}

function applySteps(database: DatabaseSync, connection: Connection, clock: Clock): readonly string[] {
  const applied = runInTransaction(connection, () => migrate(WORDS, epochSeconds(clock)))
  // Should the log be lost later, the file must not look as if there never had been a database.
  database.exec('pragma wal_checkpoint(passive)')
  return applied
}
