import { OAuthError } from './errors.ts'
import { findRepeatedMember } from './json-members.ts'
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
  const repeated = rules.repeated === 'refuse' ? findRepeatedMember(text) : null
  if (repeated !== null)
    throw new OAuthError('invalid_request', 'repeated_parameter', { parameter: repeated })
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
