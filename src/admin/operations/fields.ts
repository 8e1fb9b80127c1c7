import { z } from 'zod'
import { requireUsableKey } from '../../crypto/client-assertion.ts'
import {
  type ClientJwks,
  clientJwksProblems,
  type JwksProblem,
  toClientJwks,
} from '../../protocol/client-jwks.ts'
import { isReservedClaim } from '../../protocol/jwt.ts'
import { sizeProblem } from '../../protocol/token-size.ts'
import type { Claims } from '../../store/rows.ts'

const MAX_LENGTH = 255
const MAX_SECRET_LENGTH = 4096
const MAX_CLAIM_DEPTH = 16
/** Ten years, in seconds: a longer life is a mistake, such as milliseconds. */
const MAX_LIFETIME = 315_360_000

const CONTROL_CHARACTER = /\p{Cc}/u
const WHITE_SPACE = /\s/
// RFC 6749 appendix A: VSCHAR = %x20-7E, here without the space.
const VISIBLE = /^[\x21-\x7e]+$/
// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

function text(maximum: number) {
  return z
    .string({ error: ({ input }) => (input === undefined ? 'is missing' : 'must be text') })
    .min(1, { error: 'must not be empty', abort: true })
    .max(maximum, { error: `must not be longer than ${maximum} characters`, abort: true })
    .refine((value) => value.isWellFormed(), { error: 'must be well-formed Unicode', abort: true })
}

/** One line for people, 1 to 255 characters. */
export const lineOfText = text(MAX_LENGTH).refine(isOneLine, 'must not contain control characters')

/** A user's `sub`. URLs can not end with `.` or `..`, so they name nobody. */
export const userId = text(MAX_LENGTH)
  .refine((value) => VISIBLE.test(value), 'must be printable ASCII characters without spaces')
  .refine((value) => value !== '.' && value !== '..', 'must not be . or ..')

/** RFC 6749 appendix A.1, without `|`, which separates the parts of a user's `sub`. */
export const clientId = userId.refine((value) => !value.includes('|'), 'must not contain "|"')

export const email = lineOfText.refine(
  (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  'must be an e-mail address',
)

/** Text that is stored as a hash only: its problems do not quote it. */
export const secretText = text(MAX_SECRET_LENGTH)

const scopeToken = text(MAX_LENGTH).refine(
  (value) => SCOPE_TOKEN.test(value),
  'must be one scope: printable ASCII without spaces, quotes and backslashes (RFC 6749 §3.3)',
)

const roleName = lineOfText.refine((value) => !WHITE_SPACE.test(value), 'must not contain spaces')

export const scopeTokens = setOf(scopeToken)

export const roleNames = setOf(roleName).superRefine(refuseSize)

export const trueOrFalse = z.boolean('must be true or false')

/** A duration in seconds, `minimum` to ten years. */
export function seconds(minimum: number) {
  const range = `must be a whole number of seconds from ${minimum} to ${MAX_LIFETIME} (ten years)`
  return z.int(range).min(minimum, range).max(MAX_LIFETIME, range)
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return z.enum(words, `must be one of ${words.join(', ')}`)
}

/** An object with these members and no others. */
export function objectOf<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'invalid_type' ? 'must be an object' : undefined),
  })
}

/** A list in which nothing stands twice. */
export function setOf<Item extends z.ZodType>(item: Item) {
  return z.array(item, 'must be a list').superRefine((values, context) => {
    values.forEach((value, index) => {
      if (values.indexOf(value) === index) return
      context.addIssue({ code: 'custom', message: 'stands in the list twice', path: [index] })
    })
  })
}

/** They stand in tokens, which have an end. */
function refuseSize(value: object, context: z.core.$RefinementCtx): void {
  const message = sizeProblem(value)
  if (message !== null) context.addIssue({ code: 'custom', message })
}

const JWKS_DOCUMENTATION = {
  type: 'object',
  required: ['keys'],
  properties: {
    keys: {
      type: 'array',
      minItems: 1,
      maxItems: 10,
      items: { type: 'object', required: ['kty'], properties: { kty: { enum: ['RSA', 'EC', 'OKP'] } } },
    },
  },
} as const

/** Public keys of a client, and nothing private. */
export const jwks = z
  .custom<ClientJwks>()
  .superRefine((value, context) => {
    const problems = clientJwksProblems(value)
    for (const { path, message } of problems.length > 0 ? problems : unusable(toClientJwks(value))) {
      context.addIssue({ code: 'custom', message, path: [...path] })
    }
  })
  .transform((value) => toClientJwks(value))
  .meta(JWKS_DOCUMENTATION)

/** Keys that look right, and with which no signature can be verified. */
function unusable({ keys }: ClientJwks): readonly JwksProblem[] {
  return keys.flatMap((key, index) => {
    try {
      requireUsableKey(key)
      return []
    } catch {
      return [{ path: ['keys', index], message: 'must be a key: its numbers do not make one' }]
    }
  })
}

/** Claims by name: JSON values under names that are not the server's own. */
export const claims = z
  .custom<Claims>()
  .superRefine((value, context) => {
    const message = claimsProblem(value)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })
  .meta({ type: 'object', additionalProperties: true })

function claimsProblem(value: unknown): string | null {
  if (!isPlainObject(value)) return 'must be an object of claim names and JSON values'
  const reserved = Object.keys(value).filter((name) => isReservedClaim(name))
  if (reserved.length > 0) return `must not set ${reserved.join(', ')}: the server sets that itself`
  return isJson(value, 0) ? sizeProblem(value) : 'must hold JSON values only, not nested too deeply'
}

function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'string') return isStorable(value)
  if (typeof value === 'number') return Number.isFinite(value)
  if (depth > MAX_CLAIM_DEPTH) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1))
  if (!isPlainObject(value)) return false
  return Object.entries(value).every(
    // A member of this name would become something else on its way through other programs.
    ([name, member]) => name !== '__proto__' && isStorable(name) && isJson(member, depth + 1),
  )
}

/** PostgreSQL can store no NUL, and half a surrogate pair has no UTF-8 form. */
function isStorable(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0')
}

function isOneLine(value: string): boolean {
  return !CONTROL_CHARACTER.test(value)
}

/** An object as JSON has it: no class instance, no list. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
