import type { EpochSeconds } from '../protocol/time.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { KnownRow } from '../store/imported-rows.ts'
import type { UserRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import type { ChangedHere, ImportEvent, ImportKind, Refused, RowRules } from './import.ts'
import type { Tally } from './report.ts'

/** What the writer needs of a store; of a dry run too, which writes nothing: see `dry-run.ts`. */
export type ImportTarget = Pick<
  Store,
  | 'nextKey'
  | 'importUsers'
  | 'findKnownUsers'
  | 'followUsers'
  | 'importClient'
  | 'findKnownClient'
  | 'followClient'
  | 'importTokens'
  | 'findLiveImportedTokens'
  | 'endImportedTokens'
  | 'findCurrentUser'
  | 'listClients'
>

export interface ImportOptions {
  readonly tenant: string
  readonly target: ImportTarget
  readonly rules: RowRules
  /** Whether what was changed here is brought to the state of the source as well, where that has changed too. */
  readonly overwritesChanged: boolean
  readonly eventOf: ImportEvent
  /**
   * An end (`tokensValidAfter`) that is later than every token of these users; null: tokens outlive a change of the
   * password, as those do that come along.
   */
  readonly endOfTokens: ((users: readonly UserRow[]) => Promise<EpochSeconds>) | null
  readonly now: EpochSeconds
  /** Told of each refusal, and of what was changed on both sides, as soon as it is known. */
  readonly onRefused: (refused: Refused | ChangedHere) => Promise<void> | void
  /** Told after each batch how many rows were dealt with. */
  readonly onProgress?: (rows: number) => void
}

/** What the writers of users, clients and tokens have in common. */
export interface ImportRun extends Omit<ImportOptions, 'onRefused' | 'onProgress'> {
  readonly tally: Tally
  added(kind: 'user' | 'client', id: string): void
  refuse(of: ImportKind, place: string, reason: string): Promise<void>
  /** Of a row that differs from the source in these fields, and is not changed. */
  tellChanged(
    of: ImportKind,
    place: string,
    known: KnownRow<unknown>,
    fields: readonly string[],
  ): Promise<void>
}

/** Rows that are changed in one transaction, each by statements of its own: it keeps others waiting for a tenth of a second. */
const CHANGED_AT_ONCE = 500

/** What is changed in one transaction after the other. */
export function* changesInParts<Change>(changes: readonly Change[]): Generator<readonly Change[]> {
  for (let start = 0; start < changes.length; start += CHANGED_AT_ONCE)
    yield changes.slice(start, start + CHANGED_AT_ONCE)
}

/** How often a write is tried, and how long after it could not be done. */
const ATTEMPTS = 10
const PAUSE_MS = 1000

/** Of a database that is busy or restarts, what a server answers with 503. A write that is repeated changes nothing. */
export async function patiently<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write()
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable) || attempt === ATTEMPTS) throw thrown
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

/** Errors of the rules are for the operator; any other is a bug, and ends the import. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error && thrown.name === 'AdminError') return thrown.message
  throw thrown
}
