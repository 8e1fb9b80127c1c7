/**
 * What the driver did and what it was told. Each fact is written down twice: as an intent before the request is sent,
 * and with its outcome after the answer. A fact without an outcome may have happened or not.
 */

export type Surface = 'spree' | 'standard' | 'newstore'

/** A login and all that was refreshed from it, or a single token of a client; named by the fact that made it. */
export type SubjectId = number

export type Action =
  | { readonly kind: 'login'; readonly surface: Surface }
  | { readonly kind: 'single'; readonly format: 'jwt' | 'opaque' }
  | { readonly kind: 'refresh'; readonly of: SubjectId }
  /** `access` ends one issue, `refresh` the whole family. */
  | { readonly kind: 'revoke'; readonly of: SubjectId; readonly token: 'access' | 'refresh' }
  | { readonly kind: 'introspect'; readonly of: SubjectId }
  | { readonly kind: 'disable' }
  | { readonly kind: 'enable' }
  | { readonly kind: 'secret'; readonly secret: string }
  /** A refresh token whose successor was used already: refused, and the end of the family. */
  | { readonly kind: 'reuse'; readonly of: SubjectId }
  | { readonly kind: 'rotate-keys' }

/** Tokens as they were answered. */
export interface Answered {
  readonly access: string
  readonly refresh: string | null
  /** Seconds since the epoch, by the server's clock. */
  readonly expiresAt: number
}

/** `unavailable`: 503, which promises that nothing was kept. `refused`: any other answer but success. */
export type Outcome =
  | { readonly kind: 'done'; readonly tokens: Answered | null }
  | { readonly kind: 'refused'; readonly status: number; readonly body: string }
  | { readonly kind: 'unavailable' }

export interface Fact {
  readonly id: number
  /** Each worker has a user and clients of its own, and does one thing after the other. */
  readonly worker: number
  readonly action: Action
  /** Null: nobody knows. */
  readonly outcome: Outcome | null
}
