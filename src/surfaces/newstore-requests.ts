import { missingParameter, OAuthError } from '../protocol/errors.ts'
import { parseJsonBody } from '../protocol/json-body.ts'
import { bodyTypeOf } from '../protocol/media-type.ts'
import { type ParameterRules, type Parameters, parseForm } from '../protocol/parameters.ts'
import { type GrantType, NO_CLIENT, type TokenRequest } from '../protocol/token.ts'
import type { SurfaceRequest } from './surface.ts'

/** Nothing twice, nothing but text. An empty value counts as sent, so that it can't hide a repetition. */
const RULES: ParameterRules = { repeated: 'refuse', empty: 'keep', structured: 'refuse' }

/** `/v0/token`. A `scope` is no parameter here: everybody gets what their tenant and account allow. */
export function decodeLogin(request: SurfaceRequest): TokenRequest {
  return tokenRequest('password', ['username', 'password'], readParameters(request), null)
}

/** `/v0/refresh_token`. RFC 6749 §6 lets the client ask for a part of the granted scope. */
export function decodeRefresh(request: SurfaceRequest): TokenRequest {
  const parameters = readParameters(request)
  return tokenRequest('refresh_token', ['refresh_token'], parameters, parameters.get('scope') ?? null)
}

/**
 * Each path has one grant type. Whether the other parameters are there is looked at only after it is the right one:
 * the document says that they are "ignored if not".
 */
function tokenRequest(
  grantType: GrantType,
  required: readonly string[],
  parameters: Parameters,
  scope: string | null,
): TokenRequest {
  requireParameter(parameters, 'grant_type')
  if (parameters.get('grant_type') !== grantType) {
    throw new OAuthError('unsupported_grant_type', 'grant_type_of_another_path')
  }
  for (const name of required) requireParameter(parameters, name)
  return { grantType, client: NO_CLIENT, parameters, scope, state: null }
}

function requireParameter(parameters: Parameters, name: string): void {
  const value = parameters.get(name)
  if (value === undefined || value === '') throw missingParameter(name)
}

/** A body without a Content-Type is read as a form: some clients send none. */
function readParameters({ headers, body }: SurfaceRequest): Parameters {
  switch (bodyTypeOf(headers.get('content-type'))) {
    case 'form':
    case 'none':
      return parseForm(body, RULES)
    case 'json':
      return parseJsonBody(body, RULES)
    default:
      throw new OAuthError('invalid_request', 'unsupported_media_type')
  }
}
