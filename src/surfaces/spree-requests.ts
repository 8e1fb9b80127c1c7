import {
  type AuthorizationHeader,
  type BasicRules,
  parseAuthorizationHeader,
} from '../protocol/authorization-header.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { IntrospectionRequest } from '../protocol/introspection.ts'
import { parseJsonBody } from '../protocol/json-body.ts'
import { bodyTypeOf } from '../protocol/media-type.ts'
import { type ParameterRules, type Parameters, parseForm } from '../protocol/parameters.ts'
import { Secret } from '../protocol/secret.ts'
import {
  NO_CLIENT,
  type PresentedClient,
  type RevocationRequest,
  type TokenRequest,
} from '../protocol/token.ts'
import { parseMultipart } from './spree-multipart.ts'
import { parseXml } from './spree-xml.ts'
import type { SurfaceRequest } from './surface.ts'

/** As Rails: the last of two counts, an empty value is one, and what is no text names no known thing. */
const RULES: ParameterRules = { repeated: 'last', empty: 'keep', structured: 'text' }

/** Doorkeeper takes id and secret out of Base64 as they are. */
const BASIC: BasicRules = { formEncoded: false }

/** Reads a token request. An `Authorization: Bearer` header is ignored here, expired or not. */
export function decodeTokenRequest(request: SurfaceRequest): TokenRequest {
  const parameters = readBody(request)
  const grantType = parameters.get('grant_type') ?? ''
  return {
    grantType: isBlank(grantType) ? '' : grantType,
    client: presentedClient(authorizationOf(request), parameters),
    parameters: grantParameters(grantType, parameters),
    scope: requestedScope(grantType, parameters),
    state: parameters.get('state') ?? null,
  }
}

/** Reads a revocation request; no token is a token nobody knows. */
export function decodeRevocationRequest(request: SurfaceRequest): RevocationRequest {
  const parameters = readBody(request)
  return {
    client: presentedClient(authorizationOf(request), parameters),
    token: parameters.get('token') ?? null,
  }
}

/** Reads an introspection request: client credentials or, without any, a bearer token; refuses what has neither. */
export function decodeIntrospectionRequest(request: SurfaceRequest): IntrospectionRequest {
  const parameters = readBody(request)
  const header = authorizationOf(request)
  const client = presentedClient(header, parameters)
  const bearer = client.method === 'absent' && header.scheme === 'Bearer' ? header.token : null
  if (client.method === 'absent' && bearer === null) {
    throw new OAuthError('invalid_request', 'no_authorization')
  }
  return { client, bearer, token: parameters.get('token') ?? '' }
}

/** The bearer token of a token info request. */
export function decodeBearer(request: SurfaceRequest): Secret | null {
  const header = authorizationOf(request)
  return header.scheme === 'Bearer' ? header.token : null
}

/** The body decides, never the query string; a body of a type that Rails has no parser for is no parameters. */
function readBody(request: SurfaceRequest): Parameters {
  const contentType = request.headers.get('content-type')
  switch (bodyTypeOf(contentType)) {
    case 'form':
    case 'none':
      return parseForm(request.body, RULES)
    case 'json':
      return parseJsonBody(request.body, RULES)
    case 'multipart':
      return parseMultipart(request.body, contentType ?? '', RULES)
    case 'xml':
      return parseXml(request.body, RULES)
    case 'other':
      return new Map()
  }
}

function authorizationOf(request: SurfaceRequest): AuthorizationHeader {
  return parseAuthorizationHeader(request.headers.get('authorization'), BASIC)
}

/**
 * Basic, then the body. A header that does not parse is no client, as in Doorkeeper. Refuses two identities with
 * `invalid_request` (RFC 6749 §2.3), as Doorkeeper does from 5.9.5 on; to repeat the id beside Basic is harmless.
 */
function presentedClient(header: AuthorizationHeader, parameters: Parameters): PresentedClient {
  const clientId = parameters.get('client_id')
  const clientSecret = parameters.get('client_secret') ?? ''
  if (header.scheme === 'Basic' && header.clientId !== '') {
    if (clientSecret !== '' || (clientId !== undefined && clientId !== '' && clientId !== header.clientId)) {
      throw new OAuthError('invalid_request', 'two_client_authentications', {
        description: 'The request utilizes more than one mechanism for authenticating the client.',
      })
    }
    return header.clientSecret.reveal() === ''
      ? { method: 'none', clientId: header.clientId }
      : { method: 'client_secret_basic', clientId: header.clientId, clientSecret: header.clientSecret }
  }
  // An id that is sent but blank is a client nobody knows; a secret without an id is nothing.
  if (clientId === undefined) return NO_CLIENT
  return clientSecret === ''
    ? { method: 'none', clientId }
    : { method: 'client_secret_post', clientId, clientSecret: new Secret(clientSecret) }
}

/**
 * The grant's own parameters. A missing user name or password is a wrong one to Doorkeeper: `invalid_grant`, and only
 * after the client was checked. A blank refresh token is a missing one.
 */
function grantParameters(grantType: string, parameters: Parameters): Parameters {
  if (grantType === 'password') {
    return new Map([
      ['username', parameters.get('username') ?? ''],
      ['password', parameters.get('password') ?? ''],
    ])
  }
  const refreshToken = parameters.get('refresh_token') ?? ''
  return new Map(isBlank(refreshToken) ? [] : [['refresh_token', refreshToken]])
}

/** Doorkeeper reads `scopes` at a refresh if there is no `scope`, not even an empty one. */
function requestedScope(grantType: string, parameters: Parameters): string | null {
  const odd = grantType === 'refresh_token' ? parameters.get('scopes') : undefined
  return parameters.get('scope') ?? odd ?? null
}

/** Rails' `blank?`: nothing but white space. */
function isBlank(text: string): boolean {
  return text.trim() === ''
}
