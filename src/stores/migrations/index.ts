/**
 * `migrations/` owns the schema: one file a step, which is never changed once it was released. Steps are run in the
 * order of their names, and remembered by name in the table `schema_steps`.
 *
 * A step whose name ends in `-additive` adds what older versions need not know: tables, indexes, and columns that may
 * be null or have a default. They go on with such a database, and start on it: that is what makes rolling upgrades.
 */
import type { EpochSeconds } from '../../protocol/time.ts'
import { DatabaseRefused } from '../../store/errors.ts'
import { change, type Operation, select } from '../sql/operation.ts'
import { initial } from './0001-initial.ts'
import { keptRows } from './0002-kept-rows-additive.ts'
import { loginFailures } from './0003-login-failures-additive.ts'
import { clientSecretUses } from './0004-client-secret-uses-additive.ts'
import { clientKeys } from './0005-client-keys-additive.ts'
import { audit } from './0006-audit-additive.ts'
import { dpop } from './0007-dpop-additive.ts'
import { brownOuts } from './0009-brown-outs-additive.ts'
import { usage } from './0010-usage-additive.ts'
import { importedKeys } from './0011-imported-keys-additive.ts'
import { integrations } from './0012-integrations-additive.ts'
import { refusals } from './0013-refusals-additive.ts'
import { followedRows } from './0014-followed-rows-additive.ts'

/** The words in which databases differ when tables are made. */
export interface SqlWords {
  /** A query for the names of all tables, one a row. */
  readonly tableNames: string
  /** 64 bits. */
  readonly integer: string
  /** Compared by code points. */
  readonly text: string
  readonly bytes: string
  readonly least: string
  readonly greatest: string
  /** How a generated column is kept. */
  readonly computed: string
  /** What follows the columns of a table that grows with its primary key, `key`. */
  readonly sequence: string
  /** The same of one whose parts nobody deletes at once. */
  readonly log: string
  /** The same of a table that is only ever read by its primary key. */
  readonly map: string
  /** What else makes a table that grows with `key`. */
  readonly sequenced: (table: string) => readonly string[]
  /** What makes changes of a table be told to all nodes, as far as the database does that. */
  readonly announced: (table: string) => readonly string[]
  /**
   * The same for a table whose rows nodes keep, or for those rows of it that fulfil a condition on the row as it was
   * or is.
   */
  readonly announcedRows: (table: string, isKept?: (row: 'old' | 'new') => string) => readonly string[]
}

/** The statements of each step, by its name. */
export type Steps = ReadonlyMap<string, (words: SqlWords) => readonly string[]>

/** Those of this version. */
export const STEPS: Steps = new Map([
  ['0001-initial', initial],
  ['0002-kept-rows-additive', keptRows],
  ['0003-login-failures-additive', loginFailures],
  ['0004-client-secret-uses-additive', clientSecretUses],
  ['0005-client-keys-additive', clientKeys],
  ['0006-audit-additive', audit],
  ['0007-dpop-additive', dpop],
  ['0009-brown-outs-additive', brownOuts],
  ['0010-usage-additive', usage],
  ['0011-imported-keys-additive', importedKeys],
  ['0012-integrations-additive', integrations],
  ['0013-refusals-additive', refusals],
  ['0014-followed-rows-additive', followedRows],
])

const ADDITIVE = '-additive'

export interface SchemaStatus {
  /** Names of the steps the database has. */
  readonly applied: readonly string[]
  /** Names of those it lacks. */
  readonly pending: readonly string[]
  /** Names of those it has that only a newer Mintkeeper knows, and this one can do without. */
  readonly newer: readonly string[]
}

/**
 * Which steps of the schema a database has. Throws `DatabaseRefused` if it is not ours, or has steps that only a
 * newer Mintkeeper knows and that are not additive.
 */
export function* readSchema({ tableNames }: SqlWords, steps = STEPS): Operation<SchemaStatus> {
  const tables = (yield* select(tableNames)).map(([name]) => name)
  const isOurs = tables.includes('schema_steps')
  if (!isOurs && tables.length > 0) {
    throw new DatabaseRefused(
      'it holds tables of another program and none of Mintkeeper: configure a database of its own',
    )
  }
  const rows = isOurs ? yield* select('select name from schema_steps order by name') : []
  const applied = rows.map(([name]) => name as string)
  const newer = applied.filter((name) => !steps.has(name))
  const unknown = newer.filter((name) => !name.endsWith(ADDITIVE))
  if (unknown.length > 0) {
    throw new DatabaseRefused(
      `its schema is newer than this version of Mintkeeper (unknown steps: ${unknown.join(', ')}): ` +
        'run the newer version again, or restore a backup made before the update',
    )
  }
  return { applied, pending: [...steps.keys()].filter((name) => !applied.includes(name)), newer }
}

/**
 * Applies the pending steps; their names. To be run in one transaction, in which nobody else can write: then either
 * all steps are done or none, and two nodes that start at once do not get into each other's way.
 */
export function* migrate(words: SqlWords, now: EpochSeconds, steps = STEPS): Operation<readonly string[]> {
  const { pending } = yield* readSchema(words, steps)
  yield* change(
    `create table if not exists schema_steps (
      name ${words.text} not null primary key,
      applied_at ${words.integer} not null
    ) ${words.map}`,
  )
  for (const name of pending) {
    for (const statement of steps.get(name)?.(words) ?? []) yield* change(statement)
    yield* change('insert into schema_steps (name, applied_at) values (?, ?)', name, now)
  }
  return pending
}
