import { describe, expect, test } from 'vitest'
import { CODE_ADVICE, REASON_NEXT } from '../../src/diagnosis/code-advice.ts'
import { diagnose } from '../../src/diagnosis/diagnose.ts'
import { REASONS } from '../../src/diagnosis/reasons.ts'
import type { ErrorCode } from '../../src/protocol/errors.ts'

const CODES = Object.keys(CODE_ADVICE) as ErrorCode[]

describe('a diagnosis', () => {
  test.each(Object.keys(REASONS))('of %s says what it means, and what to do', (reason) => {
    for (const code of CODES) {
      const { title, explanation, next, facts } = diagnose({ code, reason, findings: [] })
      expect(title).toMatch(/^[A-Z].*[^.]$/)
      expect(explanation).toBe(REASONS[reason])
      expect(next).toHaveLength(1)
      expect(next[0]).toMatch(/[.]$/)
      expect(facts).toEqual([])
    }
  })

  test('has no advice for reasons that there are not', () => {
    expect(Object.keys(REASON_NEXT).filter((reason) => !Object.hasOwn(REASONS, reason))).toEqual([])
  })

  test('of a credential in the query string is that of all of them', () => {
    const found = diagnose({ code: 'credential_in_query', reason: 'client_secret_in_query', findings: [] })
    expect(found.explanation).toBe(REASONS.password_in_query)
  })

  test('of what a newer version has written says what it can', () => {
    const finding = { finding: 'of_the_future', at: 1 } as never
    const found = diagnose({ code: 'invalid_client', reason: 'of_the_future', findings: [finding] })
    expect(found).toMatchObject({ explanation: '`of_the_future`.', facts: [] })
    expect(diagnose({ code: 'invalid_client', reason: 'constructor', findings: [] }).next).toHaveLength(1)
  })

  test('puts what was found out before what is always true, and says nothing twice', () => {
    const { facts, next, sources } = diagnose({
      code: 'invalid_client',
      reason: 'wrong_client_secret',
      findings: [
        { finding: 'secret_mistake', mistake: 'not_form_encoded', isCertain: true },
        { finding: 'secret_mistake', mistake: 'not_form_encoded', isCertain: false },
      ],
    })
    expect(facts).toHaveLength(2)
    expect(next).toHaveLength(1)
    expect(sources).toEqual(['RFC 6749 §2.3.1', 'RFC 6749 §2.3'])
  })
})
