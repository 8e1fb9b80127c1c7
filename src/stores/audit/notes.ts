import type { AuditEvent } from '../../store/audit.ts'

/** Bounds the memory of events that wait, and what is lost with the process. */
const MAX_NOTES = 10_000

/** Events one transaction takes along, which is not to last much longer for them. */
const TAKEN_AT_ONCE = 250

/** Events that belong to no change, until a transaction takes them along. */
export interface Notes {
  add(event: AuditEvent): void
  isEmpty(): boolean
  /** Whether a transaction would be full of them. */
  areMany(): boolean
  /** Lets the next transaction take all there are: it may be the last. */
  end(): void
  /** Those whose turn it is; they are no longer here. */
  take(): readonly AuditEvent[]
  /** The transaction has failed. */
  putBack(events: readonly AuditEvent[]): void
}

export function createNotes(capacity = MAX_NOTES): Notes {
  let waiting: AuditEvent[] = []
  /** Of those there was no room for: the last, and how many. */
  let last: AuditEvent | null = null
  let lost = 0
  let takenAtOnce = TAKEN_AT_ONCE

  return {
    add(event) {
      if (waiting.length < capacity) {
        waiting.push(event)
        return
      }
      last = event
      lost += 1
    },
    isEmpty: () => waiting.length === 0,
    areMany: () => waiting.length >= TAKEN_AT_ONCE,
    end() {
      takenAtOnce = Number.POSITIVE_INFINITY
    },
    take() {
      const taken = waiting.splice(0, takenAtOnce)
      if (last === null) return taken
      const told = suppression(last.atMs, lost)
      last = null
      lost = 0
      return [...taken, told]
    },
    putBack(events) {
      waiting = [...events, ...waiting]
    },
  }
}

function suppression(atMs: number, count: number): AuditEvent {
  return {
    type: 'audit.suppress',
    atMs,
    tenant: null,
    actor: 'server',
    user: null,
    client: null,
    object: null,
    surface: null,
    source: null,
    requestId: null,
    result: 'ok',
    reason: null,
    details: `${count} events, because too many waited to be written`,
  }
}
