/**
 * What neither of the two API documents describes, in their form: the standard endpoints (RFC 6749, 7009, 7662, 8414,
 * 7517), those of the realm, and Doorkeeper's beside Spree's token endpoint.
 */
type Json = Readonly<Record<string, unknown>>

const TEXT = { type: 'string', minLength: 1 }
const SCOPE = { type: 'string', example: 'read' }
const CLIENT = { client_id: TEXT, client_secret: TEXT }

/** RFC 6749 §5.1. */
const TOKEN = {
  type: 'object',
  required: ['access_token', 'token_type', 'expires_in', 'scope'],
  properties: {
    access_token: TEXT,
    token_type: { const: 'Bearer' },
    expires_in: { type: 'integer', minimum: 1 },
    refresh_token: TEXT,
    scope: { type: 'string' },
  },
  additionalProperties: false,
}

/** RFC 7662 §2.2: what is not active says nothing else. */
const INTROSPECTION = {
  oneOf: [
    {
      type: 'object',
      required: ['active'],
      properties: { active: { const: false } },
      additionalProperties: false,
    },
    {
      type: 'object',
      required: ['active', 'scope', 'iat'],
      properties: {
        active: { const: true },
        scope: { type: 'string' },
        iat: { type: 'integer' },
        exp: { type: 'integer' },
      },
    },
  ],
}

const NOTHING = { type: 'object', maxProperties: 0 }

const METADATA = {
  type: 'object',
  required: ['issuer', 'token_endpoint', 'jwks_uri', 'response_types_supported', 'grant_types_supported'],
}

const JWKS = {
  type: 'object',
  required: ['keys'],
  properties: {
    keys: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['kty', 'kid', 'alg', 'use'],
        not: { anyOf: ['d', 'p', 'q', 'k'].map((secret) => ({ required: [secret] })) },
      },
    },
  },
}

/** Doorkeeper's `token/info`. */
const INFO = {
  type: 'object',
  required: ['resource_owner_id', 'scope', 'expires_in', 'application', 'created_at'],
  properties: { expires_in: { type: ['integer', 'null'] }, created_at: { type: 'integer' } },
}

function grant(type: string, properties: Json, required: readonly string[]): Json {
  return {
    type: 'object',
    properties: { grant_type: { type: 'string', enum: [type] }, ...properties, scope: SCOPE },
    required: ['grant_type', ...required],
  }
}

const GRANTS = {
  oneOf: [
    grant('client_credentials', CLIENT, []),
    grant('password', { username: TEXT, password: TEXT, ...CLIENT }, ['username', 'password']),
    grant('refresh_token', { refresh_token: TEXT, ...CLIENT }, ['refresh_token']),
  ],
}

const TOKEN_ONLY = {
  type: 'object',
  properties: {
    token: TEXT,
    token_type_hint: { type: 'string', enum: ['access_token', 'refresh_token'] },
    ...CLIENT,
  },
  required: ['token'],
}

const FORM = ['application/x-www-form-urlencoded']
/** Rails reads them all. */
const ANY = [...FORM, 'application/json', 'application/xml', 'multipart/form-data']

function operation(answer: Json, body: Json | null, mediaTypes: readonly string[] = FORM): Json {
  return {
    ...(body !== null && {
      requestBody: { content: Object.fromEntries(mediaTypes.map((type) => [type, { schema: body }])) },
    }),
    // Errors are looked at wherever they come from.
    responses: { 200: { content: { 'application/json': { schema: answer } } } },
  }
}

function endpoints(token: string, revoke: string, introspect: string, jwks: string): Json {
  return {
    [token]: { post: operation(TOKEN, GRANTS) },
    [revoke]: { post: operation(NOTHING, TOKEN_ONLY) },
    [introspect]: { post: operation(INTROSPECTION, TOKEN_ONLY) },
    [jwks]: { get: operation(JWKS, null) },
  }
}

const REALM = '/auth/realms/{tenant}'
const CONNECT = `${REALM}/protocol/openid-connect`
const WELL_KNOWN = '/.well-known/oauth-authorization-server'

export const REST_DOCUMENT = {
  openapi: '3.0.3',
  paths: {
    ...endpoints('/oauth/token', '/oauth/revoke', '/oauth/introspect', '/.well-known/jwks.json'),
    ...endpoints(`${CONNECT}/token`, `${CONNECT}/revoke`, `${CONNECT}/token/introspect`, `${CONNECT}/certs`),
    [WELL_KNOWN]: { get: operation(METADATA, null) },
    '/.well-known/openid-configuration': { get: operation(METADATA, null) },
    [`${REALM}/.well-known/openid-configuration`]: { get: operation(METADATA, null) },
    [WELL_KNOWN + REALM]: { get: operation(METADATA, null) },
    '/v0/openapi.json': { get: operation({ type: 'object', required: ['openapi', 'paths'] }, null) },
    '/spree_oauth/revoke': { post: operation(NOTHING, TOKEN_ONLY, ANY) },
    '/spree_oauth/introspect': { post: operation(INTROSPECTION, TOKEN_ONLY, ANY) },
    '/spree_oauth/token/info': { get: operation(INFO, null) },
  },
}
