/** What a path of the token plane is for. */
export const ENDPOINTS = ['token', 'revocation', 'introspection', 'info', 'metadata', 'jwks'] as const

export type Endpoint = (typeof ENDPOINTS)[number]
