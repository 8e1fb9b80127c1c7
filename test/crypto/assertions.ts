/** Key pairs of clients, one an algorithm, and assertions signed with them. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import type { AssertionAlgorithm, ClientJwk } from '../../src/protocol/client-jwks.ts'

export interface ClientKey {
  readonly algorithm: AssertionAlgorithm
  readonly jwk: ClientJwk & { readonly kid: string }
  readonly privateKey: KeyObject
}

function clientKey(
  algorithm: AssertionAlgorithm,
  kid: string,
  { publicKey, privateKey }: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): ClientKey {
  return { algorithm, privateKey, jwk: { ...(publicKey.export({ format: 'jwk' }) as ClientJwk), kid } }
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')

/** RSA keys are for two algorithms, and `EdDSA` has two names. */
export const CLIENT_KEYS: readonly ClientKey[] = [
  clientKey('RS256', 'rsa', rsa),
  clientKey('PS256', 'rsa', rsa),
  clientKey('ES256', 'p-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  clientKey('ES384', 'p-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })),
  clientKey('EdDSA', 'ed', ed),
  clientKey('Ed25519', 'ed', ed),
]

/** The keys that most tests are about. */
export const KEY = CLIENT_KEYS[2] as ClientKey
export const OTHER_KEY = clientKey('ES256', 'other', generateKeyPairSync('ec', { namedCurve: 'P-256' }))

let serial = 0

/** What a good client says: of a minute, and with a `jti` of its own. */
export function assertionClaims(client: string, audience: string, now: number) {
  return { iss: client, sub: client, aud: audience, iat: now, exp: now + 60, jti: `jti-${serial++}` }
}

export async function sign(
  claims: Readonly<Record<string, unknown>>,
  { algorithm, jwk, privateKey }: ClientKey = KEY,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: algorithm, kid: jwk.kid, ...header })
    .sign(privateKey)
}

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The parameters of RFC 7523 §2.2. */
export function assertionForm(assertion: string) {
  return { client_assertion_type: TYPE, client_assertion: assertion }
}
