import { userInfo } from 'node:os'
import type { ActedBy } from '../store/change-event.ts'

/** Who runs the command, by the name that the system knows them by, or the number of one that has no name. */
export function byOperator(): ActedBy {
  return { actor: `operator:${systemName()}`, source: null, requestId: null }
}

function systemName(): string {
  try {
    return userInfo().username
  } catch {
    // In a container with `--user 1234` there may be no entry for it.
    return `#${process.getuid?.() ?? '?'}`
  }
}
