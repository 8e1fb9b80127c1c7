/**
 * The port: what decisions need of a database. A store knows rows, atomicity and durability; it knows no
 * protocol, no policy, no clock and no secret in the clear. Every implementation passes the same conformance
 * suite (`test/stores/conformance.ts`).
 *
 * Durability: a method that writes resolves only when the write would survive the loss of the process (and, for
 * databases that promise it, of power). A write that can not be done throws `StoreUnavailable`, with nothing kept.
 */

import type { SigningAlgorithm } from '../protocol/jwt.ts'
import type { EpochSeconds, Seconds } from '../protocol/time.ts'
import type { AuditEvent, AuditStore } from './audit.ts'
import type { BrownOutStore } from './brown-outs.ts'
import type { ClientSecretUseStore } from './client-secret-uses.ts'
import type { ImportStore } from './imported-rows.ts'
import type { LoginFailureStore } from './login-failures.ts'
import type { StoreStatistics } from './observer.ts'
import type { RefusalStore } from './refusals.ts'
import type { ClientRow, Sha256, SigningKeyRow, TenantRow, TokenKey, TokenRow, UserRow } from './rows.ts'
import type { StoreSize } from './size.ts'
import type { SpentAssertionStore } from './spent-assertions.ts'
import type { UsageStore } from './usage.ts'

export interface Store
  extends TokenStore,
    UserStore,
    ClientStore,
    SuccessorStore,
    ImportStore,
    ClientSecretUseStore,
    SpentAssertionStore,
    TenantStore,
    SigningKeyStore,
    LoginFailureStore,
    BrownOutStore,
    AuditStore,
    UsageStore,
    RefusalStore {
  /** Small facts the server keeps about itself, such as the digest of the configuration it last applied. */
  findFact(name: string): Promise<string | null>
  saveFact(name: string, value: string): Promise<void>
  /** Saves a fact unless there is one of the name; what is in force then. Of many who claim at once, one wins. */
  claimFact(name: string, value: string): Promise<string>
  /**
   * Tells one listener of changes by other processes, as far as the database does that at once: which table was
   * changed, `tenants`, `brown_outs` or `signing_keys`; null: anything may have been. Who keeps what was read must ask again after a
   * while all the same.
   */
  onChange(listener: (table: string | null) => void): void
  /** Throws if the database can not be read and written. */
  check(): Promise<void>
  /** No I/O. */
  statistics(): StoreStatistics
  /**
   * How much there is, at a cost that does not grow with it: tokens are sampled, and rows of other tables counted no
   * further than `countUpTo`.
   */
  size(countUpTo: number): Promise<StoreSize>
  close(): Promise<void>
}

export interface TokenStore {
  /**
   * A key no row has: greater than all this node gave before and than that of the row it descends from, close to the
   * others in time. No I/O.
   */
  nextKey(parent?: TokenKey): TokenKey
  findToken(key: TokenKey): Promise<TokenRow | null>
  /**
   * Finds a row that was imported from another system, whose tokens carry no selector, by either token's hash. If there
   * is none of the tenant, it may be another's: a token is known by whoever was the first to import it.
   */
  findImportedToken(hash: Sha256, tenant: string): Promise<TokenRow | null>
  /**
   * Spends, extends, inserts and rehashes in one transaction; all or nothing. A row whose key is taken overwrites
   * nothing: `StoreUnavailable`.
   */
  issue(write: IssueWrite): Promise<IssueOutcome>
  /**
   * Notes that a successor's access token was shown: sets its `seenAt` and its parent's `supersededAt`, each
   * unless already set.
   */
  markSeen(key: TokenKey, parent: TokenKey, now: EpochSeconds): Promise<void>
  /** Revokes one row; true if it was not revoked before. */
  revokeToken(key: TokenKey, now: EpochSeconds, event?: AuditEvent): Promise<boolean>
  /**
   * Revokes the refresh token family of a row: what it descends from and what descends from it, those rows included
   * that are being written meanwhile. Idempotent. Costs a little for each row of the family.
   */
  revokeFamily(member: TokenKey, now: EpochSeconds, event?: AuditEvent): Promise<void>
  /** Denies one JWT until it expires. `id` is its `jti`, or `sha256:` + base64url of its hash where it has none. */
  denyJwt(tenant: string, id: string, expiresAt: EpochSeconds, event?: AuditEvent): Promise<void>
  isJwtDenied(tenant: string, id: string): Promise<boolean>
  /** Rows of a tenant, newest first. */
  listTokens(query: TokenQuery): Promise<Page<TokenRow, TokenKey>>
  /**
   * Deletes up to `limit` rows of which nothing is of use any more, and expired denials and assertions; how many went, less than
   * `limit` only if no more are left. An access token counts until it expires, revoked or not; a refresh token until
   * it or its family expires, it is revoked, or it was spent 30 days ago. `now` is to be a day ago or more, so that
   * a family holds together while any of its tokens is of use. With millions of rows it may take minutes to find none:
   * `isStopped` ends it before.
   */
  purge(now: EpochSeconds, limit: number, isStopped?: () => boolean): Promise<number>
  /** How `purge` is to be called again and again such that requests do not notice it. */
  readonly purgePace: PurgePace
}

