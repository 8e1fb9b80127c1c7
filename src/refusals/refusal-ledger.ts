import type { Refusal, RefusalStore, RefusalsLeftOut } from '../store/refusals.ts'
import type { RefusalShare, RefusedParty } from './refusal-share.ts'

/** What was refused, and why. No request waits until that was found out, or written. */
export interface RefusalLedger<Refused> {
  /** Keeps a refused request until it is looked at, within about a second. Costs next to nothing. */
  note(refused: Refused): void
  /**
   * Looks at what was noted, and saves it, one run at a time: asked while one is underway, it resolves with that one.
   * Never rejects: what could not be saved is kept for the next time, as far as there is room.
   */
  write(): Promise<void>
  /** The last write. Waits for one that is underway, and saves what was noted meanwhile unless that has failed. */
  end(): Promise<void>
}

/** A request that was refused, with all it brought. */
export interface NotedRequest extends RefusedParty {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** Of its body, in characters. */
  readonly size: number
}

export interface RefusalLedgerOptions<Refused> {
  readonly store: Pick<RefusalStore, 'addRefusals'>
  readonly share: RefusalShare
  /** Finds out why. What it throws is a bug, and costs that one refusal. */
  readonly examine: (refused: Refused) => Promise<Refusal>
  readonly aSecondLater: (run: () => void) => void
  /** Waits until requests have had their turn. */
  readonly nextTurn: () => Promise<void>
  /** Of failures one after another the first is told. */
  readonly onFailure?: (cause: unknown) => void
}

/** Requests that wait to be looked at, and the characters of all their bodies. */
const MOST_WAITING = 200
const MOST_CHARACTERS = 1024 * 1024

/** Refusals that wait to be saved while the database can not be written, a kilobyte each. */
const MOST_UNSAVED = 1000

/** One transaction saves so many: some milliseconds, after which other writes have their turn. */
const SAVED_AT_ONCE = 50

const MINUTE_MS = 60_000

export function createRefusalLedger<Refused extends NotedRequest>(
  options: RefusalLedgerOptions<Refused>,
): RefusalLedger<Refused> {
  const { store, share, examine, aSecondLater, nextTurn, onFailure = () => {} } = options
  let waiting: Refused[] = []
  let characters = 0
  let unsaved: Refusal[] = []
  /** By tenant and minute. */
  let leftOut = new Map<string, RefusalsLeftOut>()
  let isPlanned = false
  let isFailing = false
  let underway: Promise<boolean> | null = null

  function plan(): void {
    if (isPlanned) return
    isPlanned = true
    aSecondLater(() => {
      isPlanned = false
      void write()
    })
  }

  function leaveOut({ tenant, atMs }: { readonly tenant: string | null; readonly atMs: number }, count = 1) {
    const minuteMs = atMs - (atMs % MINUTE_MS)
    const key = JSON.stringify([tenant, minuteMs])
    leftOut.set(key, { tenant, atMs: minuteMs, count: count + (leftOut.get(key)?.count ?? 0) })
  }

  function fail(cause: unknown): void {
    if (!isFailing) onFailure(cause)
    isFailing = true
  }

  /** How many could not be looked at. */
  async function examineAll(): Promise<number> {
    let lost = 0
    const noted = waiting
    waiting = []
    characters = 0
    for (const refused of noted) {
      await nextTurn()
      try {
        unsaved.push(await examine(refused))
      } catch (cause) {
        lost += 1
        leaveOut(refused)
        fail(cause)
      }
    }
    return lost
  }

  /** Whether all was saved. */
  async function save(): Promise<boolean> {
    const lost = await examineAll()
    const refusals = unsaved
    const counts = leftOut
    unsaved = []
    leftOut = new Map()
    let from = 0
    try {
      do {
        const ofThese = from === 0 ? [...counts.values()] : []
        await store.addRefusals(refusals.slice(from, from + SAVED_AT_ONCE), ofThese)
        from += SAVED_AT_ONCE
      } while (from < refusals.length)
      isFailing = lost > 0
      return true
    } catch (cause) {
      if (from === 0) for (const { count, ...minute } of counts.values()) leaveOut(minute, count)
      unsaved = refusals.slice(from)
      for (const refusal of unsaved.splice(MOST_UNSAVED)) leaveOut(refusal)
      fail(cause)
      plan()
      return false
    }
  }

  function write(): Promise<boolean> {
    underway ??= save().finally(() => {
      underway = null
    })
    return underway
  }

  return {
    note(refused) {
      plan()
      const hasRoom = waiting.length < MOST_WAITING && characters + refused.size <= MOST_CHARACTERS
      if (!hasRoom || !share.take(refused, refused.atMs)) return leaveOut(refused)
      waiting.push(refused)
      characters += refused.size
    },
    async write() {
      await write()
    },
    async end() {
      if (underway === null || (await underway)) await write()
    },
  }
}
