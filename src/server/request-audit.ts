import type { RequestAudit } from '../endpoints/audit.ts'
import { createFloodLimit, type FloodLimitOptions } from '../log/flood-limit.ts'
import { sourceOf } from '../protocol/source.ts'
import type { Clock } from '../protocol/time.ts'
import type { AuditEvent, AuditStore } from '../store/audit.ts'

export interface RequestAuditOptions {
  readonly store: Pick<AuditStore, 'noteEvent'>
  readonly clock: Clock
  readonly recordsIssues: boolean
  readonly schedule?: FloodLimitOptions<AuditEvent>['schedule']
}

/**
 * Records refusals under the limits that the log has for its lines, of each tenant and type apart. How many more there
 * were is told by one event for each source, and one for all other sources.
 */
export function createRequestAudit(options: RequestAuditOptions): RequestAudit & { flush(): void } {
  const { store, clock, recordsIssues, schedule } = options
  const limit = createFloodLimit<AuditEvent>({
    reasonOf: ({ tenant, type, reason }) => `${tenant} ${type} ${reason}`,
    originOf: ({ source }) => sourceOf(source),
    write: store.noteEvent,
    tell: (first, suppressed, of) => store.noteEvent(suppressedEvent(first, suppressed, of, clock())),
    schedule,
  })
  return { recordsIssues, refuse: limit.take, flush: limit.flush }
}

function suppressedEvent(
  first: AuditEvent,
  suppressed: number,
  of: 'its origin' | 'others',
  atMs: number,
): AuditEvent {
  return {
    ...first,
    type: 'audit.suppress',
    atMs,
    actor: 'server',
    user: null,
    client: null,
    object: first.type,
    surface: null,
    source: of === 'others' ? null : sourceOf(first.source),
    requestId: null,
    details: `${suppressed} more`,
  }
}
