import type { ProcessOption } from './process-options.ts'
import { retentionDays, trueOrFalse } from './scalar-values.ts'

/** The options of the process that are about the audit log. */
export const AUDIT_OPTIONS = {
  auditRetentionDays: {
    section: null,
    value: retentionDays,
    sentence: 'How long the audit log is kept; 0: for ever.',
    type: 'days',
    metavar: 'DAYS',
    text: 'number',
    fallback: 90,
    fromFile: 'never',
  },
  auditIssues: {
    section: null,
    value: trueOrFalse,
    sentence:
      'Whether the audit log is told of each token that a client is given and of each refresh; logins, refusals, revocations and changes are in it in any case.',
    type: '`true`, `false`',
    metavar: 'BOOLEAN',
    text: 'truth',
    fallback: true,
    fromFile: 'never',
  },
} as const satisfies {
  readonly auditRetentionDays: ProcessOption<'auditRetentionDays'>
  readonly auditIssues: ProcessOption<'auditIssues'>
}