export interface PurgePace {
  /** So many rows a call, or more if more are written meanwhile. */
  readonly rows: number
  /** At least so long between two calls. */
  readonly pauseMs: number
  /** So long dead rows may be left to be deleted together with others. */
  readonly leftFor: Seconds
}

/** The one write of a token request. */
export interface IssueWrite {
  /**
   * The row this request spends. It must have a refresh token, be unspent and not revoked, and becomes spent with
   * `row` as its successor; otherwise nothing is written.
   */
  readonly spend: { readonly key: TokenKey; readonly now: EpochSeconds } | null
  /** The row whose refresh token is used again and lives on (`keep`). Must not be revoked. */
  readonly extend: Extension | null
  /** What is issued; null if there is nothing to remember. If it names a `parent`, that must be there, unrevoked. */
  readonly row: TokenRow | null
  /**
   * Replaces a user's password hash by a stronger one of the same password, if it still is `from`, and then counts as
   * a change of the user. If it is not, the rest is written all the same.
   */
  readonly rehash: {
    readonly tenant: string
    readonly userId: string
    readonly from: string
    readonly to: string
  } | null
  readonly event?: AuditEvent | null
}

/** The new ends of a row's tokens. */
export interface Extension {
  readonly key: TokenKey
  /** Null: it never expires. */
  readonly refreshExpiresAt: EpochSeconds | null
  /**
   * Of the last of the access tokens that count on the row. Never shortens: the later of this and the row's own end
   * counts. Null leaves the row's end as it is; a row without an end keeps having none.
   */
  readonly accessExpiresAt: EpochSeconds | null
}

/**
 * `lost`: the row to spend or extend, or the parent, was spent, revoked or purged by somebody else; nothing was
 * written.
 */
export type IssueOutcome = 'issued' | 'lost'

export interface TokenQuery {
  readonly tenant: string
  readonly userId: string | null
  readonly clientId: string | null
  /** Only rows with a smaller key. */
  readonly before: TokenKey | null
  readonly limit: number
}

export interface Page<Row, Cursor> {
  readonly rows: readonly Row[]
  /** Where the next page begins; null: this was the last. A page may hold fewer than `limit` rows and yet not be the last. */
  readonly next: Cursor | null
}

