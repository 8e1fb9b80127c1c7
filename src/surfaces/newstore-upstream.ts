import { NEWSTORE_JSON } from './newstore-responses.ts'
import { formRequest, isFilled, relayAs, type UpstreamCodec } from './upstream.ts'

/** NewStore's own Token API v0. */
export const newstoreUpstream: UpstreamCodec = {
  encode(question) {
    if (question.kind !== 'password' && question.kind !== 'refresh_token') {
      throw new Error(`newstore has no endpoint for ${question.kind}`)
    }
    const { grantType, parameters, scope } = question.request
    if (question.kind === 'refresh_token') {
      const refreshToken = parameters.get('refresh_token')
      return formRequest('/v0/refresh_token', { grant_type: grantType, refresh_token: refreshToken, scope })
    }
    const [username, password] = [parameters.get('username'), parameters.get('password')]
    return formRequest('/v0/token', { grant_type: grantType, username, password })
  },
  isAnswer: (_, { access_token, token_type, expires_in }) =>
    isFilled(access_token) && isFilled(token_type) && Number.isInteger(expires_in),
  // A firewall on the way has a `message` as well, but no id that support could find the request by.
  refusalOf: (_, { message, request_id }) =>
    isFilled(message) && isFilled(request_id) ? 'credential' : null,
  relay: relayAs(NEWSTORE_JSON),
}
