import { OAuthError } from '../protocol/errors.ts'
import { mayRefresh } from './eligibility.ts'
import type { Grant } from './grant.ts'
import { grantScope } from './granted-scope.ts'

/** RFC 6749 §4.4: the client acts on its own behalf. "MUST only be used by confidential clients." */
export const clientCredentials: Grant = {
  type: 'client_credentials',
  read: (request, { policy }) => ({
    decide: (client) => {
      if (client === null) throw new OAuthError('invalid_client', 'no_client')
      if (client.public) throw new OAuthError('unauthorized_client', 'public_client')
      const scope = grantScope(request.scope, { client, user: null }, policy)
      return {
        kind: 'authorized',
        grantType: 'client_credentials',
        client,
        user: null,
        scope,
        accessScope: scope,
        expiresIn: client.expiresIn ?? policy.expiresIn,
        refresh: { kind: mayRefresh(client, 'client_credentials', policy) ? 'first' : 'none' },
        rehash: null,
      }
    },
  }),
}
