import { ASSERTION_ALGORITHMS } from './client-jwks.ts'
import type { GrantType } from './token.ts'

export interface MetadataInput {
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly revocationEndpoint: string
  readonly introspectionEndpoint: string
  readonly jwksUri: string
  readonly grants: readonly GrantType[]
  /** Null: not published. */
  readonly scopes: readonly string[] | null
}

/** How a confidential client authenticates; a public one by `none`. */
const CONFIDENTIAL = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
const AUTH_METHODS = [...CONFIDENTIAL, 'none']

/** Authorization server metadata (RFC 8414 §2, RFC 9449 §5.1). There is no authorization endpoint, hence no response types. */
export function authorizationServerMetadata(input: MetadataInput): Record<string, unknown> {
  return {
    issuer: input.issuer,
    token_endpoint: input.tokenEndpoint,
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    dpop_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint: input.revocationEndpoint,
    revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint: input.introspectionEndpoint,
    introspection_endpoint_auth_methods_supported: CONFIDENTIAL,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    jwks_uri: input.jwksUri,
    grant_types_supported: input.grants,
    response_types_supported: [],
    ...(input.scopes !== null && { scopes_supported: input.scopes }),
  }
}
