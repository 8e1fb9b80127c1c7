import type { EpochSeconds, Seconds } from '../../protocol/time.ts'
import { firstKeyAt } from '../key-sequence.ts'
import { change, type Operation, type SqlDriver, select } from '../sql/operation.ts'
import { keysOf, LOCK_PARTITIONS, PARTITION_NAMES, type Partition, SHORT_LOCK } from './partitions.ts'

/**
 * Days that are long past, and in which something lives on, become one partition a month, and months one a year:
 * else refresh tokens that never expire would leave a partition a day for ever.
 *
 * The rows are copied into a table beside the others, a few at a time, while triggers repeat in it what is changed in
 * those that were copied. Then it takes the place of the days, in one transaction. How far it has come is in a fact,
 * so that any node goes on where another has stopped; until the last transaction nobody else notices anything.
 */
export interface Span {
  /** `tokens_202611` or `tokens_2026`: what the names of its parts begin with. */
  readonly name: string
  readonly firstKey: number
  readonly endKey: number
}

const DAY: Seconds = 86_400

/** A month or year that has ended so long ago is put together. */
const LET_REST: Seconds = 7 * DAY

/** What is dead so soon goes as a whole, at no cost. */
const GOES_SOON: Seconds = 60 * DAY

const COPIED_AT_ONCE = 400

/** The months that can be put together, and the years whose months are. */
export function spansOf(partitions: readonly Partition[], now: EpochSeconds): readonly Span[] {
  const months = ready('tokens_202601'.length)
  const years = ready('tokens_2026'.length).filter((year) => !months.some((month) => month.startsWith(year)))
  return [...months, ...years].map((name) => ({ name, ...keysOf(name) }))

  /** Of the parts whose names begin with the same so many characters. */
  function ready(length: number): readonly string[] {
    const spans = Map.groupBy(partitions, ({ name }) => name.slice(0, length))
    return [...spans].filter(([name, parts]) => isOver(name) && isWorthIt(parts)).map(([name]) => name)
  }

  function isOver(name: string): boolean {
    return keysOf(name).endKey <= firstKeyAt((now - LET_REST) * 1000)
  }

  function isWorthIt(parts: readonly Partition[]): boolean {
    return parts.length > 1 && parts.every(({ lastDeadAt }) => (lastDeadAt ?? 0) > now + GOES_SOON)
  }
}

// Of the schema as it is: a newer version may have added to it.
const COLUMNS = `select string_agg(quote_ident(attname), ', ' order by attnum)
  from pg_attribute where attrelid = to_regclass(?) and attnum > 0 and attgenerated = '' and not attisdropped`
const HAS_STRAYED = 'select 1 from tokens_default where key >= ? and key < ? limit 1'
const COPIED = 'select value from facts where name = ?'
const START = `insert into facts (name, value) values (?, ?)
  on conflict (name) do update set value = excluded.value`
const ADVANCE = 'update facts set value = ? where name = ?'
const FORGET = 'delete from facts where name = ?'
// Nobody changes what is being copied, so the copy is what a trigger will find.
const HOLD_NEXT = `select key from tokens where key > ? and key < ? order by key limit ${COPIED_AT_ONCE} for share`

/** Puts the parts of a span together, in many transactions. Whether that is done. */
export async function unite(
  driver: Pick<SqlDriver, 'write'>,
  span: Span,
  pause: () => Promise<boolean>,
): Promise<boolean> {
  if (!(await driver.write(() => startCopy(span)))) return false
  for (;;) {
    while (await driver.write(() => copyNext(span))) if (!(await pause())) return false
    const outcome = await driver.write(() => takePlace(span))
    if (outcome !== 'more') return outcome === 'done'
  }
}

/** Makes the table, unless it was begun before. False: rows of it are where they cannot be taken from. */
function* startCopy(span: Span): Operation<boolean> {
  const { name, firstKey, endKey } = span
  yield* select(LOCK_PARTITIONS)
  if ((yield* select(HAS_STRAYED, firstKey, endKey)).length > 0) return false
  const columns = yield* columnsOf('tokens')
  if ((yield* copiedUpTo(span)) !== null && (yield* columnsOf(name)) === columns) return true
  const members = yield* membersOf(span)
  if (members.length < 2) return false
  yield* change(SHORT_LOCK)
  // Of a copy that was begun before the schema was added to.
  yield* change(`drop function if exists ${name}_follow() cascade`)
  yield* change(`drop table if exists ${name}`)
  yield* change(`create table ${name} (like tokens including all,
    constraint ${name}_keys check (key >= ${firstKey} and key < ${endKey}))`)
  yield* change(`create function ${name}_follow() returns trigger language plpgsql as $follow$ begin
      if tg_op <> 'INSERT' then delete from ${name} where key = old.key; end if;
      if tg_op <> 'DELETE' then insert into ${name} (${columns}) select ${columns} from (select new.*) as changed; end if;
      return null;
    end $follow$`)
  for (const member of members) {
    yield* change(`create trigger mintkeeper_follow after insert or update or delete on ${member}
      for each row execute function ${name}_follow()`)
  }
  yield* change(START, factOf(span), textOf(firstKey - 1))
  return true
}

/** Copies the next rows; false: there are no more. */
function* copyNext(span: Span): Operation<boolean> {
  yield* select(LOCK_PARTITIONS)
  const copied = yield* copiedUpTo(span)
  if (copied === null) return false
  const keys = yield* select(HOLD_NEXT, copied, span.endKey)
  const last = keys.at(-1)?.[0]
  if (typeof last !== 'number') return false
  const columns = yield* columnsOf('tokens')
  yield* change(
    `insert into ${span.name} (${columns}) select ${columns} from tokens where key > ? and key <= ?
      on conflict (key) do nothing`,
    copied,
    last,
  )
  yield* change(ADVANCE, textOf(last), factOf(span))
  return true
}

/** `gone`: somebody else has done it. `more`: there are rows to copy. */
function* takePlace(span: Span): Operation<'done' | 'gone' | 'more'> {
  const { name, firstKey, endKey } = span
  yield* select(LOCK_PARTITIONS)
  const copied = yield* copiedUpTo(span)
  if (copied === null) return 'gone'
  // Nobody reads or writes tokens from then until the end, which is near.
  yield* change(SHORT_LOCK)
  yield* change('lock table tokens in access exclusive mode')
  if ((yield* select(HOLD_NEXT, copied, endKey)).length > 0) return 'more'
  const members = yield* membersOf(span)
  for (const member of members) yield* change(`alter table tokens detach partition ${member}`)
  yield* change(`alter table tokens attach partition ${name} for values from (${firstKey}) to (${endKey})`)
  if (members.length > 0) yield* change(`drop table ${members.join(', ')}`)
  yield* change(`drop function ${name}_follow()`)
  yield* change(FORGET, factOf(span))
  return 'done'
}

function* columnsOf(table: string): Operation<string> {
  const [row] = yield* select(COLUMNS, table)
  return String(row?.[0])
}

function* membersOf({ name }: Span): Operation<readonly string[]> {
  const names = (yield* select(PARTITION_NAMES)).map(([known]) => known as string)
  return names.filter((known) => known.startsWith(name) && known !== name)
}

/** The key up to which rows are copied; null: nobody has begun, or all is done. */
function* copiedUpTo(span: Span): Operation<number | null> {
  const [row] = yield* select(COPIED, factOf(span))
  return row === undefined ? null : Number(row[0])
}

function factOf({ name }: Span): string {
  return `copied_up_to/${name}`
}

/** As all keys in facts are written. */
function textOf(key: number): string {
  return String(key).padStart(16, '0')
}
