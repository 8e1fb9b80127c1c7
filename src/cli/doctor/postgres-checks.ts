import { type EpochSeconds, epochSeconds } from '../../protocol/time.ts'
import { examinePostgres } from '../../stores/postgres/database.ts'
import type { Examination } from '../../stores/postgres/examination.ts'
import { outcomeOf } from '../failure.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** How far the clocks of a node and of the database may be apart. Seconds. */
const CLOCK_TOLERANCE = 5

/** The server, its settings and the schema of a PostgreSQL database. Changes nothing. */
export async function checkPostgres(url: string): Promise<readonly Check[]> {
  let found: Examination
  try {
    found = await examinePostgres({ url, clock: Date.now })
  } catch (thrown) {
    return [fail('server', outcomeOf(thrown).message?.split('\n', 1)[0] ?? '')]
  }
  return postgresChecks(found, epochSeconds(Date.now))
}

/** What there is to say of an examination, at a time of this machine. */
export function postgresChecks(found: Examination, now: EpochSeconds): readonly Check[] {
  const { version, schema, synchronousCommit, fsync, time } = found
  return [
    ok('server', `PostgreSQL ${version}`),
    schema.pending.length === 0
      ? ok('schema', schema.applied.at(-1) ?? 'empty')
      : warn('schema', `lacks ${schema.pending.join(', ')}: run mintkeeper migrate up, or start the server`),
    durability(synchronousCommit, fsync),
    ...(schema.applied.length === 0 ? [] : [partitions(found, now)]),
    Math.abs(time - now) <= CLOCK_TOLERANCE
      ? ok('clock', 'agrees with that of the database')
      : warn('clock', `is ${now - time} seconds ahead of that of the database: synchronise both, with NTP`),
  ]
}

function durability(synchronousCommit: string, fsync: string): Check {
  const name = 'durability'
  if (fsync === 'off') return fail(name, 'fsync is off: a crash of the machine loses tokens. Set it to on')
  if (synchronousCommit === 'off')
    return warn(name, 'synchronous_commit is off, which is overridden. Set it to on')
  return ok(name, `fsync is ${fsync}, synchronous_commit is ${synchronousCommit}`)
}

function partitions({ lastDay, hasStrayed }: Examination, now: EpochSeconds): Check {
  const name = 'partitions'
  const tomorrow = dayOf(now + 86_400)
  if (lastDay === null || lastDay < tomorrow) {
    return warn(name, `there are none from ${tomorrow} on: a server that runs makes them, if its user may`)
  }
  if (hasStrayed) {
    return warn(name, 'tokens_default holds tokens: a clock is or was wrong, or days could not be made')
  }
  return ok(name, `up to ${lastDay}`)
}

function dayOf(time: EpochSeconds): string {
  return new Date(time * 1000).toISOString().slice(0, 10).replaceAll('-', '')
}
