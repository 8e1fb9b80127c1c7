/** The grant types the server knows: one line each. */

import type { GrantType } from '../protocol/token.ts'
import { clientCredentials } from './client-credentials.ts'
import type { Grant } from './grant.ts'
import { password } from './password.ts'
import { refreshToken } from './refresh-token.ts'

const GRANTS: Readonly<Record<GrantType, Grant>> = {
  client_credentials: clientCredentials,
  password,
  refresh_token: refreshToken,
}

/** Null for a grant type nobody implements. */
export function findGrant(grantType: string): Grant | null {
  return Object.hasOwn(GRANTS, grantType) ? GRANTS[grantType as GrantType] : null
}

export { ineligibility } from './eligibility.ts'
export type {
  Authorization,
  Elsewhere,
  Grant,
  GrantContext,
  PasswordToCheck,
  PasswordVerdict,
  PresentedToken,
  RefreshDecision,
} from './grant.ts'
export { allowedScope } from './granted-scope.ts'
export { mayBeGivenPassword } from './password.ts'
