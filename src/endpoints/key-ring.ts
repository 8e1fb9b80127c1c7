import { loadVerifyKey, type SigningKey, signJwt, type VerifiedJwt, type VerifyKey } from '../crypto/jws.ts'
import { createJwtVerifier, type JwtVerifier } from '../crypto/jwt-verifier.ts'
import type { MasterKey } from '../crypto/seal.ts'
import type { JwtClaims, SigningAlgorithm } from '../protocol/jwt.ts'
import { type Clock, type EpochSeconds, epochSeconds } from '../protocol/time.ts'
import { type ActedBy, BY_SERVER, changeEvent } from '../store/change-event.ts'
import type { SigningKeyRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import { type KeptValue, keepValue } from './kept-value.ts'
import {
  createKeyChanges,
  NEWS_DELAY,
  noActiveKey,
  type RotateOptions,
  type RotationOutcome,
  type WithdrawalOutcome,
} from './key-ring-changes.ts'
import { importKeys, type KeyImport, type KeyImportOutcome } from './key-ring-import.ts'
import { createTokenLives } from './key-ring-lives.ts'
import { createKeyRow, unsealKey } from './key-ring-rows.ts'

/**
 * The signing keys of all tenants: signs with the active one, verifies with all that still count. Whatever reads keys
 * throws `SigningKeyRefused` if the master key does not open them.
 */
export interface KeyRing {
  sign(tenant: string, algorithm: SigningAlgorithm, typ: string, claims: JwtClaims): Promise<string>
  /** A JWT one of the tenant's keys signed; null for anything else. Checks no claim. */
  verify(tenant: string, jwt: string): Promise<VerifiedJwt | null>
  /** The JWK Set (RFC 7517 §5) as JSON text. */
  jwks(tenant: string): Promise<string>
  /** The announced key becomes the active one, the active one retires, and a new one is announced; all or nothing. */
  rotate(tenant: string, algorithm: SigningAlgorithm, options?: RotateOptions): Promise<RotationOutcome>
  /**
   * Takes a key away for good, such as one that leaked: it is published no more and what it signed is refused; by this
   * process at once. Where it was the active one, the announced one takes its place in the same write.
   */
  withdraw(tenant: string, kid: string, by?: ActedBy): Promise<WithdrawalOutcome>
  /** Keeps keys of another system, which only verify; see `importKeys`. */
  import(tenant: string, keys: KeyImport): Promise<KeyImportOutcome>
  /** Makes the tenant's first keys of an algorithm, if there are none. */
  ensure(tenant: string, algorithm: SigningAlgorithm): Promise<void>
  /** Reads the tenant's keys, unless that was done already. */
  load(tenant: string): Promise<void>
  /** Reads the keys anew that are known: another process has changed some. */
  reload(): Promise<void>
}

export interface KeyRingOptions {
  readonly store: Store
  readonly clock: Clock
  readonly masterKey: MasterKey
  /** Is told why keys could not be read anew, while those that are known stay in use. */
  readonly onStale?: (cause: unknown) => void
}

/** How long keys are used before the store is asked again, for rotations by other processes. */
const MAX_AGE_MS = 5000

interface Keys {
  readonly readAtMs: number
  readonly active: ReadonlyMap<SigningAlgorithm, SigningKey>
  readonly verifier: JwtVerifier
  readonly jwks: string
}

export function createKeyRing({ store, clock, masterKey, onStale = () => {} }: KeyRingOptions): KeyRing {
  const tenants = new Map<string, KeptValue<Keys>>()
  const lives = createTokenLives(store)
  const changes = createKeyChanges({ store, clock, masterKey, lives })

  function keysOf(tenant: string): KeptValue<Keys> {
    const known = tenants.get(tenant)
    if (known !== undefined) return known
    const keys = keepValue<Keys>({
      read: async (before) => await read(tenant, before),
      clock,
      maxAgeMs: MAX_AGE_MS,
      onFailure: onStale,
    })
    tenants.set(tenant, keys)
    return keys
  }

  /** Keys that are known already are not parsed again. */
  async function read(tenant: string, before: Keys | null): Promise<Keys> {
    const readAtMs = clock()
    const now = epochSeconds(clock)
    const rows = (await store.listSigningKeys(tenant)).filter((row) => !isGone(row, now))
    const active = new Map<SigningAlgorithm, SigningKey>()
    for (const row of rows) {
      if (row.state !== 'active' || row.sealedPrivateKey === null) continue
      const same = before?.active.get(row.algorithm)
      active.set(
        row.algorithm,
        same?.kid === row.kid ? same : unsealKey(row, row.sealedPrivateKey, masterKey),
      )
      await lives.repeat(tenant, row.kid)
    }
    const verifying = rows.map((row) => {
      const same = before?.verifier.keys.find((key) => isSame(key, row))
      return same ?? loadVerifyKey(row.kid, row.algorithm, row.publicJwk, row.imported)
    })
    // What another set of keys has verified counts for nothing any more.
    const verifier =
      before !== null && sameKeys(before.verifier.keys, verifying)
        ? before.verifier
        : createJwtVerifier(verifying)
    const jwks = `{"keys":[${rows
      .filter(isPublished)
      .map((row) => row.publicJwk)
      .join(',')}]}`
    return { readAtMs, active, verifier, jwks }
  }

  async function ensure(tenant: string, algorithm: SigningAlgorithm): Promise<void> {
    const keys = keysOf(tenant)
    if ((await keys.latest()).active.has(algorithm)) return
    const createdAt = epochSeconds(clock)
    const active = await createKeyRow(tenant, algorithm, 'active', createdAt, masterKey)
    const announced = await createKeyRow(tenant, algorithm, 'announced', createdAt, masterKey)
    const changed = { tenant, object: active.kid, details: algorithm }
    const event = changeEvent(BY_SERVER, clock(), 'signing_key.create', changed)
    await store.createSigningKeys([active, announced], event)
    await keys.reload()
  }

  /** Known keys verify and are published as long as the store is gone; one that may have retired long ago signs nothing. */
  async function signer(tenant: string, algorithm: SigningAlgorithm): Promise<SigningKey> {
    const keys = keysOf(tenant)
    const latest = await keys.latest()
    const isOld = Math.abs(clock() - latest.readAtMs) >= NEWS_DELAY * 1000
    const key = (isOld ? await keys.reload() : latest).active.get(algorithm)
    if (key !== undefined) return key
    await ensure(tenant, algorithm)
    const made = keys.current().active.get(algorithm)
    if (made === undefined) throw noActiveKey(tenant, algorithm)
    return made
  }

  return {
    ensure,
    async sign(tenant, algorithm, typ, claims) {
      const life = typeof claims.exp === 'number' ? claims.exp - epochSeconds(clock) : 0
      for (;;) {
        const key = await signer(tenant, algorithm)
        if (lives.covers(key.kid, life)) return await signJwt(key, typ, claims)
        await lives.note(tenant, key.kid, life)
        // A rotation that did not know of this life yet has retired the key too early for it.
        await keysOf(tenant).reload()
      }
    },
    async verify(tenant, jwt) {
      return (await keysOf(tenant).latest()).verifier.verify(jwt)
    },
    async jwks(tenant) {
      return (await keysOf(tenant).latest()).jwks
    },
    async load(tenant) {
      await keysOf(tenant).latest()
    },
    async reload() {
      // One after the other: a store refuses reads when thousands wait, and requests are to have their turn.
      for (const keys of [...tenants.values()]) await keys.reload().catch(onStale)
    },
    async rotate(tenant, algorithm, options = {}) {
      await ensure(tenant, algorithm)
      const outcome = await changes.rotate(tenant, algorithm, options)
      if (outcome.kind === 'rotated') await keysOf(tenant).reload()
      return outcome
    },
    async withdraw(tenant, kid, by = BY_SERVER) {
      const row = (await store.listSigningKeys(tenant)).find((each) => each.kid === kid)
      if (row === undefined) return { kind: 'unknown_key' }
      // With another master key nothing must be written.
      await keysOf(tenant).latest()
      await changes.withdraw(row, by)
      await keysOf(tenant).reload()
      return { kind: 'withdrawn', keys: await store.listSigningKeys(tenant) }
    },
    async import(tenant, keys) {
      const outcome = await importKeys(store, clock, tenant, keys)
      if (outcome.kind === 'imported') await keysOf(tenant).reload()
      return outcome
    },
  }
}

/** None of its tokens is valid any more. A retired key is deleted at the next purge. */
function isGone({ state, goneAt }: SigningKeyRow, now: EpochSeconds): boolean {
  return state === 'withdrawn' || (state === 'retired' && goneAt !== null && goneAt <= now)
}

/**
 * Who verifies with our JWK Set believes what it signed to be ours: a key that stands for another issuer must not be in
 * it.
 */
function isPublished({ imported }: SigningKeyRow): boolean {
  return imported === undefined || imported.issuer === null
}

/** A key never changes, but what is expected of an imported one may. */
function isSame({ kid, imported }: VerifyKey, row: SigningKeyRow): boolean {
  const isExpected =
    imported?.issuer === row.imported?.issuer && imported?.audience === row.imported?.audience
  return kid === row.kid && isExpected
}

function sameKeys(one: readonly VerifyKey[], other: readonly VerifyKey[]): boolean {
  return one.length === other.length && one.every((key, index) => key === other[index])
}
