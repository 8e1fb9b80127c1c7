import type { ProcessOption } from './process-options.ts'
import { trueOrFalse } from './scalar-values.ts'

/** The options of the process that are about the audit log. */
export const AUDIT_OPTIONS = {
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
} as const satisfies { readonly auditIssues: ProcessOption<'auditIssues'> }
