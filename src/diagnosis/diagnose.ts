/**
 * `diagnosis/` says in plain words why a request was refused: what the reason means, what was found out about it, what
 * to do, and where it is written. Pure: it knows what is kept of a refusal, and nothing else.
 */
import type { Reason } from '../protocol/errors.ts'
import type { Finding } from '../store/findings.ts'
import type { Refusal } from '../store/refusals.ts'
import { CODE_ADVICE, REASON_NEXT } from './code-advice.ts'
import { adviceOn } from './finding-advice.ts'
import { REASONS } from './reasons.ts'

export interface Diagnosis {
  /** One line, without a full stop. */
  readonly title: string
  /** What the reason means, in a sentence or two. */
  readonly explanation: string
  /** What was found out besides, what explains most first. */
  readonly facts: readonly DiagnosedFact[]
  /** What to do, what helps most first. Never empty. */
  readonly next: readonly string[]
  /** Sections of RFCs that say so. */
  readonly sources: readonly string[]
}

export interface DiagnosedFact {
  readonly fact: Finding['finding']
  readonly says: string
}

const CREDENTIAL_IN_QUERY = /_in_query$/

export function diagnose({
  code,
  reason,
  findings,
}: Pick<Refusal, 'code' | 'reason' | 'findings'>): Diagnosis {
  const { title, next, source } = CODE_ADVICE[code]
  const found = findings.flatMap((finding) => {
    const advice = adviceOn(finding)
    return advice === null ? [] : [{ fact: finding.finding, ...advice }]
  })
  const advised = found.flatMap((advice) => (advice.next === undefined ? [] : [advice.next]))
  const sources = found.flatMap((advice) => (advice.source === undefined ? [] : [advice.source]))
  const ofReason = Object.hasOwn(REASON_NEXT, reason) ? REASON_NEXT[reason] : undefined
  return {
    title,
    explanation: meaningOf(reason),
    facts: found.map(({ fact, says }) => ({ fact, says })),
    next: [...new Set(advised.length > 0 ? advised : [ofReason ?? next])],
    sources: [...new Set([...sources, ...(source === null ? [] : [source])])],
  }
}

/** The name of a credential stands before `_in_query`. Of a reason of a newer Mintkeeper only the word is known. */
function meaningOf(reason: Reason): string {
  if (Object.hasOwn(REASONS, reason)) return REASONS[reason] ?? reason
  return CREDENTIAL_IN_QUERY.test(reason) ? (REASONS.password_in_query ?? reason) : `\`${reason}\`.`
}
