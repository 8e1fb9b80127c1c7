/**
 * JWS algorithms a client may sign its assertion with (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1, RFC 9864 §2.2). `Ed25519`
 * is the newer name of the only `EdDSA` there is here.
 */
export type AssertionAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'EdDSA' | 'Ed25519'

/** A public key of a client (RFC 7517 §4), with the members that are needed and no others. */
export interface ClientJwk {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly kid?: string
  /** The only algorithm it is for; absent: any that fits its type. */
  readonly alg?: AssertionAlgorithm
  readonly crv?: string
  readonly n?: string
  readonly e?: string
  readonly x?: string
  readonly y?: string
}

/** The public keys of a client (RFC 7591 §2, `jwks`): at least one. */
export interface ClientJwks {
  readonly keys: readonly ClientJwk[]
}
