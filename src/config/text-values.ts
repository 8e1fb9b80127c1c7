import { parseScope } from '../protocol/scope.ts'
import { Secret } from '../protocol/secret.ts'
import { sizeProblem } from '../protocol/token-size.ts'
import { expected, leafOf, setOf } from './option.ts'
import { findSuggestion } from './suggestion.ts'

const MAX_LENGTH = 255
/** Room for a hash or key, and an end to what a mistaken `…File` could read. */
const MAX_SECRET_LENGTH = 4096
const CONTROL_CHARACTER = /\p{Cc}/u
// RFC 6749 appendix A: VSCHAR = %x20-7E, here without the space.
const VISIBLE = /^[\x21-\x7e]+$/
const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
// RFC 3339 §5.6, in whole seconds.
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$/
// RFC 6750 §2.1: b64token
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/
// PHC string format, which the modular crypt format of bcrypt resembles, and the import's own name for Authlogic.
const PASSWORD_HASH = /^(\$[a-z0-9-]+\$|authlogic_sha512:)[\x21-\x7e]+$/

/** A value that is text, and passes `problemOf`. */
function textOf(problemOf: (text: string) => string | null) {
  return leafOf<string>((value) => {
    if (typeof value === 'string') return problemOf(value)
    const isScalar = typeof value === 'number' || typeof value === 'boolean'
    return isScalar ? 'must be text: put the value in quotes' : expected('text', value)
  })
}

/** One line of text for people or identifiers: 1 to 255 characters. */
export const lineOfText = textOf(lineProblem)

function lineProblem(text: string): string | null {
  if (text === '') return 'must not be empty'
  if (text.length > MAX_LENGTH) return `must not be longer than ${MAX_LENGTH} characters`
  return CONTROL_CHARACTER.test(text) ? 'must not contain control characters' : null
}

/** Text that must never be printed: its problems do not quote it. */
export const secretText = textOf((text) => {
  if (text === '') return 'must not be empty'
  return text.length > MAX_SECRET_LENGTH ? `must not be longer than ${MAX_SECRET_LENGTH} characters` : null
}).transform((text) => new Secret(text))

/** 32 bytes or more, which is what the encryption of keys wants. */
export const masterKeyText = textOf((text) => {
  if (bytesIn(text) >= 32 && text.length <= MAX_SECRET_LENGTH) return null
  return 'must be 32 bytes or more as hexadecimal or base64 text; make one with: openssl rand -base64 32'
}).transform((text) => new Secret(text))

function bytesIn(text: string): number {
  if (/^([0-9a-f]{2})+$/i.test(text)) return text.length / 2
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Math.floor((text.replaceAll('=', '').length * 3) / 4) : 0
}

/** What can be sent as `Authorization: Bearer` (RFC 6750 §2.1), and is not too easy to guess. */
export const bearerToken = textOf((text) => {
  if (text.length < 16 || text.length > MAX_SECRET_LENGTH) return 'must have 16 characters or more'
  return BEARER_TOKEN.test(text) ? null : 'must be letters, digits and -._~+/ only (RFC 6750 §2.1)'
}).transform((text) => new Secret(text))

export const passwordHash = textOf((text) => {
  if (PASSWORD_HASH.test(text) && text.length <= MAX_SECRET_LENGTH) return null
  return 'must be a PHC string ($argon2id$…), a bcrypt hash ($2…) or authlogic_sha512:…'
}).transform((text) => new Secret(text))

export const tenantId = textOf((text) => {
  return TENANT_ID.test(text) ? null : 'must be 1 to 63 of a-z, 0-9 and -, and not begin with -'
})

/** RFC 6749 appendix A.1, without what separates parts of a subject. */
export const clientId = textOf((text) => {
  if (VISIBLE.test(text) && !text.includes('|') && text.length <= MAX_LENGTH) return null
  return `must be 1 to ${MAX_LENGTH} printable ASCII characters without spaces and "|"`
})

/** A user's `sub`. */
export const userId = textOf((text) => {
  if (VISIBLE.test(text) && text.length <= MAX_LENGTH) return null
  return `must be 1 to ${MAX_LENGTH} printable ASCII characters without spaces`
})

export const email = textOf((text) => {
  return lineProblem(text) ?? (/^[^\s@]+@[^\s@]+$/.test(text) ? null : 'must be an e-mail address')
})

/** RFC 6749 §3.3: scope-token. */
export const scopeToken = textOf((text) => {
  if (/\s/.test(text)) return 'must be one scope without spaces: list several as several entries'
  return isScopeToken(text)
    ? null
    : 'must be a scope: printable ASCII without quotes and backslashes (RFC 6749 §3.3)'
})

function isScopeToken(text: string): boolean {
  try {
    return parseScope(text).length === 1
  } catch {
    return false
  }
}

export const roleName = textOf((text) => {
  return (
    lineProblem(text) ??
    (/\s/.test(text) ? 'must be one role without spaces: list several as several entries' : null)
  )
})

/** The roles of a user or client, which stand in tokens. */
export const roleNames = setOf(roleName).check((payload) => {
  const message = sizeProblem(payload.value)
  if (message !== null) payload.issues.push({ code: 'custom', message, input: payload.value })
})

/** A path in the file system. */
export const filePath = textOf((text) => {
  if (text === '') return 'must not be empty'
  return text.includes('\0') ? 'must not contain a NUL character' : null
})

/** A day, as the first second of it in UTC. */
export const date = textOf((text) => {
  return secondsOf(text) === null ? 'must be a day that exists, written as 2027-06-30' : null
}).transform((text) => secondsOf(text) ?? 0)

function secondsOf(text: string): number | null {
  if (!DATE.test(text)) return null
  const milliseconds = Date.parse(`${text}T00:00:00Z`)
  if (Number.isNaN(milliseconds) || !new Date(milliseconds).toISOString().startsWith(text)) return null
  return milliseconds / 1000
}

/** A time to the second, with its zone. */
export const dateTime = textOf((text) => {
  if (secondsOfDateTime(text) !== null) return null
  return 'must be a time that exists, with its zone, written as 2027-03-01T09:00:00Z (RFC 3339)'
}).transform((text) => secondsOfDateTime(text) ?? 0)

/** Null: it is no such time. */
export function secondsOfDateTime(text: string): number | null {
  const [, day] = DATE_TIME.exec(text) ?? []
  if (day === undefined || secondsOf(day) === null) return null
  const milliseconds = Date.parse(text)
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000
}

/** One of a few words. */
export function oneOf<Word extends string>(words: readonly Word[]) {
  const list = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
  return leafOf<Word>((value) => {
    if ((words as readonly unknown[]).includes(value)) return null
    if (typeof value !== 'string') return expected(list, value)
    const suggestion = words.length > 3 ? findSuggestion(value, words) : null
    return `must be ${list}, not ${quote(value)}${suggestion === null ? '' : `, did you mean "${suggestion}"?`}`
  })
}

/** A value in a message; only for what is no secret. */
export function quote(value: string | number | boolean): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 43 ? `${text.slice(0, 40)}…` : text
}
