/** DPoP proofs (RFC 9449 §4.2), signed with the keys of `assertions.ts`. */
import { SignJWT } from 'jose'
import { type ClientKey, KEY } from './assertions.ts'

let serial = 0

/** What a good proof says of a request to a token endpoint. */
export function proofClaims(url: string, now: number) {
  return { htm: 'POST', htu: url, iat: now, jti: `proof-${serial++}` }
}

/** The key as it stands in a proof: without a name. */
export function bareJwk({ jwk: { kid: _, ...jwk } }: ClientKey) {
  return jwk
}

export async function signProof(
  claims: Readonly<Record<string, unknown>>,
  key: ClientKey = KEY,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return await new SignJWT({ ...claims })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: key.algorithm, jwk: bareJwk(key) as never, ...header })
    .sign(key.privateKey)
}
