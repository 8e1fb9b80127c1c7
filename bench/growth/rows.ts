import { sha256 } from '../../src/crypto/digest.ts'
import { createOpaqueToken } from '../../src/crypto/opaque-token.ts'
import { createRandom, type Random } from '../../src/crypto/random.ts'
import type { TokenRow } from '../../src/store/rows.ts'
import { createKeySequence, createRandomInteger } from '../../src/stores/key-sequence.ts'

/** What is in a database: half of what lives are access tokens of clients, the other half refresh tokens of users. */
export interface Contents {
  /** Tokens that live. Every other refresh token has been rotated once, and its spent parent is there, too. */
  readonly live: number
  readonly users: number
}

export interface Fill {
  readonly contents: Contents
  readonly rows: Iterable<TokenRow>
  /** Some of the tokens, evenly spread, of the rows that were drawn. */
  readonly access: readonly string[]
  readonly refresh: readonly string[]
  /** Refresh tokens that were issued right after one another, in this order, and are in no other list. */
  readonly refreshInOrder: readonly string[]
}

export const TENANT = 'rs256'
const CLIENT = 'batch'

/** Tokens were issued during so many days, at an even pace. */
export const DAYS = 20
const DAY = 86_400
/** The defaults of the standard surface: a refresh token lives so long unused, and its family so long in all. */
const IDLE = 30 * DAY
const WHOLE = 90 * DAY
const TOKEN_LENGTH = 43
const LANE = 1

/** No run asks for more. */
const SAMPLE = 600_000

/** One user has a login about this often. */
const LOGINS_OF_USER = 10

export function contentsOf(live: number): Contents {
  return { live, users: Math.max(1, Math.ceil(live / 2 / LOGINS_OF_USER)) }
}

export function userId(index: number): string {
  return `user-${index}`
}

/** Some tokens of a database with so many, as they are drawn one after another. */
export function createSample(live: number, random: Pick<Random, 'integer'>) {
  const access: string[] = []
  const refresh: string[] = []
  const refreshInOrder: string[] = []
  const sampled = Math.min(1, (2 * SAMPLE) / live)
  const isSampled = () => random.integer(2 ** 32) < sampled * 2 ** 32
  return {
    ...{ access, refresh, refreshInOrder },
    addAccess(token: string): void {
      if (isSampled()) access.push(token)
    },
    /** So many tokens were drawn before. */
    addRefresh(count: number, token: string): void {
      if (count >= live / 2 && refreshInOrder.length < SAMPLE) refreshInOrder.push(token)
      else if (isSampled()) refresh.push(token)
    },
  }
}

type Sample = ReturnType<typeof createSample>

/** Rows in the order of their keys, as a server has written them, and the tokens they belong to. */
export function makeFill(contents: Contents, now: number): Fill {
  const random = createRandom()
  const sample = createSample(contents.live, random)
  const { access, refresh, refreshInOrder } = sample
  return { contents, rows: drawRows(contents, now, random, sample), access, refresh, refreshInOrder }
}

function* drawRows(
  { live, users }: Contents,
  now: number,
  random: Random,
  sample: Sample,
): Generator<TokenRow> {
  const beganMs = (now - DAYS * DAY) * 1000
  // A minute before now: the keys of the server that is measured come after them.
  const stepMs = (DAYS * DAY * 1000 - 60_000) / live
  let nowMs = beganMs
  const nextKey = createKeySequence({
    clock: () => nowMs,
    random: createRandomInteger(),
    lane: LANE,
    after: 0,
  })
  for (let count = 0; count < live; count++) {
    nowMs = beganMs + count * stepMs
    const issuedAt = Math.floor(nowMs / 1000)
    const key = nextKey()
    const accessToken = createOpaqueToken(key, TOKEN_LENGTH, random)
    const refreshToken = createOpaqueToken(key, TOKEN_LENGTH, random)
    const row = {
      ...tokenRow(key, issuedAt),
      accessHash: sha256(accessToken),
    }
    if (count % 2 === 0) {
      sample.addAccess(accessToken)
      yield { ...row, accessExpiresAt: now + 30 * DAY }
      continue
    }
    const login = {
      ...row,
      userId: userId(random.integer(users)),
      grantType: 'password',
      accessExpiresAt: issuedAt + 3600,
      refreshHash: sha256(refreshToken),
      refreshExpiresAt: issuedAt + IDLE,
      familyExpiresAt: issuedAt + WHOLE,
    } as const
    if (count % 4 === 1) {
      sample.addRefresh(count, refreshToken)
      yield login
      continue
    }
    const successor = nextKey(key)
    const leafToken = createOpaqueToken(successor, TOKEN_LENGTH, random)
    sample.addRefresh(count, leafToken)
    yield { ...login, successor, spentAt: issuedAt }
    yield {
      ...login,
      ...{ key: successor, parent: key, family: key },
      accessHash: sha256(createOpaqueToken(successor, TOKEN_LENGTH, random)),
      refreshHash: sha256(leafToken),
    }
  }
}

function tokenRow(key: number, issuedAt: number): TokenRow {
  return {
    key,
    issuedAt,
    tenant: TENANT,
    surface: 'standard',
    clientId: CLIENT,
    userId: null,
    grantType: 'client_credentials',
    scope: ['read'],
    accessScope: ['read'],
    ...{ accessHash: null, accessExpiresAt: null, refreshHash: null, refreshExpiresAt: null },
    ...{ familyExpiresAt: null, family: null, parent: null, successor: null },
    ...{ spentAt: null, supersededAt: null, seenAt: null, revokedAt: null, jkt: null },
  }
}

/** In a random order (Fisher and Yates). */
export function shuffled<T>(values: readonly T[]): T[] {
  const result = [...values]
  for (let at = result.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    ;[result[at], result[other]] = [result[other] as T, result[at] as T]
  }
  return result
}

/** In a random order within each so many. */
export function shuffledWithin<T>(many: number, values: readonly T[]): T[] {
  const parts = Array.from({ length: Math.ceil(values.length / many) }, (_, part) =>
    shuffled(values.slice(part * many, (part + 1) * many)),
  )
  return parts.flat()
}
