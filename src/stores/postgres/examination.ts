import type { EpochSeconds } from '../../protocol/time.ts'
import { readSchema, type SchemaStatus } from '../migrations/index.ts'
import { type Operation, select } from '../sql/operation.ts'
import { WORDS } from './dialect.ts'

/** What an operator should know of a database. */
export interface Examination {
  /** Such as `18.1`. */
  readonly version: string
  readonly synchronousCommit: string
  readonly fsync: string
  readonly schema: SchemaStatus
  /** The last day that has a partition, such as `20261129`; null: none has. */
  readonly lastDay: string | null
  /** Whether there are tokens in `tokens_default`. */
  readonly hasStrayed: boolean
  /** What time it is there. */
  readonly time: EpochSeconds
}

const SETTINGS = `select current_setting('server_version'), current_setting('synchronous_commit'),
  current_setting('fsync'), floor(extract(epoch from clock_timestamp()))::bigint`
const LAST_DAY = `select max(substr(c.relname, 8)) from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'tokens'::regclass and c.relname ~ '^tokens_[0-9]{8}$'`
const STRAYED = 'select 1 from tokens_default limit 1'

/** Changes nothing. Throws `DatabaseRefused` if the database is not ours. */
export function* examine(): Operation<Examination> {
  const [[version, synchronousCommit, fsync, time] = []] = yield* select(SETTINGS)
  const schema = yield* readSchema(WORDS)
  const isEmpty = schema.applied.length === 0
  const [last] = isEmpty ? [] : yield* select(LAST_DAY)
  const strayed = isEmpty ? [] : yield* select(STRAYED)
  return {
    version: String(version),
    synchronousCommit: String(synchronousCommit),
    fsync: String(fsync),
    schema,
    lastDay: (last?.[0] ?? null) as string | null,
    hasStrayed: strayed.length > 0,
    time: Number(time),
  }
}
