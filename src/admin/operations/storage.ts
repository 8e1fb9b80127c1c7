import { type EpochSeconds, epochSeconds, type Seconds } from '../../protocol/time.ts'
import type { RowCount, SampledToken, StoreSize, TokenSample } from '../../store/size.ts'
import type { Operations } from './operations.ts'
import { PURGE_GRACE } from './purge.ts'

const HOUR: Seconds = 3600
const DAY: Seconds = 86_400

/** How far ahead is looked. */
const HORIZON: Seconds = 30 * DAY

/** How long after its time a dead row may still be there without anything being wrong. */
const PURGE_TOLERANCE: Seconds = HOUR

/** What a row takes with its indexes, about; a small database has other bytes than those of its rows. */
const MOST_BYTES_A_ROW = 400

/** How much a database holds, and how much it is going to. Counts of tokens may be estimates: see `isExact`. */
export interface StorageReport {
  /** Null: it is not on a disk. */
  readonly bytes: number | null
  /** The part of `bytes` that the next rows are written into; null: not known. */
  readonly freeBytes: number | null
  readonly tokens: TokenReport
  /** Rows of the other tables. */
  readonly tables: readonly (RowCount & { readonly table: string })[]
  readonly forecast: {
    readonly at: EpochSeconds
    /** Rows of tokens, if as many are written as in the last day, and they live as long. */
    readonly rows: number
    /** Null: it is not on a disk. */
    readonly bytes: number | null
  }
}

export interface TokenReport {
  /** Whether every row was counted. */
  readonly isExact: boolean
  readonly rows: number
  /** Rows of which something is of use: tokens that can be used, and those of which reuse must be noticed. */
  readonly live: number
  /** The other rows, which are kept for a day and then deleted. */
  readonly dead: number
  /** Dead rows that should have been deleted by now: the purge is off, or does not keep up. */
  readonly overdue: number
  /** Live rows that die within a day, and within a week. */
  readonly dyingInDay: number
  readonly dyingInWeek: number
  /** Rows written within the last day. */
  readonly writtenInDay: number
  /** Rows that were written on each of the last days (UTC) and are still there, the latest first. */
  readonly days: readonly { readonly day: EpochSeconds; readonly rows: number }[]
}

const DAYS_REPORTED = 8

/** Rows of tables other than tokens are counted up to a limit. */
export async function measureStorage(
  { store, clock }: Pick<Operations, 'store' | 'clock'>,
  countUpTo: number,
): Promise<StorageReport> {
  return reportOf(await store.size(countUpTo), epochSeconds(clock), store.purgePace.leftFor)
}

/** `leftFor`: how long the store may leave dead rows. */
export function reportOf(size: StoreSize, now: EpochSeconds, leftFor: Seconds = 0): StorageReport {
  const overdueSince = now - PURGE_GRACE - leftFor - PURGE_TOLERANCE
  const tokens = describeTokens(size.tokens, now, overdueSince)
  const rows = Math.round(forecastRows(size.tokens.rows, now))
  return {
    bytes: size.bytes,
    freeBytes: size.freeBytes,
    tokens,
    tables: [...size.tables].map(([table, count]) => ({ table, ...count })),
    forecast: { at: now + HORIZON, rows, bytes: forecastBytes(size, tokens.rows, rows) },
  }
}

function describeTokens(
  { rows: sample, isAll: isExact }: TokenSample,
  now: EpochSeconds,
  overdueSince: EpochSeconds,
): TokenReport {
  const count = (fits: (row: SampledToken) => boolean) => Math.round(weigh(sample.filter(fits)))
  const today = now - (now % DAY)
  const days = Array.from({ length: DAYS_REPORTED }, (_, index) => {
    const day = today - index * DAY
    return { day, rows: count(({ writtenAt }) => writtenAt >= day && writtenAt < day + DAY) }
  })
  return {
    isExact,
    rows: count(() => true),
    live: count(({ deadAt }) => deadAt > now),
    dead: count(({ deadAt }) => deadAt <= now),
    overdue: count(({ deadAt }) => deadAt < overdueSince),
    dyingInDay: count(({ deadAt }) => deadAt > now && deadAt <= now + DAY),
    dyingInWeek: count(({ deadAt }) => deadAt > now && deadAt <= now + 7 * DAY),
    writtenInDay: count(({ writtenAt }) => writtenAt > now - DAY),
    days,
  }
}

/**
 * Rows at the horizon: those of today that are not deleted by then, and those to come. Of these each is there for its
 * life, so there are as many as come in a second, times the seconds they are there on average. Only the last day is
 * asked for that: nothing of it has been deleted yet, however short its life.
 */
function forecastRows(sample: readonly SampledToken[], now: EpochSeconds): number {
  const staying = weigh(sample.filter(({ deadAt }) => deadAt + PURGE_GRACE > now + HORIZON))
  const oldest = sample.reduce((first, { writtenAt }) => Math.min(first, writtenAt), now)
  const span = Math.min(DAY, Math.max(HOUR, now - oldest))
  const lastDay = sample.filter(({ writtenAt }) => writtenAt > now - span)
  const stay = ({ deadAt, writtenAt }: SampledToken) => Math.max(0, deadAt - writtenAt) + PURGE_GRACE
  const seconds = lastDay.reduce((sum, row) => sum + row.weight * Math.min(stay(row), HORIZON), 0)
  return staying + seconds / span
}

/** A database does not shrink: what is deleted makes room for what comes. */
function forecastBytes(size: StoreSize, rows: number, rowsThen: number): number | null {
  if (size.bytes === null) return null
  const used = size.bytes - (size.freeBytes ?? 0)
  const bytesARow = Math.min(MOST_BYTES_A_ROW, rows === 0 ? MOST_BYTES_A_ROW : used / rows)
  return Math.round(Math.max(size.bytes, used + (rowsThen - rows) * bytesARow))
}

function weigh(sample: readonly SampledToken[]): number {
  return sample.reduce((sum, { weight }) => sum + weight, 0)
}
