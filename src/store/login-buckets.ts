import { foldedLogin } from '../protocol/login-name.ts'
import type { Seconds } from '../protocol/time.ts'
import { type LoginBucket, leakOf } from './login-failures.ts'

/** Who tries to log in, and from where. */
export interface Login {
  readonly tenant: string
  /** Null: nobody has the name. */
  readonly userId: string | null
  /** As it was sent. */
  readonly username: string
  /** As `sourceOf` names it; null: not known. */
  readonly source: string | null
}

/** A client that authenticates by a secret, and from where. */
export interface ClientLogin {
  readonly tenant: string
  /** As it was sent. */
  readonly clientId: string
  /** Whether it has a secret that can be guessed. */
  readonly isGuessable: boolean
  readonly source: string | null
}

/** In which buckets failed logins count, and how they are named there. */
export interface LoginBuckets {
  /**
   * At most two, that of the user or client first; none: nothing is limited. Clients have others than users, so that an
   * integration with an old secret locks nobody out; and those that can not be guessed have others than those that can.
   */
  of(login: Login | ClientLogin): readonly LoginBucket[]
  /** The digest of a user in all its buckets. */
  ofUser(tenant: string, userId: string): string
  /** The digest of a client in all its buckets. */
  ofClient(tenant: string, clientId: string): string
  /** The digest of a source in all buckets of users, and in its own. */
  ofSource(tenant: string, source: string): string
  /** The digest of a source in the bucket of the clients that can be guessed. */
  ofClientSource(tenant: string, source: string): string
  /** What fits into a bucket of a user or client, and into that of a source; null: that is off. */
  readonly perUser: ReturnType<typeof leakOf> | null
  readonly perSource: ReturnType<typeof leakOf> | null
}

export interface LoginBucketsOptions {
  /** What nobody can compute without the key of the installation. */
  readonly digest: (text: string) => string
  /** Of one user, or one client, from one source, within `USER_WINDOW`; 0: any number. */
  readonly failuresPerUser: number
  /** Of all users, or all clients, from one source, within `SOURCE_WINDOW`; 0: any number. */
  readonly failuresPerSource: number
  /** Sources from which many users log in, such as a shop: for these, users and clients are told apart only. */
  readonly isTrusted: (source: string) => boolean
}

const USER_WINDOW: Seconds = 900
const SOURCE_WINDOW: Seconds = 86_400

/** 256 bits, as base64url. */
const DIGEST_LENGTH = 43

export function createLoginBuckets(options: LoginBucketsOptions): LoginBuckets {
  const { failuresPerUser, failuresPerSource, isTrusted } = options
  const perUser = failuresPerUser === 0 ? null : leakOf(failuresPerUser, USER_WINDOW)
  const perSource = failuresPerSource === 0 ? null : leakOf(failuresPerSource, SOURCE_WINDOW)
  // As JSON, so that no part can run over into the next.
  const digest = (...parts: readonly (string | null)[]) =>
    options.digest(JSON.stringify(parts)).slice(0, DIGEST_LENGTH)
  const ofSource = (tenant: string, source: string | null) => digest('source', tenant, source)
  const ofClientSource = (tenant: string, source: string | null) => digest('clients', tenant, source)
  const ofUser = (tenant: string, userId: string) => digest('user', tenant, userId)
  const ofClient = (tenant: string, clientId: string) => digest('client', tenant, clientId)

  function userOf({ tenant, userId, username }: Login): string {
    return userId === null ? digest('name', tenant, foldedLogin(username)) : ofUser(tenant, userId)
  }

  function sourceOf({ tenant, isGuessable, source }: ClientLogin): string {
    return isGuessable ? ofClientSource(tenant, source) : digest('strong clients', tenant, source)
  }

  return {
    perUser,
    perSource,
    ofUser,
    ofClient,
    ofSource,
    ofClientSource,
    of(login) {
      const { tenant, source } = login
      const isClient = 'clientId' in login
      const user = isClient ? ofClient(tenant, login.clientId) : userOf(login)
      const from = ofSource(tenant, source)
      const ofAll = isClient ? sourceOf(login) : from
      const buckets: LoginBucket[] = []
      if (perUser !== null) buckets.push({ user, source: from, ...perUser })
      // Those of whom nothing is known are not one: anybody could lock out all the others.
      if (perSource !== null && source !== null && !isTrusted(source)) {
        buckets.push({ user: null, source: ofAll, ...perSource })
      }
      return buckets
    },
  }
}
