import type { Scope } from './scope.ts'

/**
 * Characters of a JWT. With `Authorization: Bearer ` it fits into the 8 KiB that proxies and servers take for headers;
 * it also bounds the work of a forged one.
 */
export const MAX_JWT_LENGTH = 8_170

/** Bytes of the roles, and of the claims, that a user or client may have, as they stand in tokens: as JSON. */
const MAX_ROLES_OR_CLAIMS = 2_048

/** Characters of a scope that fits into any token, whatever roles and claims stand beside it. */
const ROOMY_SCOPE = 500

/** What is wrong with the size of a user's or client's roles or claims, which are JSON values; null: nothing. */
export function sizeProblem(rolesOrClaims: object): string | null {
  const bytes = new TextEncoder().encode(JSON.stringify(rolesOrClaims)).length
  if (bytes <= MAX_ROLES_OR_CLAIMS) return null
  return `must be smaller: tokens have room for ${MAX_ROLES_OR_CLAIMS} bytes of them as JSON, not for ${bytes}`
}

/** Whether it is for its scope that a token is too large: a smaller one can be asked for. */
export function isLargeScope(scope: Scope): boolean {
  return scope.join(' ').length > ROOMY_SCOPE
}
