import type { MasterKey } from '../crypto/seal.ts'
import type { SigningAlgorithm } from '../protocol/jwt.ts'
import { type Clock, type EpochSeconds, epochSeconds, type Seconds } from '../protocol/time.ts'
import { type ActedBy, BY_SERVER, changeEvent } from '../store/change-event.ts'
import type { SigningKeyRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import type { TokenLives } from './key-ring-lives.ts'
import { createKeyRow } from './key-ring-rows.ts'

export interface RotateOptions {
  /** Even if verifiers may not know the announced key yet: for an active key that must not sign any more. */
  readonly force?: boolean
  /** Who asks for it; by default nobody does. */
  readonly by?: ActedBy
}

/** `too_early`: verifiers may not know the announced key before `possibleAt`; nothing was changed. */
export type RotationOutcome =
  | {
      readonly kind: 'rotated'
      /** All keys of the tenant, as they are now. */
      readonly keys: readonly SigningKeyRow[]
      /** When the last token that the retired key may have signed has expired. */
      readonly goneAt: EpochSeconds
    }
  | { readonly kind: 'too_early'; readonly possibleAt: EpochSeconds }

/** `unknown_key`: the tenant has no key of this `kid`; nothing was changed. */
export type WithdrawalOutcome =
  | {
      readonly kind: 'withdrawn'
      /** All keys of the tenant, as they are now. */
      readonly keys: readonly SigningKeyRow[]
    }
  | { readonly kind: 'unknown_key' }

/** The changes of a tenant's keys, each in one write. */
export interface KeyChanges {
  /** The algorithm must have its first keys. */
  rotate(tenant: string, algorithm: SigningAlgorithm, options: RotateOptions): Promise<RotationOutcome>
  /** Takes a key away for good; where it was the active or the announced one, another takes its place. */
  withdraw(withdrawn: SigningKeyRow, by: ActedBy): Promise<void>
}

export interface KeyChangesOptions {
  readonly store: Pick<Store, 'listSigningKeys' | 'replaceSigningKeys'>
  readonly clock: Clock
  readonly masterKey: MasterKey
  readonly lives: TokenLives
}

/** Every process has heard of a change of the keys by then, or signs nothing; with a wide margin. */
export const NEWS_DELAY: Seconds = 60

/** How long verifiers keep a JWK Set: the `max-age` it is answered with. */
const JWKS_MAX_AGE: Seconds = 300

/** The keys of one algorithm that can be changed. */
interface Found {
  /** Undefined: the algorithm is not used. */
  readonly active: SigningKeyRow | undefined
  readonly announced: SigningKeyRow | undefined
  /** All keys of the tenant. */
  readonly keys: readonly SigningKeyRow[]
}

interface Current extends Found {
  readonly active: SigningKeyRow
}

export function createKeyChanges({ store, clock, masterKey, lives }: KeyChangesOptions): KeyChanges {
  async function found(tenant: string, algorithm: SigningAlgorithm): Promise<Found> {
    const keys = await store.listSigningKeys(tenant)
    const inState = (state: SigningKeyRow['state']) =>
      keys.find((row) => row.algorithm === algorithm && row.state === state)
    return { active: inState('active'), announced: inState('announced'), keys }
  }

  async function current(tenant: string, algorithm: SigningAlgorithm): Promise<Current> {
    const { active, ...others } = await found(tenant, algorithm)
    if (active === undefined) throw noActiveKey(tenant, algorithm)
    return { active, ...others }
  }

  async function announce({ tenant, algorithm }: SigningKeyRow, now: EpochSeconds): Promise<SigningKeyRow> {
    return await createKeyRow(tenant, algorithm, 'announced', now, masterKey)
  }

  /** Retires the active key; null if another change was quicker. */
  async function retire(
    active: SigningKeyRow,
    next: SigningKeyRow,
    now: EpochSeconds,
    by: ActedBy,
  ): Promise<EpochSeconds | null> {
    const { tenant, algorithm } = active
    const retired: SigningKeyRow = { ...active, state: 'retired', retiredAt: now }
    const goneAt = async () => now + (await lives.longest(tenant, active.kid)) + NEWS_DELAY
    const firstGoneAt = await goneAt()
    const rows: readonly SigningKeyRow[] = [
      { ...retired, goneAt: firstGoneAt },
      { ...next, state: 'active' },
      await announce(active, now),
    ]
    const changed = { tenant, object: next.kid, details: `in place of ${active.kid}` }
    const event = changeEvent(by, clock(), 'signing_key.rotate', changed)
    if (!(await store.replaceSigningKeys({ tenant, algorithm, activeKid: active.kid, rows }, event)))
      return null
    // Who notes a longer life looks afterwards whether the key is still active: here is the other half of that.
    const lastGoneAt = await goneAt()
    if (lastGoneAt > firstGoneAt) await keepUntil(active, lastGoneAt)
    return lastGoneAt
  }

  /** Keeps a retired key for longer, whichever is active by now; one that was withdrawn meanwhile stays so. */
  async function keepUntil({ tenant, algorithm, kid }: SigningKeyRow, goneAt: EpochSeconds): Promise<void> {
    for (;;) {
      const { active, keys } = await current(tenant, algorithm)
      const retired = keys.find((row) => row.kid === kid && row.state === 'retired')
      if (retired === undefined) return
      const rows = [{ ...retired, goneAt }]
      if (await store.replaceSigningKeys({ tenant, algorithm, activeKid: active.kid, rows })) return
      // Another rotation, or a withdrawal, was quicker.
    }
  }

  return {
    async rotate(tenant, algorithm, { force = false, by = BY_SERVER }) {
      const now = epochSeconds(clock)
      let outgoing: string | null = null
      for (;;) {
        const { active, announced, keys } = await current(tenant, algorithm)
        outgoing ??= active.kid
        if (active.kid !== outgoing) {
          // Lost to another change: that one is as good as ours.
          return { kind: 'rotated', keys, goneAt: keys.find(({ kid }) => kid === outgoing)?.goneAt ?? now }
        }
        const next = announced ?? (await announce(active, now))
        const possibleAt = next.createdAt + JWKS_MAX_AGE + NEWS_DELAY
        if (!force && now < possibleAt) return { kind: 'too_early', possibleAt }
        const goneAt = await retire(active, next, now, by)
        // Otherwise the announced key was withdrawn meanwhile.
        if (goneAt !== null) return { kind: 'rotated', keys: await store.listSigningKeys(tenant), goneAt }
      }
    },

    async withdraw({ tenant, algorithm, kid }, by) {
      const now = epochSeconds(clock)
      const event = changeEvent(by, clock(), 'signing_key.withdraw', { tenant, object: kid })
      for (;;) {
        const { active, announced, keys } = await found(tenant, algorithm)
        const row = keys.find((each) => each.kid === kid)
        if (row === undefined || row.state === 'withdrawn') return
        const rows: SigningKeyRow[] = [
          { ...row, state: 'withdrawn', retiredAt: row.retiredAt ?? now, goneAt: now },
        ]
        if (kid === active?.kid) {
          rows.push({ ...(announced ?? (await announce(row, now))), state: 'active' })
        }
        if (kid === active?.kid || kid === announced?.kid) rows.push(await announce(row, now))
        const activeKid = active?.kid ?? null
        if (await store.replaceSigningKeys({ tenant, algorithm, activeKid, rows }, event)) return
        // A rotation, or another withdrawal, was quicker: what is to be done depends on what it left.
      }
    },
  }
}

export function noActiveKey(tenant: string, algorithm: SigningAlgorithm): Error {
  return new Error(`tenant ${tenant} has no active ${algorithm} key`)
}
