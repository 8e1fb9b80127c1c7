import type { ImportedPublicKey } from '../crypto/signing-key.ts'
import type { ImportedKeyTerms, SigningAlgorithm } from '../protocol/jwt.ts'
import { type Clock, type EpochSeconds, epochSeconds } from '../protocol/time.ts'
import { type ActedBy, BY_SERVER, changeEvent } from '../store/change-event.ts'
import type { SigningKeyRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'

/** Public keys of another system, whose tokens are to count until they expire. */
export interface KeyImport {
  readonly keys: readonly ImportedPublicKey[]
  readonly terms: ImportedKeyTerms
  /** When the last token that they signed has expired. Never shortens what an earlier import said. */
  readonly until: EpochSeconds
  /** Who asks for it; by default nobody does. */
  readonly by?: ActedBy
}

/**
 * `refused`, and nothing was changed: `withdrawn`, for what was taken away never comes back; `own`, it signs here;
 * `taken`, another key has the `kid`.
 */
export type KeyImportOutcome =
  | {
      readonly kind: 'imported'
      /** All keys of the tenant, as they are now. */
      readonly keys: readonly SigningKeyRow[]
    }
  | { readonly kind: 'refused'; readonly kid: string; readonly why: 'withdrawn' | 'own' | 'taken' }

/**
 * Keeps keys that only verify. They are retired from the start: none has a private half, no rotation looks at them, and
 * they go when their time has come. The keys of one algorithm are written at once; to do it again changes nothing but
 * the terms and the end.
 */
export async function importKeys(
  store: Pick<Store, 'listSigningKeys' | 'replaceSigningKeys'>,
  clock: Clock,
  tenant: string,
  { keys, terms, until, by = BY_SERVER }: KeyImport,
): Promise<KeyImportOutcome> {
  const now = epochSeconds(clock)

  function rowOf({ kid, algorithm, publicJwk }: ImportedPublicKey, known: SigningKeyRow | undefined) {
    const row: SigningKeyRow = {
      tenant,
      kid,
      algorithm,
      state: 'retired',
      publicJwk: JSON.stringify(publicJwk),
      sealedPrivateKey: null,
      createdAt: known?.createdAt ?? now,
      retiredAt: known?.retiredAt ?? now,
      goneAt: Math.max(until, known?.goneAt ?? 0),
      imported: terms,
    }
    return row
  }

  for (;;) {
    const known = await store.listSigningKeys(tenant)
    const byKid = new Map(known.map((row) => [row.kid, row]))
    for (const key of keys) {
      const why = obstacle(key, byKid.get(key.kid))
      if (why !== null) return { kind: 'refused', kid: key.kid, why }
    }
    const writes = [...new Set(keys.map(({ algorithm }) => algorithm))].map((algorithm) => {
      const ofAlgorithm = keys.filter((key) => key.algorithm === algorithm)
      const kids = ofAlgorithm.map(({ kid }) => kid).join(' ')
      const event = changeEvent(by, clock(), 'signing_key.import', {
        tenant,
        object: kids,
        details: algorithm,
      })
      const rows = ofAlgorithm.map((key) => rowOf(key, byKid.get(key.kid)))
      const change = { tenant, algorithm, activeKid: activeKid(known, algorithm), rows }
      return store.replaceSigningKeys(change, event)
    })
    const done = await Promise.all(writes)
    if (done.every(Boolean)) return { kind: 'imported', keys: await store.listSigningKeys(tenant) }
    // A rotation, or a withdrawal, was quicker.
  }
}

function obstacle({ publicJwk }: ImportedPublicKey, known: SigningKeyRow | undefined) {
  if (known === undefined) return null
  if (known.state === 'withdrawn') return 'withdrawn'
  if (known.sealedPrivateKey !== null) return 'own'
  return known.publicJwk === JSON.stringify(publicJwk) ? null : 'taken'
}

function activeKid(keys: readonly SigningKeyRow[], algorithm: SigningAlgorithm): string | null {
  return keys.find((row) => row.algorithm === algorithm && row.state === 'active')?.kid ?? null
}
