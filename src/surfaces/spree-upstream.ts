import type { PresentedClient } from '../protocol/token.ts'
import type { UpstreamQuestionKind, UpstreamRefusal } from '../protocol/upstream.ts'
import { SPREE_JSON } from './spree-responses.ts'
import { formRequest, isFilled, relayAs, type UpstreamCodec, type UpstreamContent } from './upstream.ts'

/** A shop's own Doorkeeper. */
export const spreeUpstream: UpstreamCodec = {
  encode(question) {
    switch (question.kind) {
      case 'password':
      case 'refresh_token': {
        const { grantType, parameters, scope, client } = question.request
        const grant = { grant_type: grantType, ...Object.fromEntries(parameters), scope }
        return asClient('/spree_oauth/token', grant, client)
      }
      case 'introspection':
        return asClient('/spree_oauth/introspect', { token: question.token }, question.client)
      case 'revocation':
        return asClient('/spree_oauth/revoke', { token: question.token }, question.client)
      case 'info':
        return {
          method: 'GET',
          path: '/spree_oauth/token/info',
          headers: { Authorization: `Bearer ${question.bearer.reveal()}` },
          body: null,
        }
    }
  },
  isAnswer,
  refusalOf,
  relay: relayAs(SPREE_JSON),
}

/** The client proves itself there as it has done here. */
function asClient(
  path: string,
  parameters: Readonly<Record<string, string | null>>,
  client: PresentedClient,
) {
  switch (client.method) {
    case 'none':
      return formRequest(path, { ...parameters, client_id: client.clientId })
    case 'client_secret_post': {
      const { clientId, clientSecret } = client
      return formRequest(path, { ...parameters, client_id: clientId, client_secret: clientSecret.reveal() })
    }
    case 'client_secret_basic': {
      const credentials = base64(`${client.clientId}:${client.clientSecret.reveal()}`)
      return formRequest(path, parameters, { Authorization: `Basic ${credentials}` })
    }
    // The surface takes no assertions.
    case 'private_key_jwt':
    case 'absent':
      return formRequest(path, parameters)
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

function isAnswer(kind: UpstreamQuestionKind, content: UpstreamContent): boolean {
  switch (kind) {
    case 'password':
    case 'refresh_token':
      return isFilled(content.access_token) && isFilled(content.token_type)
    case 'introspection':
      return typeof content.active === 'boolean'
    case 'info':
      return content.resource_owner_id !== undefined
    case 'revocation':
      return true
  }
}

/** Doorkeeper's words; that a grant type is not supported is no answer to the question. */
const REFUSALS: ReadonlyMap<unknown, UpstreamRefusal> = new Map([
  ['invalid_grant', 'credential'],
  ['invalid_token', 'credential'],
  ['invalid_request', 'credential'],
  ['invalid_client', 'client'],
  ['unauthorized_client', 'client'],
  ['invalid_scope', 'scope'],
])

function refusalOf(kind: UpstreamQuestionKind, { error }: UpstreamContent): UpstreamRefusal | null {
  // What became of a token, Spree says there in sentences.
  if (kind === 'info' && isFilled(error)) return 'credential'
  return REFUSALS.get(error) ?? null
}
