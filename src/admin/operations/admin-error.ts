/**
 * Why an operation was refused.
 * - `not_found`: the tenant or the resource does not exist.
 * - `invalid`: what was given breaks a rule; `problems` lists every one.
 * - `conflict`: it does not go with what exists, such as a user name that is taken.
 * - `changed`: the resource is not in the state the operation was meant for.
 */
export type AdminErrorCode = 'not_found' | 'invalid' | 'conflict' | 'changed'

/** One thing that is wrong with what was given. Never holds the value itself. */
export interface Problem {
  /** `username`, `scopes[0]`, `clients[1].grants[0]`; empty: the whole. */
  readonly path: string
  /** Reads on from the path: `must not be empty`. */
  readonly message: string
}

/** A refused operation. The message is for the operator and holds no secret. Nothing was written. */
export class AdminError extends Error {
  readonly code: AdminErrorCode
  readonly problems: readonly Problem[]

  constructor(code: AdminErrorCode, message: string, problems: readonly Problem[] = []) {
    super(message)
    this.name = 'AdminError'
    this.code = code
    this.problems = problems
  }
}

/** `invalid`, with all problems in its message too. */
export function invalid(what: string, problems: readonly Problem[]): AdminError {
  const list = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  return new AdminError('invalid', `The ${what} is not valid: ${list.join('; ')}.`, problems)
}
