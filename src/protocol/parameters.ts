import { OAuthError } from './errors.ts'

/** The parameters of one request. Never a plain object: names come from strangers. */
export type Parameters = ReadonlyMap<string, string>

/** How a surface reads parameters. */
export interface ParameterRules {
  /** A name sent twice: refused (RFC 6749 §3.2), or the last one counts, as in Rails. */
  readonly repeated: 'refuse' | 'last'
  /** RFC 6749 §3.2: "Parameters sent without a value MUST be treated as if they were omitted." */
  readonly empty: 'omit' | 'keep'
  /** A value that is no string (JSON number, array …; `name[]=` in a form): refused, or kept as its JSON text. */
  readonly structured: 'refuse' | 'text'
}

/** More parameters than any real request has; bounds the work one request can cause. */
export const MAX_PARAMETERS = 100

/** Refuses with `malformed_body`: broken %-escapes and bytes that are not UTF-8. */
export function parseForm(text: string, rules: ParameterRules): Parameters {
  const parameters = new Map<string, string>()
  if (text === '') return parameters
  const pairs = text.split('&', MAX_PARAMETERS + 1)
  if (pairs.length > MAX_PARAMETERS) throw new OAuthError('invalid_request', 'too_many_parameters')
  for (const pair of pairs) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decodeFormComponent(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decodeFormComponent(pair.slice(equals + 1))
    addPair(parameters, name, value, rules)
  }
  return parameters
}

/** Adds one pair of a form or the like, where `name[]` and `name[key]` make a value that is no string. */
export function addPair(
  parameters: Map<string, string>,
  name: string,
  value: string,
  rules: ParameterRules,
): void {
  const bracket = name.indexOf('[')
  if (bracket === -1) add(parameters, name, value, rules)
  else addStructured(parameters, name.slice(0, bracket), [value], rules)
}

/** Adds one parameter under the rules of its surface. Refuses a NUL with `malformed_body`. */
export function add(
  parameters: Map<string, string>,
  name: string,
  value: string,
  rules: ParameterRules,
): void {
  // No parameter has a NUL in it, and PostgreSQL can't even be asked for one.
  if (value.includes('\0')) throw new OAuthError('malformed_body', 'nul_character')
  if (rules.empty === 'omit' && value === '') return
  if (rules.repeated === 'refuse' && parameters.has(name)) {
    throw new OAuthError('invalid_request', 'repeated_parameter', { parameter: name })
  }
  if (parameters.size === MAX_PARAMETERS && !parameters.has(name)) {
    throw new OAuthError('invalid_request', 'too_many_parameters')
  }
  parameters.set(name, value)
}

/** Adds a value that is no string. Kept as JSON text it names no known thing, so nothing can match it by chance. */
export function addStructured(
  parameters: Map<string, string>,
  name: string,
  value: unknown,
  rules: ParameterRules,
): void {
  if (rules.structured === 'refuse') {
    throw new OAuthError('invalid_request', 'parameter_not_a_string', { parameter: name })
  }
  add(parameters, name, jsonText(value), rules)
}

/** Some engines can parse values nested so deep that they can not write them. */
function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new OAuthError('malformed_body', 'nested_too_deep', { cause })
  }
}

/** `application/x-www-form-urlencoded` decoding of one name or value: `+` is a space, the rest is %-encoded UTF-8. */
export function decodeFormComponent(text: string): string {
  if (!text.includes('%')) return text.includes('+') ? text.replaceAll('+', ' ') : text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw new OAuthError('malformed_body', 'broken_percent_encoding', { cause })
  }
}

/** Names that carry a credential; found in a query string they are refused, whatever the endpoint. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'access_token',
  'client_assertion',
  'client_secret',
  'password',
  'refresh_token',
  'token',
])

/**
 * A credential named in a query string, or null: `password` if it is among them, else the first. Presence is enough
 * (`?password`); names are compared after %-decoding; a name that cannot be decoded names no credential.
 */
export function findCredentialInQuery(query: string): string | null {
  if (query === '') return null
  let found: string | null = null
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const raw = equals === -1 ? pair : pair.slice(0, equals)
    const name = raw.includes('%') ? decodedOrRaw(raw) : raw
    const bracket = name.indexOf('[')
    const base = bracket === -1 ? name : name.slice(0, bracket)
    // NewStore's answer to it is fixed to the byte, whatever stands before it.
    if (base === 'password') return base
    if (CREDENTIALS.has(base)) found ??= base
  }
  return found
}

function decodedOrRaw(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
