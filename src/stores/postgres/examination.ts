import type { EpochSeconds } from '../../protocol/time.ts'
import { readSchema, type SchemaStatus } from '../migrations/index.ts'
import { type Operation, select } from '../sql/operation.ts'
import { WORDS } from './dialect.ts'
import { PARTITION_NAMES } from './partitions.ts'

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
const STRAYED = 'select 1 from tokens_default limit 1'

/** Changes nothing. Throws `DatabaseRefused` if the database is not ours. */
export function* examine(): Operation<Examination> {
  const [[version, synchronousCommit, fsync, time] = []] = yield* select(SETTINGS)
  const schema = yield* readSchema(WORDS)
  const isEmpty = schema.applied.length === 0
  const partitions = isEmpty ? [] : yield* select(PARTITION_NAMES)
  const strayed = isEmpty ? [] : yield* select(STRAYED)
  return {
    version: String(version),
    synchronousCommit: String(synchronousCommit),
    fsync: String(fsync),
    schema,
    lastDay: (partitions.at(-1)?.[0] as string | undefined)?.slice('tokens_'.length) ?? null,
    hasStrayed: strayed.length > 0,
    time: Number(time),
  }
}
