import { type Headers, type HttpResponse, jsonResponse, NO_STORE } from '../protocol/http.ts'
import type { Introspection, TokenInfo } from '../protocol/introspection.ts'
import type { RevocationOutcome, TokenResponse } from '../protocol/token.ts'

export const SPREE_JSON = 'application/json; charset=utf-8'

/** What Rails sends where Doorkeeper sets nothing. */
const RAILS_DEFAULT: Headers = { 'Cache-Control': 'max-age=0, private, must-revalidate' }

/** Spree's document, in Doorkeeper's order; what is empty is left out. */
export function encodeTokenResponse(response: TokenResponse): HttpResponse {
  return jsonResponse(
    200,
    {
      access_token: response.accessToken,
      token_type: 'Bearer',
      expires_in: response.expiresIn,
      ...(response.refreshToken !== null && { refresh_token: response.refreshToken }),
      ...(response.scope.length > 0 && { scope: response.scope.join(' ') }),
      created_at: response.issuedAt,
    },
    NO_STORE,
    SPREE_JSON,
  )
}

/** `{}` whether something was revoked or nothing known was named; 403 for the token of another client. */
export function encodeRevocation(outcome: RevocationOutcome): HttpResponse {
  if (outcome !== 'token_of_another_client') return jsonResponse(200, {}, RAILS_DEFAULT, SPREE_JSON)
  const body = {
    error: 'unauthorized_client',
    error_description: 'You are not authorized to revoke this token',
  }
  return jsonResponse(403, body, { 'Cache-Control': 'no-cache' }, SPREE_JSON)
}

/** Doorkeeper's members; a refresh token is answered with the times of the access token it was issued with. */
export function encodeIntrospection(token: Introspection): HttpResponse {
  if (!token.active) return jsonResponse(200, { active: false }, RAILS_DEFAULT, SPREE_JSON)
  return jsonResponse(
    200,
    {
      active: true,
      scope: token.scope.join(' '),
      client_id: token.clientId,
      token_type: 'Bearer',
      ...(token.accessExpiresAt !== null && { exp: token.accessExpiresAt }),
      iat: token.issuedAt,
    },
    RAILS_DEFAULT,
    SPREE_JSON,
  )
}

export function encodeTokenInfo(info: TokenInfo): HttpResponse {
  return jsonResponse(
    200,
    {
      resource_owner_id: info.userId === null ? null : resourceOwnerId(info.userId),
      scope: info.scope,
      expires_in: info.expiresIn,
      application: { uid: info.clientId },
      created_at: info.issuedAt,
      resource_owner_type: info.userId === null ? null : 'Spree::User',
    },
    RAILS_DEFAULT,
    SPREE_JSON,
  )
}

/** Spree's own ids are numbers on the wire; any other stays text, and so does a number JSON could not carry exactly. */
function resourceOwnerId(userId: string): number | string {
  return /^(0|[1-9]\d*)$/.test(userId) && Number.isSafeInteger(Number(userId)) ? Number(userId) : userId
}
