import type { AuditEvent } from '../../store/audit.ts'
import type { TokenKey } from '../../store/rows.ts'
import { firstKeyAt } from '../key-sequence.ts'

const DAY_MS = 86_400_000

/** The beginning of the day (of UTC) before which everything is to go: so it moves, and is told of, once a day. */
export function expiryBound(nowMs: number, retentionMs: number): number {
  return Math.floor((nowMs - retentionMs) / DAY_MS) * DAY_MS
}

/** Tells that what was written before a time is missing for good reason. */
export function expiryEvent(nowMs: number, boundMs: number): AuditEvent {
  return {
    type: 'audit.expire',
    atMs: nowMs,
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
    details: new Date(boundMs).toISOString(),
  }
}

/** The lowest key that must be there, as far as events tell; null: they do not. */
export function firstKeptKey(events: readonly AuditEvent[]): TokenKey | null {
  const keys = events
    .filter(({ type }) => type === 'audit.expire')
    .map(({ details }) => firstKeyAt(Date.parse(details ?? '')))
  return keys.length === 0 ? null : Math.max(...keys)
}
