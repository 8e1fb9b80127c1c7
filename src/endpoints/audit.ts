import type { Endpoint } from '../protocol/endpoint.ts'
import type { ErrorCode, OAuthError } from '../protocol/errors.ts'
import type { GrantType } from '../protocol/token.ts'
import type { AuditEvent, AuditEventType } from '../store/audit.ts'
import type { Call } from './call.ts'

/** What the audit log is told of requests that change nothing. */
export interface RequestAudit {
  /** Whether each token that was issued is recorded. Logins, refusals and revocations are in any case. */
  readonly recordsIssues: boolean
  /** Keeps what was refused, unless there is too much of the same at once: then how much. */
  refuse(event: AuditEvent): void
}

/** Characters of `details`: a scope may be long, and an event is kept for months. */
const MAX_DETAILS = 500

/** The end of the family tells of it. */
const REUSED = 'refresh_token_reused'

/** What was not understood was no attempt at anything, and what is sent again later is told then. */
const UNRECORDED: readonly ErrorCode[] = ['invalid_request', 'malformed_body', 'too_many_requests']

const TYPE_OF_GRANT: Readonly<Record<GrantType, AuditEventType>> = {
  password: 'login',
  client_credentials: 'issue',
  refresh_token: 'refresh',
}

/** The event that tells of a request: of a user and a client that were found, never of names that were sent. */
export function requestEvent(
  { services, tenant, policy, by, trace }: Call,
  type: AuditEventType,
  object: string | null,
  details: string | null,
  refusal: Pick<OAuthError, 'code' | 'reason'> | null,
): AuditEvent {
  return {
    type,
    atMs: services.clock(),
    tenant: tenant.id,
    actor: by.actor,
    user: trace.user ?? null,
    client: trace.client ?? null,
    object,
    surface: policy.surface,
    source: by.source,
    requestId: by.requestId,
    result: refusal === null ? 'ok' : refusal.code,
    reason: refusal === null ? null : refusal.reason,
    details:
      details !== null && details.length > MAX_DETAILS ? `${details.slice(0, MAX_DETAILS)} …` : details,
  }
}

/** What tokens are recorded as that a request is given; null: not at all. */
export function issueType(call: Call): AuditEventType | null {
  if (call.by.actor !== 'requester') return 'token.issue'
  const type = TYPE_OF_GRANT[call.trace.grant ?? 'client_credentials']
  return type === 'login' || call.services.audit.recordsIssues ? type : null
}

/** What a revocation is recorded as. */
export function revocationType({ by }: Call): AuditEventType {
  return by.actor === 'requester' ? 'revoke' : 'token.revoke'
}

/** Records that a request was refused, where that says something of a client, a user or a token. */
export function noteRefusal(refusal: OAuthError, endpoint: Endpoint, call: Call): void {
  if (UNRECORDED.includes(refusal.code) || refusal.reason === REUSED) return
  const type = refusedType(refusal, endpoint, call)
  if (type !== null) call.services.audit.refuse(requestEvent(call, type, null, null, refusal))
}

function refusedType({ code }: OAuthError, endpoint: Endpoint, { trace }: Call): AuditEventType | null {
  switch (endpoint) {
    case 'token':
      return trace.grant === undefined ? null : TYPE_OF_GRANT[trace.grant]
    case 'revocation':
      return 'revoke'
    case 'introspection':
      return code === 'invalid_client' ? 'authenticate' : null
    default:
      return null
  }
}
