import type { Finding } from '../store/findings.ts'
import type { Advice } from './advice.ts'
import { CREDENTIAL_ADVICE } from './credential-advice.ts'
import { REQUEST_ADVICE } from './request-advice.ts'
import { TOKEN_ADVICE } from './token-advice.ts'

/** What each finding means. */
export type AdviceOf = {
  readonly [Name in Finding['finding']]: (finding: Extract<Finding, { finding: Name }>) => Advice
}

/** The compiler asks for new ones. */
const ADVICE: AdviceOf = { ...REQUEST_ADVICE, ...CREDENTIAL_ADVICE, ...TOKEN_ADVICE }

/** Null for a finding that only a newer Mintkeeper knows. */
export function adviceOn(finding: Finding): Advice | null {
  if (!Object.hasOwn(ADVICE, finding.finding)) return null
  const advise = ADVICE[finding.finding] as (finding: Finding) => Advice
  return advise(finding)
}
