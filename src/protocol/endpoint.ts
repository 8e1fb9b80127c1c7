/** What a path of the token plane is for. */
export const ENDPOINTS = ['token', 'revocation', 'introspection', 'info', 'metadata', 'jwks'] as const

export type Endpoint = (typeof ENDPOINTS)[number]

/** Those at which clients authenticate. */
export type ClientEndpoint = 'token' | 'revocation' | 'introspection'
