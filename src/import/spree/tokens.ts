import { sha256 } from '../../crypto/digest.ts'
import { parseScope, type Scope } from '../../protocol/scope.ts'
import type { EpochSeconds, Seconds } from '../../protocol/time.ts'
import type { Sha256 } from '../../store/rows.ts'
import type { ImportedToken, ImportItem } from '../import.ts'
import { type ColumnOf, epochOf, isSpreeUser, type NamedRow } from './source.ts'

export interface SpreeTokenRules {
  readonly now: EpochSeconds
  /** What the surface says of refresh tokens, from their issue on; null: no end. */
  readonly refreshExpiresIn: Seconds | null
  readonly refreshIdleExpiresIn: Seconds | null
  /** 64 hexadecimal digits that were issued earlier are the token itself; later ones, its SHA-256. */
  readonly plainHexBefore: EpochSeconds
  /** Tokens issued earlier were looked at by an earlier run, and those that are not here any more have ended since. */
  readonly seenBefore: EpochSeconds | null
}

/** Whom a token may belong to. */
export interface SpreeHolders {
  hasUser(id: string): boolean
  /** The `client_id` of an application. */
  clientOf(applicationId: string): string | null
  /** Whether one of the two has come with this run: then no earlier one can have brought a token of theirs. */
  isAdded(userId: string | null, clientId: string | null): boolean
}

type TokenColumns = NamedRow<ColumnOf<'spree_oauth_access_tokens'>>

/** Doorkeeper 5.1 makes tokens of 43 characters, and from Spree 4.4 on stores their SHA-256. */
export const FIRST_LONG_TOKENS: EpochSeconds = Date.UTC(2019, 6) / 1000

const HEX = /^[0-9a-f]{64}$/

/** What a row of `spree_oauth_access_tokens` is worth: a token that something still works of, or not. */
export function readToken(
  row: TokenColumns,
  place: string,
  holders: SpreeHolders,
  rules: SpreeTokenRules,
): ImportItem {
  const refused = (reason: string) => ({ kind: 'refused', of: 'token', place, reason }) as const
  const leftOut = (reason: string) => ({ kind: 'left out', of: 'token', reason }) as const
  const issuedAt = epochOf(row.created_at)
  if (issuedAt === null) return refused('has no time of issue')
  if (row.revoked_at !== null) return endedToken(row, issuedAt, rules)
  const life = row.expires_in === null ? null : Number(row.expires_in)
  if (life !== null && !Number.isSafeInteger(life)) return refused('has no number of seconds in expires_in')
  if (row.token === null || row.token === '') return refused('has no token')
  const accessExpiresAt = life === null ? null : issuedAt + life
  const refresh = row.refresh_token === '' ? null : row.refresh_token
  const ends = endsOfRefresh(issuedAt, rules)
  const isRefreshDead = refresh === null || ends.isPast
  if (accessExpiresAt !== null && accessExpiresAt <= rules.now && isRefreshDead) return leftOut('expired')
  const { resource_owner_id: owner, application_id: application } = row
  const clientId = application === null ? null : holders.clientOf(application)
  const isSeen = rules.seenBefore !== null && issuedAt < rules.seenBefore
  if (isSeen && !holders.isAdded(owner, clientId)) return leftOut('seen by an earlier import')

  if (owner === null && application === null) return refused('belongs to no user and no application')
  if (!isSpreeUser(row.resource_owner_type)) return refused('belongs to no Spree::User')
  if (owner !== null && !holders.hasUser(owner)) return refused('its user is not there, or deleted')
  if (application !== null && clientId === null)
    return refused('its application is not there, or was refused')
  const scope = scopeOf(row.scopes)
  if (scope === null) return refused('has scopes that are none')

  const isPlain = isStoredPlain(row.token, refresh, issuedAt, rules)
  const token: ImportedToken = {
    surface: 'spree',
    clientId,
    userId: owner,
    grantType: owner === null ? 'client_credentials' : 'password',
    scope,
    issuedAt,
    accessHash: hashOf(row.token, isPlain),
    accessExpiresAt,
    refreshHash: isRefreshDead ? null : hashOf(refresh, isPlain),
    refreshExpiresAt: isRefreshDead ? null : ends.refreshExpiresAt,
    familyExpiresAt: isRefreshDead ? null : ends.familyExpiresAt,
    replaces: row.previous_refresh_token ? hashOf(row.previous_refresh_token, isPlain) : null,
  }
  return { kind: 'token', place, token }
}

function endedToken(
  { token, refresh_token: refresh }: TokenColumns,
  issuedAt: EpochSeconds,
  rules: SpreeTokenRules,
): ImportItem {
  if (token === null || token === '') return { kind: 'left out', of: 'token', reason: 'revoked' }
  const accessHash = hashOf(token, isStoredPlain(token, refresh || null, issuedAt, rules))
  return { kind: 'ended', of: 'token', accessHash, reason: 'revoked' }
}

function isStoredPlain(
  token: string,
  refresh: string | null,
  issuedAt: EpochSeconds,
  { plainHexBefore }: SpreeTokenRules,
): boolean {
  return issuedAt < plainHexBefore && [token, refresh].every((text) => text === null || HEX.test(text))
}

/**
 * The SHA-256 of a token, whichever of the two is stored. Taken for the wrong one, it is the hash of nothing that
 * anybody has: what stands in the table never works as a token.
 */
function hashOf(stored: string, isPlain: boolean): Sha256 {
  return HEX.test(stored) && !isPlain ? new Uint8Array(Buffer.from(stored, 'hex')) : sha256(stored)
}

function endsOfRefresh(issuedAt: EpochSeconds, rules: SpreeTokenRules) {
  const familyExpiresAt = rules.refreshExpiresIn === null ? null : issuedAt + rules.refreshExpiresIn
  const idleAt = rules.refreshIdleExpiresIn === null ? null : issuedAt + rules.refreshIdleExpiresIn
  const ends = [familyExpiresAt, idleAt].filter((end) => end !== null)
  const refreshExpiresAt = ends.length === 0 ? null : Math.min(...ends)
  return {
    familyExpiresAt,
    refreshExpiresAt,
    isPast: refreshExpiresAt !== null && refreshExpiresAt <= rules.now,
  }
}

/** Null: it can not be one. */
export function scopeOf(text: string | null): Scope | null {
  try {
    return parseScope(text ?? '')
  } catch {
    return null
  }
}
