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

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'none']

/** Authorization server metadata (RFC 8414 §2). There is no authorization endpoint, hence no response types. */
export function authorizationServerMetadata(input: MetadataInput): Record<string, unknown> {
  return {
    issuer: input.issuer,
    token_endpoint: input.tokenEndpoint,
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    revocation_endpoint: input.revocationEndpoint,
    revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    introspection_endpoint: input.introspectionEndpoint,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    jwks_uri: input.jwksUri,
    grant_types_supported: input.grants,
    response_types_supported: [],
    ...(input.scopes !== null && { scopes_supported: input.scopes }),
  }
}
