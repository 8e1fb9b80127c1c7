import type { ErrorCode } from '../protocol/errors.ts'
import type { SurfaceName } from '../protocol/policy.ts'
import type { Page } from './store.ts'

/** Of the token plane: what a request was about, done or refused. */
export const REQUEST_EVENTS = [
  /** Tokens for a user's password. */
  'login',
  /** Tokens for a client. */
  'issue',
  'refresh',
  /** A spent refresh token came again after its time: its family was revoked. */
  'reuse',
  'revoke',
  /** A client that could not prove who it is, at another endpoint. */
  'authenticate',
] as const

/** Of the control plane, the command line, the configuration and the server itself: changes, which were done. */
export const CHANGE_EVENTS = [
  'tenant.save',
  'tenant.end_tokens',
  'brownout.start',
  'brownout.end',
  'user.create',
  /** Taken over from the server that the user's surface is moved from, with a password that was proved there. */
  'user.learn',
  'user.update',
  'user.delete',
  'user.end_tokens',
  'user.unblock',
  'source.unblock',
  'client.create',
  'client.update',
  'client.delete',
  'client.end_tokens',
  'client.unblock',
  'client_secret.add',
  'client_secret.update',
  'client_secret.remove',
  'token.issue',
  'token.revoke',
  /** Of users, clients and tokens of another system: each run, when it begins and when it has ended. */
  'import.begin',
  'import.end',
  'signing_key.create',
  'signing_key.rotate',
  'signing_key.withdraw',
  'signing_key.import',
  /** Of the log itself: what is older was deleted, as the configuration says. */
  'audit.expire',
  /** Events that were not kept, because there were too many at once; `details` says how many. */
  'audit.suppress',
] as const

export type AuditEventType = (typeof REQUEST_EVENTS)[number] | (typeof CHANGE_EVENTS)[number]

/**
 * Who did it. `requester`: whoever sent a request to the token plane; see `user` and `client`. `admin`: the holder of the
 * admin token. `operator`: of the command line, by the name the system knows them by. `configuration`: what is written
 * there was applied. `server`: nobody asked for it.
 */
export type AuditActor = 'requester' | 'admin' | `operator:${string}` | 'configuration' | 'server'

/** One thing that was done or refused: who, what, when, from where, and the result. Never a secret. */
export interface AuditEvent {
  readonly type: AuditEventType
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** Null: it concerns all. */
  readonly tenant: string | null
  readonly actor: AuditActor
  /** The id of the user it concerns. */
  readonly user: string | null
  /** The id of the client it concerns. */
  readonly client: string | null
  /** What else it concerns: the id of a token's row, of a secret, the `kid` of a key. */
  readonly object: string | null
  readonly surface: SurfaceName | null
  /** The address it came from; null: nobody knows, or it came from no other machine. */
  readonly source: string | null
  readonly requestId: string | null
  readonly result: 'ok' | ErrorCode
  /** Why it was refused; see `Reason`. */
  readonly reason: string | null
  /** A few words more: the granted scope, the names of the fields that were changed. */
  readonly details: string | null
}

/** An event as it is kept. */
export interface AuditEntry extends AuditEvent {
  /** Names it, and in a list is where the next page begins. */
  readonly id: AuditEventId
}

/** `<key of its record>.<place in it>`, both in digits. Greater is later, but for what was done within the same moment. */
export type AuditEventId = string

export interface AuditQuery {
  /** Null: of all, and of none. */
  readonly tenant: string | null
  readonly types: readonly AuditEventType[] | null
  readonly user: string | null
  readonly client: string | null
  /** Milliseconds since the epoch, inclusive; null: from the first on. */
  readonly fromMs: number | null
  /** Exclusive; null: to the last. */
  readonly toMs: number | null
  /** Only what comes before. */
  readonly before: AuditEventId | null
  readonly limit: number
}

/** What was found wrong when the records were checked. */
export interface AuditFault {
  /** `changed`: it is not as it was written, or nobody who may has written it. `missing`: others tell of it. */
  readonly kind: 'changed' | 'missing'
  /** The key of the record. */
  readonly key: number
  /** The key of the record that tells of it; null: a head that was asked for does, or it is itself what is wrong. */
  readonly toldBy: number | null
}

export interface AuditReport {
  readonly records: number
  readonly events: number
  /** The first of them, and not more than some. Empty: all is as it was written. */
  readonly faults: readonly AuditFault[]
}

/** `<key of a record>.<its digest>`: as long as that record is there and unchanged, so are all before it in its chain. */
export type AuditHead = string

/** Of text that only somebody with the key can compute it: 43 characters of base64url. */
export type AuditDigest = (text: string) => string

export interface AuditStart {
  readonly digest: AuditDigest
  /** Is told of a record again and again, to be kept where who can change the database can not. */
  readonly onHead?: (head: AuditHead) => void
}

/**
 * What was done, by whom. Every method of the port that changes something takes the event that tells of it: it is kept
 * in the same transaction, if something was changed, and not otherwise.
 *
 * Events are kept in records, one a transaction and tenant, each of which names the one before it in its chain and is
 * authenticated with a key that the database does not have: who changes a record or takes one away is found out by
 * `verifyAudit`.
 */
export interface AuditStore {
  /** To be called before the first event: a store that has to keep one earlier throws. */
  startAudit(start: AuditStart): void
  /**
   * Keeps an event that belongs to no change. No I/O: it is written with the next transaction, within a second at the
   * latest, and is lost with a process that is killed before that.
   */
  noteEvent(event: AuditEvent): void
  /** Newest first. A page looks at so much only, and may hold fewer than `limit` and yet not be the last. */
  listEvents(query: AuditQuery): Promise<Page<AuditEntry, AuditEventId>>
  /** Checks every record. Reads all of them. `heads`: of records that must be there. */
  verifyAudit(heads: readonly AuditHead[]): Promise<AuditReport>
  /**
   * Deletes up to `limit` records that are older than a retention, by whole days (of UTC); how many went. Says so in an
   * event of its own, before.
   */
  purgeAudit(nowMs: number, retentionMs: number, limit: number): Promise<number>
}

const HEAD = /^[1-9]\d{0,15}\.[\w-]{43}$/

export function isAuditHead(text: string): text is AuditHead {
  return HEAD.test(text)
}
