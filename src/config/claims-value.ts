import { isReservedClaim } from '../protocol/jwt.ts'
import { sizeProblem } from '../protocol/token-size.ts'
import { expected, leafOf } from './option.ts'
import { quote } from './text-values.ts'

/** Claims an operator gave a user or client. */
export type ConfiguredClaims = Record<string, unknown>

/** Deeper than any claim needs to be. */
const MAX_DEPTH = 16

/** Claims by name: JSON values, and no name that the server's own claims have. */
export const claims = leafOf<ConfiguredClaims>((value) => {
  if (!isPlainObject(value)) return expected('a mapping of claim names to JSON values', value)
  const reserved = Object.keys(value).filter((name) => isReservedClaim(name))
  if (reserved.length > 0) return `must not set ${reserved.join(', ')}: the server sets that itself`
  if (Object.hasOwn(value, '__proto__')) return 'must not set __proto__'
  const name = Object.keys(value).find((name) => !isJson(value[name], [value]))
  return name === undefined
    ? sizeProblem(value)
    : `must hold JSON values only; ${quote(name)} is none, or is nested too deeply`
})

function isJson(value: unknown, ancestors: readonly unknown[]): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (ancestors.length > MAX_DEPTH || ancestors.includes(value)) return false
  const inner = [...ancestors, value]
  if (Array.isArray(value)) return value.every((item) => isJson(item, inner))
  return isPlainObject(value) && Object.values(value).every((member) => isJson(member, inner))
}

/** An object as JSON has it: no class instance, no list. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
