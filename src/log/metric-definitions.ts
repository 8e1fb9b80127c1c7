/**
 * Every metric of Mintkeeper's own: its name, what it says, and the closed set of values each of its labels can have.
 * No label ever has a value that came with a request, so the number of series is bounded whatever is sent. Tenants
 * and clients are no labels for the same reason: the log and the spans name them.
 *
 * Names follow Prometheus: base units (seconds, bytes), `_total` for what only grows.
 */
import { ENDPOINTS } from '../protocol/endpoint.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import { SIGNING_ALGORITHMS } from '../protocol/jwt.ts'
import { LEGACY_SURFACES, SURFACE_NAMES } from '../protocol/policy.ts'
import { GRANT_TYPES } from '../protocol/token.ts'
import { UPSTREAM_QUESTIONS } from '../protocol/upstream.ts'

export interface MetricDefinition<Label extends string = string> {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  /** The values each label can have; null: one that is the same as long as the process lives. */
  readonly labels: Readonly<Record<Label, readonly string[] | null>>
  /** Upper bounds; only of histograms. */
  readonly buckets: readonly number[]
}

/** The compiler asks for new codes. */
const OUTCOMES: Readonly<Record<'ok' | ErrorCode, true>> = {
  ok: true,
  invalid_request: true,
  invalid_client: true,
  invalid_grant: true,
  unauthorized_client: true,
  unsupported_grant_type: true,
  invalid_scope: true,
  invalid_dpop_proof: true,
  invalid_token: true,
  expired_token: true,
  revoked_token: true,
  credential_in_query: true,
  malformed_body: true,
  gone: true,
  not_found: true,
  method_not_allowed: true,
  content_too_large: true,
  too_many_requests: true,
  temporarily_unavailable: true,
  server_error: true,
}

/** What came of a question. */
export const UPSTREAM_RESULTS = ['answered', 'refused', 'failed', 'timeout', 'open', 'busy'] as const

const surface = SURFACE_NAMES
/** `none`: the path is unknown. */
const endpoint = [...ENDPOINTS, 'none']

const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const COMMIT_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5,
]
const WRITES = [1, 2, 4, 8, 16, 32, 64, 128, 256]

