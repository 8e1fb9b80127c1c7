import { byUsageKey, type Usage } from '../../store/usage.ts'
import { change, type Operation, placeHolders, type SqlValue } from './operation.ts'

/** Who, where and what for, within a tenant. */
export const USAGE_KEY = 'surface, use, user_id, client_id'

/** Who, where and what for, in all tenants. */
export const KEY_IN_ALL = `tenant, ${USAGE_KEY}`
const HOURS = `${KEY_IN_ALL}, hour, succeeded, failed, first_at, last_at, expires_in`
const FACTS = `${KEY_IN_ALL}, fact, value, calls, last_at`

/** Rows one statement adds. */
const AT_ONCE = 50

/** As many rows of parameters as one statement takes. What is left of the places is of no tenant. */
const places = (columns: string) =>
  `(values ${Array(AT_ONCE)
    .fill(`(${placeHolders(columns)})`)
    .join(', ')})`
const integers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => `cast(column${first + at} as bigint)`).join(', ')

// Rows in one order, so that no two nodes wait for each other.
const ADD_HOURS = `insert into usage_hours (${HOURS})
  select column1, column2, column3, column4, column5, ${integers(6, 11)} from ${places(HOURS)} as added
  where column1 is not null order by 1, 2, 3, 4, 5, 6
  on conflict (${KEY_IN_ALL}, hour) do update set
    succeeded = usage_hours.succeeded + excluded.succeeded,
    failed = usage_hours.failed + excluded.failed,
    first_at = case when usage_hours.first_at < excluded.first_at
      then usage_hours.first_at else excluded.first_at end,
    last_at = case when usage_hours.last_at > excluded.last_at
      then usage_hours.last_at else excluded.last_at end,
    expires_in = case when usage_hours.expires_in > excluded.expires_in
      then usage_hours.expires_in else excluded.expires_in end`
const ADD_FACTS = `insert into usage_facts (${FACTS})
  select column1, column2, column3, column4, column5, column6, column7, ${integers(8, 9)}
  from ${places(FACTS)} as added
  where column1 is not null order by 1, 2, 3, 4, 5, 6, 7
  on conflict (${KEY_IN_ALL}, fact, value) do update set
    calls = usage_facts.calls + excluded.calls,
    last_at = case when usage_facts.last_at > excluded.last_at
      then usage_facts.last_at else excluded.last_at end`

/** Adds to what there is. */
export function* addUsage(usages: readonly Usage[]): Operation<void> {
  const sorted = usages.toSorted(byUsageKey)
  const hours = sorted.flatMap((usage) =>
    usage.hours.map(({ hour, succeeded, failed, firstAt, lastAt, expiresIn }) => [
      ...keyOf(usage),
      ...[hour, succeeded, failed, firstAt, lastAt, expiresIn],
    ]),
  )
  const facts = sorted.flatMap((usage) =>
    usage.facts.map(({ fact, value, calls, lastAt }) => [...keyOf(usage), fact, value, calls, lastAt]),
  )
  yield* changeAll(ADD_HOURS, hours, 11)
  yield* changeAll(ADD_FACTS, facts, 9)
}

function* changeAll(sql: string, rows: readonly (readonly SqlValue[])[], columns: number): Operation<void> {
  const none = Array<null>(columns).fill(null)
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    yield* change(sql, ...Array.from({ length: AT_ONCE }, (_, at) => rows[from + at] ?? none).flat())
  }
}

function keyOf({ tenant, surface, use, user, client }: Usage): readonly string[] {
  return [tenant, surface, use, user ?? '', client ?? '']
}
