import type { z } from 'zod'
import { Secret } from '../../protocol/secret.ts'
import { invalid, type Problem } from './admin-error.ts'

/**
 * The input as the schema gives it, secrets revealed. Refuses with `invalid` and all problems: those of the schema,
 * else those that `check` finds between values that are each right by themselves.
 */
export function validated<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  input: unknown,
  check: (value: z.output<Schema>) => readonly Problem[] = () => [],
): z.output<Schema> {
  const parsed = schema.safeParse(withoutSecretType(input))
  const problems = parsed.success ? check(parsed.data) : parsed.error.issues.flatMap(problemsOf)
  if (!parsed.success || problems.length > 0) throw invalid(what, problems)
  return parsed.data
}

/** What is wrong, in the operator's words. Never quotes a value. */
export function problemsOf(issue: z.core.$ZodIssue): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: formatPath([...issue.path, key]), message: 'is not known' }))
  }
  return [{ path: formatPath(issue.path), message: issue.message }]
}

/** `clients[0].scopes[1]`: as the path would be written in JavaScript. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = ''
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`
    else if (!/^[A-Za-z_$][\w$-]*$/.test(String(segment))) text += `[${JSON.stringify(String(segment))}]`
    else text += text === '' ? String(segment) : `.${String(segment)}`
  }
  return text
}

/** A secret may come as text or as `Secret`; the schemas know text only. */
function withoutSecretType(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
  )
}
