import type { SigningAlgorithm } from '../../protocol/jwt.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import type { SigningKeyRow, SigningKeyState } from '../../store/rows.ts'
import type { Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'

/** A signing key as operators see it. */
export interface KeyResource {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly state: SigningKeyState
  /** Whether it was imported without its private key. */
  readonly verifyOnly: boolean
  readonly createdAt: EpochSeconds
  readonly retiredAt: EpochSeconds | null
  /** When the last token it signed has expired; of a withdrawn key, when it was withdrawn. */
  readonly goneAt: EpochSeconds | null
}

/** Throws `not_found` (tenant). */
export async function listKeys(operations: Operations, tenant: string): Promise<readonly KeyResource[]> {
  await requireTenant(operations, tenant)
  return (await operations.store.listSigningKeys(tenant)).map(toKeyResource)
}

export function toKeyResource(row: SigningKeyRow): KeyResource {
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    state: row.state,
    verifyOnly: row.sealedPrivateKey === null,
    createdAt: row.createdAt,
    retiredAt: row.retiredAt,
    goneAt: row.goneAt,
  }
}
