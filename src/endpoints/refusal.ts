import { OAuthError, toOAuthError } from '../protocol/errors.ts'
import { StoreUnavailable } from '../store/errors.ts'

/**
 * Whatever an endpoint threw, as a refusal. A write that was not done answers 503: nothing was kept, and the same
 * request may be sent again.
 */
export function toRefusal(thrown: unknown): OAuthError {
  if (thrown instanceof StoreUnavailable) {
    return new OAuthError('temporarily_unavailable', 'store_unavailable', { retryAfter: 1, cause: thrown })
  }
  return toOAuthError(thrown)
}