export const METRICS = {
  requests: counter('mintkeeper_requests_total', 'Requests to the token plane that were answered.', {
    surface,
    endpoint,
    // `none`: not the token endpoint. `other`: no grant type that is on here.
    grant_type: [...GRANT_TYPES, 'other', 'none'],
    outcome: Object.keys(OUTCOMES),
    status: ['2xx', '3xx', '4xx', '5xx'],
  }),
  requestSeconds: histogram(
    'mintkeeper_request_duration_seconds',
    'Time from the head of a request to its answer.',
    { surface, endpoint },
    REQUEST_SECONDS,
  ),
  reuses: counter(
    'mintkeeper_refresh_token_reuses_total',
    'Refresh tokens that were shown again after their time: stolen, or a client that keeps old ones. The family was revoked.',
  ),
  replays: counter(
    'mintkeeper_refresh_token_replays_total',
    'Refreshes that were answered once more with the same tokens: answers that got lost, or tabs that race.',
  ),
  mutedSecrets: counter(
    'mintkeeper_muted_secret_uses_total',
    'Requests of clients that authenticated with a muted secret. The log names them, with the note `muted secret`.',
  ),
  storeFailures: counter(
    'mintkeeper_store_failures_total',
    'Requests that were answered 503 because the database could not be read or written.',
  ),
  reloadFailures: counter(
    'mintkeeper_cache_reload_failures_total',
    'Times that cached values could not be read anew; the old ones stay in use.',
    { cache: ['tenants', 'signing_keys'] },
  ),
  commitSeconds: histogram(
    'mintkeeper_commit_duration_seconds',
    'Time of one commit: the flush to the disk, or the round trip to the database server that does it.',
    {},
    COMMIT_SECONDS,
  ),
  commitWrites: histogram('mintkeeper_commit_writes', 'Writes that shared one commit.', {}, WRITES),
  waitingWrites: gauge('mintkeeper_waiting_writes', 'Writes that wait for their transaction.'),
  poolConnections: gauge(
    'mintkeeper_pool_connections',
    'Open connections to the database server. Not with SQLite.',
  ),
  poolInUse: gauge('mintkeeper_pool_connections_in_use', 'Those that are in use. Not with SQLite.'),
  poolWaiting: gauge(
    'mintkeeper_pool_waiting_requests',
    'What waits for a free connection. Not with SQLite.',
  ),
  hashWaiting: gauge(
    'mintkeeper_hash_queue_length',
    'Passwords that wait for their turn to be hashed or compared.',
  ),
  hashWaitSeconds: histogram(
    'mintkeeper_hash_queue_wait_seconds',
    'Time a password waited for its turn.',
    {},
    REQUEST_SECONDS,
  ),
  hashRefusals: counter(
    'mintkeeper_hash_queue_refusals_total',
    'Passwords that were refused with 503, because too many waited already: in all, or from the same source.',
    { bound: ['queue', 'source'] },
  ),
  hashAbandoned: counter(
    'mintkeeper_hash_queue_abandoned_total',
    'Passwords that were not hashed, because whoever asked had gone.',
  ),
  loginBlocks: counter(
    'mintkeeper_login_blocks_total',
    'Logins that were refused whatever the password was, because too many had failed: of the user or from its source.',
  ),
  clientBlocks: counter(
    'mintkeeper_client_blocks_total',
    'Clients that were refused whatever the secret was, because too many had been wrong: of the client or from its source.',
  ),
  upstreamRequests: counter(
    'mintkeeper_upstream_requests_total',
    'What the servers were asked that surfaces are moved from, and what came of it.',
    {
      surface: LEGACY_SURFACES,
      question: UPSTREAM_QUESTIONS,
      // `open`: it was not asked, because it has failed too often. `busy`: nor then, because too many wait for it.
      result: UPSTREAM_RESULTS,
    },
  ),
  upstreamSeconds: histogram(
    'mintkeeper_upstream_request_duration_seconds',
    'Time until such a server has answered or was given up, with the wait for a turn.',
    { surface: LEGACY_SURFACES },
    REQUEST_SECONDS,
  ),
  upstreamOpen: gauge(
    'mintkeeper_upstream_open_breakers',
    'Tenants whose server of this kind is not asked now, because it has failed too often. Absent before the first question.',
    { surface: LEGACY_SURFACES },
  ),
  upstreamUsers: counter(
    'mintkeeper_upstream_users_learned_total',
    'Users who have their password here since a login that such a server has found right.',
    { surface: LEGACY_SURFACES },
  ),
  purgeRuns: counter('mintkeeper_purge_runs_total', 'Purges of expired tokens that were finished.'),
  purgeFailures: counter('mintkeeper_purge_failures_total', 'Purges that failed.'),
  purgedRows: counter('mintkeeper_purged_rows_total', 'Rows that purges deleted.'),
  purgedAt: gauge(
    'mintkeeper_purge_last_success_timestamp_seconds',
    'When this process last finished a purge. Absent before the first.',
  ),
  tokenRows: gauge(
    'mintkeeper_token_rows',
    'Rows of tokens, by an estimate. Of live ones a token is still good or a reuse would be noticed; dead ones are purged a day later.',
    { state: ['live', 'dead'] },
  ),
  databaseBytes: gauge(
    'mintkeeper_database_bytes',
    'What the database takes on the disk, indexes and log included.',
  ),
  databaseLogBytes: gauge(
    'mintkeeper_database_log_bytes',
    "The part of SQLite's log that is in use. Not with PostgreSQL.",
  ),
  signingKeys: gauge('mintkeeper_signing_keys', 'Signing keys of all tenants.', {
    algorithm: SIGNING_ALGORITHMS,
    state: ['announced', 'active', 'retired', 'withdrawn'],
  }),
  activeKeyAge: gauge(
    'mintkeeper_active_signing_key_age_seconds',
    'Time since the oldest active signing key was made.',
    { algorithm: SIGNING_ALGORITHMS },
  ),
  buildInfo: gauge('mintkeeper_build_info', 'Always 1; the label names the version.', { version: null }),
}

function counter<Label extends string = never>(
  name: string,
  help: string,
  labels = {} as MetricDefinition<Label>['labels'],
): MetricDefinition<Label> {
  return { type: 'counter', name, help, labels, buckets: [] }
}

function gauge<Label extends string = never>(
  name: string,
  help: string,
  labels = {} as MetricDefinition<Label>['labels'],
): MetricDefinition<Label> {
  return { type: 'gauge', name, help, labels, buckets: [] }
}

function histogram<Label extends string = never>(
  name: string,
  help: string,
  labels: MetricDefinition<Label>['labels'],
  buckets: readonly number[],
): MetricDefinition<Label> {
  return { type: 'histogram', name, help, labels, buckets }
}
