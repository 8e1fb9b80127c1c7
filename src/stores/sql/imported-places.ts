import type { Sha256 } from '../../store/rows.ts'

/** Of a hash; see `placesOf`. */
export type Places = readonly [own: Uint8Array, first: Uint8Array]

/**
 * Where in `imported_tokens` a token of a tenant may be: at its own place, which nobody else's is, or at the one that
 * its hash alone names. That is whose who came first, since one shop may be imported into several tenants.
 */
export function placesOf(hash: Sha256, tenant: string): Places {
  return [Buffer.concat([hash, Buffer.from(tenant)]), hash]
}
