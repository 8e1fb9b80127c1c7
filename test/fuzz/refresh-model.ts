/**
 * What must become of refresh token families, said as simply as it can be: one user, all time in whole seconds, no
 * stores, no races. The tests hold the server to it.
 */
import type { RefreshPolicy } from '../../src/protocol/policy.ts'

export interface ModelSettings {
  readonly refresh: RefreshPolicy
  readonly reuseWindow: number
  readonly expiresIn: number
  readonly refreshExpiresIn: number
  readonly refreshIdleExpiresIn: number
  /** Under `keep` a JWT counts on the row of the refresh token; an opaque token has a row of its own. */
  readonly jwt: boolean
}

/** What was answered together. */
export interface Issue {
  readonly family: Family
  readonly parent: Issue | null
  readonly issuedAt: number
  /** When the refresh token ends unless it is used; null: it has none. */
  refreshEnd: number | null
  spentAt: number | null
  successor: Issue | null
  /** The access token was shown to somebody. */
  seen: boolean
  /** The successor's access token was shown to somebody. */
  superseded: boolean
  revoked: boolean
}

export interface Family {
  readonly issues: Issue[]
  readonly end: number
}

export interface AccessToken {
  readonly issue: Issue
  readonly issuedAt: number
  readonly expiresAt: number
}

/** `same`: the successor's tokens once more. `reused`: refused, and the family dies of it. */
export type Outcome =
  | { readonly kind: 'new' | 'same'; readonly access: AccessToken; readonly refresh: Issue }
  | { readonly kind: 'refused' | 'reused' }

export interface Model {
  now: number
  login(): Outcome
  /** `permitted`: the client may use the token at all. */
  refresh(issue: Issue, permitted: boolean): Outcome
  isAccessLive(access: AccessToken): boolean
  isRefreshLive(issue: Issue): boolean
  /** Somebody who received the access token shows it. */
  see(access: AccessToken): void
  revokeAccess(access: AccessToken): void
  revokeRefresh(issue: Issue): void
  setDisabled(disabled: boolean): void
  changePassword(): void
  /** All tokens of the user. */
  revokeAll(): void
  /** All tokens that were issued before a time, which has come. */
  revokeBefore(time: number): void
}

export function createModel(settings: ModelSettings, start: number): Model {
  let disabled = false
  let validAfter = 0
  const firstUse = settings.refresh === 'rotate-on-first-use'

  const model: Model = {
    now: start,
    login() {
      if (disabled) return { kind: 'refused' }
      const family: Family = { issues: [], end: startOfTokens() + settings.refreshExpiresIn }
      const refresh = issued(family, null, true)
      return { kind: 'new', access: accessOf(refresh), refresh }
    },
    refresh(issue, permitted) {
      const { now } = model
      const ended = issue.revoked || issue.refreshEnd === null || issue.refreshEnd <= now
      if (!permitted || ended || !holds(issue.issuedAt)) return { kind: 'refused' }
      if (settings.refresh === 'keep') {
        issue.refreshEnd = Math.min(issue.family.end, now + settings.refreshIdleExpiresIn)
        const access = settings.jwt
          ? accessOf(issue, startOfTokens())
          : accessOf(issued(issue.family, issue, false))
        return { kind: 'new', access, refresh: issue }
      }
      if (issue.spentAt === null) {
        issue.spentAt = now
        issue.successor = issued(issue.family, issue, true)
        return { kind: 'new', access: accessOf(issue.successor), refresh: issue.successor }
      }
      const { successor } = issue
      const open = now < issue.spentAt + settings.reuseWindow || (firstUse && !issue.superseded)
      if (settings.reuseWindow > 0 && open && successor?.spentAt === null && !successor.revoked) {
        return { kind: 'same', access: accessOf(successor), refresh: successor }
      }
      for (const each of issue.family.issues) each.revoked = true
      return { kind: 'reused' }
    },
    isAccessLive: ({ issue, issuedAt, expiresAt }) =>
      !issue.revoked && !issue.superseded && model.now < expiresAt && holds(issuedAt),
    isRefreshLive: (issue) =>
      !issue.revoked &&
      issue.spentAt === null &&
      issue.refreshEnd !== null &&
      model.now < issue.refreshEnd &&
      holds(issue.issuedAt),
    see(access) {
      const { issue } = access
      if (!firstUse || !model.isAccessLive(access) || issue.seen || issue.parent === null) return
      issue.seen = true
      issue.parent.superseded = true
    },
    revokeAccess({ issue, expiresAt }) {
      // An opaque one that is dead already is known to be so, and its row is revoked none the less.
      const known = !settings.jwt && (issue.revoked || issue.superseded)
      if (!known && model.now >= expiresAt) return
      issue.revoked = true
      // The refresh token it came from was kept, and is that of the whole family.
      if (issue.refreshEnd === null) model.revokeRefresh(issue)
    },
    revokeRefresh({ family }) {
      for (const each of family.issues) each.revoked = true
    },
    setDisabled(value) {
      if (value && !disabled) endTokens()
      disabled = value
    },
    changePassword: endTokens,
    revokeAll: endTokens,
    revokeBefore(time) {
      validAfter = Math.max(validAfter, time)
    },
  }

  /** Tokens issued right after the end of all others are as old as that end. */
  function startOfTokens(): number {
    return Math.max(model.now, validAfter)
  }

  function endTokens(): void {
    validAfter = startOfTokens() + 1
  }

  function holds(issuedAt: number): boolean {
    return !disabled && issuedAt >= validAfter
  }

  function issued(family: Family, parent: Issue | null, hasRefreshToken: boolean): Issue {
    const issuedAt = startOfTokens()
    const refreshEnd = hasRefreshToken ? Math.min(family.end, issuedAt + settings.refreshIdleExpiresIn) : null
    const issue: Issue = {
      ...{ family, parent, issuedAt, refreshEnd, spentAt: null, successor: null },
      ...{ seen: false, superseded: false, revoked: false },
    }
    family.issues.push(issue)
    return issue
  }

  function accessOf(issue: Issue, issuedAt = issue.issuedAt): AccessToken {
    return { issue, issuedAt, expiresAt: issuedAt + settings.expiresIn }
  }

  return model
}
