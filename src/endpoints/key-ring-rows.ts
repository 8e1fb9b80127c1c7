import { loadSigningKey, type SigningKey } from '../crypto/jws.ts'
import { type MasterKey, seal, unseal } from '../crypto/seal.ts'
import { generateSigningKey } from '../crypto/signing-key.ts'
import type { SigningAlgorithm } from '../protocol/jwt.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { SigningKeyRow } from '../store/rows.ts'

/** A private key can not be opened. The message is for the operator: what is wrong, and what to do. */
class SigningKeyRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SigningKeyRefused'
  }
}

/** A new key, its private half sealed with the master key. */
export async function createKeyRow(
  tenant: string,
  algorithm: SigningAlgorithm,
  state: 'active' | 'announced',
  createdAt: EpochSeconds,
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

/** Throws `SigningKeyRefused`: sealed with another master key, or damaged. */
export function unsealKey(
  { tenant, kid, algorithm }: SigningKeyRow,
  sealedPrivateKey: Uint8Array,
  masterKey: MasterKey,
): SigningKey {
  try {
    return loadSigningKey(kid, algorithm, unseal(masterKey, sealedPrivateKey, sealContext(tenant, kid)))
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new SigningKeyRefused(
      `The ${algorithm} key of tenant ${tenant} can not be opened. ${problem} ` +
        'Name it with --master-key-file FILE, or restore the database and its key from one backup.',
      { cause },
    )
  }
}

/** A sealed key can not be passed off as another tenant's. */
function sealContext(tenant: string, kid: string): string {
  return `signing-key/${tenant}/${kid}`
}
