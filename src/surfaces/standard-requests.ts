import { type BasicRules, parseAuthorizationHeader } from '../protocol/authorization-header.ts'
import type { ClientEndpoint } from '../protocol/endpoint.ts'
import { missingParameter, OAuthError } from '../protocol/errors.ts'
import type { IntrospectionRequest } from '../protocol/introspection.ts'
import { bodyTypeOf } from '../protocol/media-type.ts'
import { type ParameterRules, type Parameters, parseForm } from '../protocol/parameters.ts'
import { Secret } from '../protocol/secret.ts'
import {
  NO_CLIENT,
  type PresentedAssertion,
  type PresentedClient,
  type RevocationRequest,
  type TokenRequest,
} from '../protocol/token.ts'
import type { SurfaceRequest } from './surface.ts'

/** RFC 6749 §3.2: no parameter twice, an empty one is as good as none, unknown ones are ignored. */
const RULES: ParameterRules = { repeated: 'refuse', empty: 'omit', structured: 'refuse' }

/** RFC 7523 §2.2. */
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** RFC 6749 §2.3.1: id and secret are form-encoded inside Basic. */
const BASIC: BasicRules = { formEncoded: true }

export function decodeTokenRequest(request: SurfaceRequest): TokenRequest {
  const parameters = readForm(request)
  const dpopProof = request.headers.get('dpop')
  return {
    grantType: parameters.get('grant_type') ?? '',
    client: presentedClient(request, parameters, 'token'),
    dpopProof: dpopProof === null ? null : new Secret(dpopProof),
    parameters,
    scope: parameters.get('scope') ?? null,
    state: null,
  }
}

export function decodeRevocationRequest(request: SurfaceRequest): RevocationRequest {
  const parameters = readForm(request)
  const token = parameters.get('token')
  if (token === undefined) throw missingParameter('token')
  return { client: presentedClient(request, parameters, 'revocation'), token }
}

export function decodeIntrospectionRequest(request: SurfaceRequest): IntrospectionRequest {
  const parameters = readForm(request)
  const client = presentedClient(request, parameters, 'introspection')
  const token = parameters.get('token')
  if (token === undefined) throw missingParameter('token')
  return { client, bearer: null, token }
}

/** A body without a Content-Type is read as a form: some clients send none. */
function readForm(request: SurfaceRequest): Parameters {
  const type = bodyTypeOf(request.headers.get('content-type'))
  if (type !== 'form' && type !== 'none') {
    throw new OAuthError('invalid_request', 'unsupported_media_type', {
      description: 'The request body must be application/x-www-form-urlencoded.',
    })
  }
  return parseForm(request.body, RULES)
}

/** RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request." */
function presentedClient(
  request: SurfaceRequest,
  parameters: Parameters,
  endpoint: ClientEndpoint,
): PresentedClient {
  const header = parseAuthorizationHeader(request.headers.get('authorization'), BASIC)
  const clientId = parameters.get('client_id')
  const clientSecret = parameters.get('client_secret')
  const assertion = presentedAssertion(parameters, endpoint)
  if (assertion !== null && (header.scheme === 'Basic' || clientSecret !== undefined))
    throw twoAuthentications()
  switch (header.scheme) {
    case 'none':
      if (assertion !== null) return assertion
      if (clientId === undefined) {
        if (clientSecret !== undefined) throw missingParameter('client_id')
        return NO_CLIENT
      }
      return clientSecret === undefined
        ? { method: 'none', clientId }
        : { method: 'client_secret_post', clientId, clientSecret: new Secret(clientSecret) }
    case 'Basic':
      if (clientSecret !== undefined || (clientId !== undefined && clientId !== header.clientId)) {
        throw twoAuthentications()
      }
      return header.clientSecret.reveal() === ''
        ? { method: 'none', clientId: header.clientId }
        : { method: 'client_secret_basic', clientId: header.clientId, clientSecret: header.clientSecret }
    default:
      throw new OAuthError('invalid_client', 'unsupported_authorization_header')
  }
}

/** RFC 7521 §4.2 and RFC 7523 §2.2; null: no assertion was sent. */
function presentedAssertion(parameters: Parameters, endpoint: ClientEndpoint): PresentedAssertion | null {
  const type = parameters.get('client_assertion_type')
  const assertion = parameters.get('client_assertion')
  if (type === undefined && assertion === undefined) return null
  if (type === undefined) throw missingParameter('client_assertion_type')
  if (assertion === undefined) throw missingParameter('client_assertion')
  if (type !== JWT_BEARER) throw new OAuthError('invalid_client', 'unknown_assertion_type')
  const clientId = parameters.get('client_id') ?? null
  return { method: 'private_key_jwt', clientId, assertion: new Secret(assertion), endpoint }
}

function twoAuthentications(): OAuthError {
  return new OAuthError('invalid_request', 'two_client_authentications', {
    description: 'The request utilizes more than one mechanism for authenticating the client.',
  })
}