export interface UserStore {
  /** By user name or e-mail address; see `loginKey`. As it is now. */
  findUserByLogin(tenant: string, login: string): Promise<UserRow | null>
  /** May lack what another node has changed within the last second. */
  findUser(tenant: string, id: string): Promise<UserRow | null>
  /** As it is now. */
  findCurrentUser(tenant: string, id: string): Promise<UserRow | null>
  /** Throws `StoreConflict('exists')` if the id, the user name or the e-mail address is taken. */
  insertUser(user: UserRow, event?: AuditEvent): Promise<void>
  /** Replaces the row whose version is `user.version`, which grows by one. Throws `StoreConflict`. */
  updateUser(user: UserRow, event?: AuditEvent): Promise<UserRow>
  /** True if there was one. Its tokens are dead with it. The id is not given again. */
  deleteUser(tenant: string, id: string, event?: AuditEvent): Promise<boolean>
  /** Whether the id was that of a user who is deleted. As it is now. */
  isUserDeleted(tenant: string, id: string): Promise<boolean>
  /** In the order of their ids. */
  listUsers(tenant: string, after: string | null, limit: number): Promise<Page<UserRow, string>>
}

export interface ClientStore {
  /** May lack what another node has changed within the last second. That there is none is so now. */
  findClient(tenant: string, id: string): Promise<ClientRow | null>
  /** As it is now. */
  findCurrentClient(tenant: string, id: string): Promise<ClientRow | null>
  /** Throws `StoreConflict('exists')`. */
  insertClient(client: ClientRow, event?: AuditEvent): Promise<void>
  /**
   * Replaces the row whose version is `client.version`, which grows by one. What is known of uses of secrets that it has
   * no more goes with them. Throws `StoreConflict`.
   */
  updateClient(client: ClientRow, event?: AuditEvent): Promise<ClientRow>
  /** As `updateClient`, with a stronger hash of the same secret: no change of what an import has brought. */
  rehashClient(client: ClientRow, event?: AuditEvent): Promise<ClientRow>
  /** True if there was one. */
  deleteClient(tenant: string, id: string, event?: AuditEvent): Promise<boolean>
  listClients(tenant: string, after: string | null, limit: number): Promise<Page<ClientRow, string>>
}

export interface SuccessorStore {
  /**
   * Inserts a client and replaces the row of the user whose place it takes: both or neither. As `insertClient` and
   * `updateUser`, each with its event.
   */
  insertSuccessor(client: ClientRow, user: UserRow, events?: SuccessorEvents): Promise<UserRow>
  /** Those who have a successor, in the order of their ids. */
  listUsersWithSuccessor(tenant: string, after: string | null, limit: number): Promise<Page<UserRow, string>>
}

export interface SuccessorEvents {
  readonly client: AuditEvent
  readonly user: AuditEvent
}

export interface TenantStore {
  listTenants(): Promise<readonly TenantRow[]>
  /** Inserts or replaces. */
  saveTenant(tenant: TenantRow, event?: AuditEvent): Promise<void>
  /**
   * Ends every token of the tenant that was issued earlier, for good: from then on no user and no client of it, there
   * already or not yet, is read with a `tokensValidAfter` before this. Of several ends the latest counts.
   */
  endTokens(tenant: string, issuedBefore: EpochSeconds, event?: AuditEvent): Promise<void>
}

export interface SigningKeyStore {
  listSigningKeys(tenant: string): Promise<readonly SigningKeyRow[]>
  /**
   * Saves the first keys of a tenant and algorithm, unless one is active there: true if these are now in force.
   * Throws `StoreConflict('exists')` if a `kid` is known.
   */
  createSigningKeys(keys: readonly SigningKeyRow[], event?: AuditEvent): Promise<boolean>
  /**
   * Replaces all changed rows at once, if `activeKid` still is the active key and none of them has been withdrawn;
   * false (nothing done) otherwise.
   */
  replaceSigningKeys(change: SigningKeyChange, event?: AuditEvent): Promise<boolean>
  /** Deletes retired keys whose time has come; how many went. */
  purgeSigningKeys(now: EpochSeconds): Promise<number>
}

export interface SigningKeyChange {
  readonly tenant: string
  readonly algorithm: SigningAlgorithm
  /** Null: none. */
  readonly activeKid: string | null
  /** Rows to insert, or to replace where the `kid` is known. */
  readonly rows: readonly SigningKeyRow[]
}

/** What users are found by: an e-mail address in lower case, a user name as it is. */
export function loginKey(login: string): string {
  return login.includes('@') ? login.toLowerCase() : login
}
