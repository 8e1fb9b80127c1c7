import { StoreConflict } from '../../store/errors.ts'
import { AdminError } from './admin-error.ts'
import { changesOf } from './apply-change.ts'
import type { Expectation } from './operations.ts'

/** How often a change is made anew because somebody else changed the row meanwhile. */
const ATTEMPTS = 5

interface RowAccess<Row> {
  /** What the row is, for messages: `user`. */
  readonly noun: string
  find(): Promise<Row | null>
  /** The row as it shall be. May be called more than once. */
  change(row: Row): Row | Promise<Row>
  save(changed: Row, before: Row): Promise<Row>
}

/**
 * Reads, changes and saves a row, again if it was changed meanwhile; with an expected version it is refused with
 * `changed` instead. Throws `not_found`, and `conflict` where the store says that a name is taken.
 */
export async function changeRow<Row extends { readonly version: number }>(
  access: RowAccess<Row>,
  { version }: Expectation,
): Promise<Row> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const row = await access.find()
    if (row === null) throw notFound(access.noun)
    if (version !== undefined && row.version !== version) break
    const changed = await access.change(row)
    try {
      return await access.save(changed, row)
    } catch (thrown) {
      if (!(thrown instanceof StoreConflict) || thrown.kind === 'exists') throw toConflict(thrown)
      if (version !== undefined) break
    }
  }
  throw new AdminError('changed', `The ${access.noun} was changed by somebody else. Read it again.`)
}

/** The names of the fields that are changed, for the audit log: none of their values. */
export function fieldsChanged(before: object, changed: object): string | null {
  const names = changesOf(before, changed).map((name) => (name === 'passwordHash' ? 'password' : name))
  return names.length === 0 ? null : names.join(' ')
}

export function notFound(noun: string): AdminError {
  return new AdminError('not_found', `There is no ${noun} with this id.`)
}

/** What the store refused, as an operation's error; anything else as it is. */
export function toConflict(thrown: unknown): unknown {
  if (!(thrown instanceof StoreConflict)) return thrown
  const code = thrown.kind === 'exists' ? 'conflict' : 'changed'
  return new AdminError(code, `${thrown.message.charAt(0).toUpperCase()}${thrown.message.slice(1)}.`)
}
