import { OAuthError } from './errors.ts'
import { add, addStructured, type ParameterRules, type Parameters } from './parameters.ts'

/**
 * Reads a JSON object's members as parameters. `null` members are absent (with `structured: 'refuse'` refused).
 * Refuses with `malformed_body` what is no JSON, and what is no object unless `rules.structured` is `text`
 * (then it is no parameters at all, as in Rails).
 */
export function parseJsonBody(text: string, rules: ParameterRules): Parameters {
  const parameters = new Map<string, string>()
  if (text.trim() === '') return parameters
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (rules.structured === 'refuse') throw new OAuthError('malformed_body', 'json_not_an_object')
    return parameters
  }
  if (rules.repeated === 'refuse') refuseRepeatedMembers(text)
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'string') {
      requireWellFormed(member)
      add(parameters, name, member, rules)
    } else if (member !== null || rules.structured === 'refuse')
      addStructured(parameters, name, member, rules)
  }
  return parameters
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new OAuthError('malformed_body', 'broken_json', { cause })
  }
}

function requireWellFormed(value: string): void {
  if (!value.isWellFormed()) throw new OAuthError('malformed_body', 'lone_surrogate')
}

/** `JSON.parse` keeps the last of two equal names; this finds them in text that is known to be valid JSON. */
function refuseRepeatedMembers(text: string): void {
  const seen = new Set<string>()
  let depth = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && token.endsWith(':')) {
      const name: string = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1))
      if (seen.has(name)) throw new OAuthError('invalid_request', 'repeated_parameter', { parameter: name })
      seen.add(name)
    }
  }
}
