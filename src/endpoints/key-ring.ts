import {
  loadSigningKey,
  loadVerifyKey,
  type SigningKey,
  signJwt,
  type VerifyKey,
  verifyJwt,
} from '../crypto/jws.ts'
import { type MasterKey, seal, unseal } from '../crypto/seal.ts'
import { generateSigningKey } from '../crypto/signing-key.ts'
import type { JwtClaims, SigningAlgorithm } from '../protocol/jwt.ts'
import type { Clock, Seconds } from '../protocol/time.ts'
import { epochSeconds } from '../protocol/time.ts'
import type { SigningKeyRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'

/** The signing keys of all tenants: signs with the active one, verifies with all that still count. */
export interface KeyRing {
  sign(tenant: string, algorithm: SigningAlgorithm, typ: string, claims: JwtClaims): Promise<string>
  /** The claims of a JWT one of the tenant's keys signed; null for anything else. Checks no claim. */
  verify(tenant: string, jwt: string): Promise<JwtClaims | null>
  /** The JWK Set (RFC 7517 §5) as JSON text. */
  jwks(tenant: string): Promise<string>
  /** The announced key becomes the active one, the active one retires, and a new one is announced. */
  rotate(tenant: string, algorithm: SigningAlgorithm, lifetime: Seconds): Promise<readonly SigningKeyRow[]>
  /** Makes the tenant's first keys of an algorithm, if there are none. */
  ensure(tenant: string, algorithm: SigningAlgorithm): Promise<void>
}

export interface KeyRingOptions {
  readonly store: Store
  readonly clock: Clock
  readonly masterKey: MasterKey
}

/** How long keys are used before the store is asked again, for rotations by other processes. */
const REFRESH_MS = 5000

interface Keys {
  readonly loadedAtMs: number
  readonly active: ReadonlyMap<SigningAlgorithm, SigningKey>
  readonly verifying: readonly VerifyKey[]
  readonly jwks: string
}

export function createKeyRing({ store, clock, masterKey }: KeyRingOptions): KeyRing {
  const loaded = new Map<string, Promise<Keys>>()
  const current = new Map<string, Keys>()

  async function load(tenant: string): Promise<Keys> {
    const rows = await store.listSigningKeys(tenant)
    const known = current.get(tenant)
    const active = new Map<SigningAlgorithm, SigningKey>()
    for (const row of rows) {
      if (row.state !== 'active' || row.sealedPrivateKey === null) continue
      const same = known?.active.get(row.algorithm)
      active.set(row.algorithm, same?.kid === row.kid ? same : unsealed(row, row.sealedPrivateKey, masterKey))
    }
    const keys: Keys = {
      loadedAtMs: clock(),
      active,
      verifying: rows.map((row) => loadVerifyKey(row.kid, row.algorithm, row.publicJwk)),
      jwks: `{"keys":[${rows.map((row) => row.publicJwk).join(',')}]}`,
    }
    current.set(tenant, keys)
    return keys
  }

  /** One load at a time a tenant; a failed one is forgotten. */
  function reload(tenant: string): Promise<Keys> {
    const underway = loaded.get(tenant)
    if (underway !== undefined) return underway
    const loading = load(tenant).finally(() => loaded.delete(tenant))
    loaded.set(tenant, loading)
    return loading
  }

  async function keysOf(tenant: string): Promise<Keys> {
    const keys = current.get(tenant)
    const fresh = keys !== undefined && Math.abs(clock() - keys.loadedAtMs) < REFRESH_MS
    return fresh ? keys : await reload(tenant)
  }

  async function ensure(tenant: string, algorithm: SigningAlgorithm): Promise<void> {
    const keys = await keysOf(tenant)
    if (keys.active.has(algorithm)) return
    const createdAt = epochSeconds(clock)
    await store.createSigningKeys([
      await created(tenant, algorithm, 'active', createdAt, masterKey),
      await created(tenant, algorithm, 'announced', createdAt, masterKey),
    ])
    await reload(tenant)
  }

  async function signer(tenant: string, algorithm: SigningAlgorithm): Promise<SigningKey> {
    const key = (await keysOf(tenant)).active.get(algorithm)
    if (key !== undefined) return key
    await ensure(tenant, algorithm)
    const made = (await keysOf(tenant)).active.get(algorithm)
    if (made === undefined) throw new Error(`tenant ${tenant} has no active ${algorithm} key`)
    return made
  }

  return {
    ensure,
    async sign(tenant, algorithm, typ, claims) {
      return await signJwt(await signer(tenant, algorithm), typ, claims)
    },
    async verify(tenant, jwt) {
      return (await verifyJwt(jwt, (await keysOf(tenant)).verifying))?.claims ?? null
    },
    async jwks(tenant) {
      return (await keysOf(tenant)).jwks
    },
    async rotate(tenant, algorithm, lifetime) {
      await ensure(tenant, algorithm)
      const now = epochSeconds(clock)
      const rows = (await store.listSigningKeys(tenant)).filter((row) => row.algorithm === algorithm)
      const active = rows.find((row) => row.state === 'active')
      if (active === undefined) throw new Error(`tenant ${tenant} has no active ${algorithm} key`)
      const next =
        rows.find((row) => row.state === 'announced') ??
        (await created(tenant, algorithm, 'announced', now, masterKey))
      const change: SigningKeyRow[] = [
        { ...active, state: 'retired', retiredAt: now, goneAt: now + lifetime },
        { ...next, state: 'active' },
        await created(tenant, algorithm, 'announced', now, masterKey),
      ]
      // Lost to another rotation: that one is as good as ours.
      await store.replaceSigningKeys({ tenant, algorithm, activeKid: active.kid, rows: change })
      await reload(tenant)
      return await store.listSigningKeys(tenant)
    },
  }
}

async function created(
  tenant: string,
  algorithm: SigningAlgorithm,
  state: 'active' | 'announced',
  createdAt: number,
  masterKey: MasterKey,
): Promise<SigningKeyRow> {
  const { kid, publicJwk, privateKey } = await generateSigningKey(algorithm)
  return {
    tenant,
    kid,
    algorithm,
    state,
    publicJwk: JSON.stringify(publicJwk),
    sealedPrivateKey: seal(masterKey, privateKey, sealContext(tenant, kid)),
    createdAt,
    retiredAt: null,
    goneAt: null,
  }
}

function unsealed(row: SigningKeyRow, sealedPrivateKey: Uint8Array, masterKey: MasterKey): SigningKey {
  return loadSigningKey(
    row.kid,
    row.algorithm,
    unseal(masterKey, sealedPrivateKey, sealContext(row.tenant, row.kid)),
  )
}

/** A sealed key can not be passed off as another tenant's. */
function sealContext(tenant: string, kid: string): string {
  return `signing-key/${tenant}/${kid}`
}
