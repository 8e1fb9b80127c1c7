/**
 * `import/` owns how users, clients and live tokens of another system come in: readers, one for each system, that know
 * its data and nothing of the store, and one writer, which knows the store and nothing of the systems. It knows neither
 * the rules for rows, which are the operations' (`RowRules`), nor a command line.
 */
import type { Scope } from '../protocol/scope.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { GrantType } from '../protocol/token.ts'
import type { AuditEvent } from '../store/audit.ts'
import type { Changed, ChangeEventType } from '../store/change-event.ts'
import type { ImportMark } from '../store/imported-rows.ts'
import type { Claims, ClientRow, Sha256, TokenRow, UserRow } from '../store/rows.ts'
import type { Said } from './follow.ts'

/** What is imported, in the order it has to come: the holders of tokens before the tokens. */
export const IMPORT_KINDS = ['user', 'client', 'token'] as const

export type ImportKind = (typeof IMPORT_KINDS)[number]

/** A user of another system; nothing was checked yet. */
export interface ImportedUser {
  /** The `sub`, the same whenever the user is read: by it a second run knows whom the first has brought. */
  readonly id: string
  readonly username: string
  readonly email: string | null
  /** In a form that `crypto/password.ts` can verify; null: may not log in with a password. */
  readonly passwordHash: string | null
  readonly roles: readonly string[]
  readonly scopes?: Scope | null
  readonly claims?: Claims
  readonly disabled?: boolean
  /** Null: nobody knows. */
  readonly createdAt: EpochSeconds | null
}

/** A client of another system; nothing was checked yet. */
export interface ImportedClient {
  readonly id: string
  readonly name: string | null
  readonly public: boolean
  /** As it was handed out, or as a hash that `crypto/client-secret.ts` can verify; null: it has none. */
  readonly secret: { readonly text: string } | { readonly hash: string } | null
  readonly grants: readonly GrantType[]
  readonly scopes: Scope
  readonly createdAt: EpochSeconds | null
}

/** What was issued together in another system, and of which something still works; see `TokenRow`. */
export interface ImportedToken
  extends Pick<
      TokenRow,
      | 'surface'
      | 'clientId'
      | 'userId'
      | 'grantType'
      | 'scope'
      | 'issuedAt'
      | 'accessHash'
      | 'accessExpiresAt'
    >,
    Pick<TokenRow, 'refreshHash' | 'refreshExpiresAt' | 'familyExpiresAt'> {
  /**
   * Hash of the refresh token it was issued for, if that may still work as well: it ends when one of these tokens is
   * used. It must have come before.
   */
  readonly replaces: Sha256 | null
}

/** One thing that a reader has found. `place` says where, for whoever has to look: `spree_users id 17`, `line 12`. */
export type ImportItem =
  | {
      readonly kind: 'user'
      readonly place: string
      readonly user: ImportedUser
      /** False: the source does not say which password the user has, and who is here keeps theirs. Absent: true. */
      readonly passwordIsTold?: boolean
      /** Why the user comes only if it is here already, and counts as left out otherwise. */
      readonly gone?: string
    }
  | { readonly kind: 'client'; readonly place: string; readonly client: ImportedClient }
  | { readonly kind: 'token'; readonly place: string; readonly token: ImportedToken }
  | LeftOut
  | Ended
  | Refused
  | Settle

/** The reader has to be told what became of all that it has read, before it goes on. */
export interface Settle {
  readonly kind: 'settle'
}

/** What needs not come, such as a token that has expired: it is counted, by its reason, and not listed. */
export interface LeftOut {
  readonly kind: 'left out'
  readonly of: ImportKind
  readonly reason: string
}

/** A token that works no more: if it was imported it ends here as well, and else it needs not come. */
export interface Ended {
  readonly kind: 'ended'
  readonly of: 'token'
  readonly accessHash: Sha256
  readonly reason: string
}

/** What should have come and can not. It is listed. */
export interface Refused {
  readonly kind: 'refused'
  readonly of: ImportKind
  readonly place: string
  /** Reads on from the place: `has no e-mail address`. Never holds a secret. */
  readonly reason: string
}

/** What was changed in the source since it was imported, and here as well: it stays as it is here. It is listed. */
export interface ChangedHere {
  readonly kind: 'changed here'
  readonly of: ImportKind
  readonly place: string
  /** Reads on from the place. Never holds a secret. */
  readonly reason: string
}

/** The event that tells of what an import does to one row. */
export type ImportEvent = (type: ChangeEventType, changed: Omit<Changed, 'tenant'>) => AuditEvent

/** The data of another system, to be read once. */
export interface ImportReader {
  /** Whether live tokens come along, which there outlive a change of the password. */
  readonly hasTokens: boolean
  /** Throws `ImportFailed` if there is something wrong with the whole. */
  items(): AsyncIterable<ImportItem>
  /** Told of whoever was not here before this run, by the time it is settled. */
  added?(kind: 'user' | 'client', id: string): void
  /** How much of it was read, from 0 to 1; null: nobody knows. */
  progress(): number | null
  /** What the operator should know of what was read; complete when all was. */
  notes(): readonly string[]
  close(): Promise<void>
}

/** The rules for rows. Each throws an Error, whose message is for the operator, for what breaks one. */
export interface RowRules {
  user(user: ImportedUser): UserRow
  /** `before`: the mark of what an import has said of the client last; null: none has, or it is not here. */
  client(client: ImportedClient, before: ImportMark | null): Promise<Said<ClientRow>>
}

/** The source can not be read, or not as it is. The message is for the operator: what is wrong, and what to do. */
export class ImportFailed extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ImportFailed'
  }
}
