import type { LoginFailuresResource } from '../admin/operations/login-failures.ts'
import { timeText } from './time-text.ts'

/** How many logins have failed, and until when that blocks, for people. */
export function failedLoginsText({ failures, blocked, blockedUntil }: LoginFailuresResource): string {
  if (blockedUntil === null) return failures === 0 ? 'none' : String(failures)
  const sources = blocked === 1 ? '1 source' : `${blocked} sources`
  return `${failures}, blocked from ${sources} until ${timeText(blockedUntil)}`
}
