import type { SqlValue } from '../sql/operation.ts'

/** What would end a quoted text, or is not itself in one. */
const SPECIAL = /["\\]/

/** A list of values as PostgreSQL reads an array (manual, 8.15.2): `{1,NULL}`, `{"a \"b\"","\\x00ff"}`. */
export function arrayOf(values: readonly SqlValue[]): string {
  let text = ''
  for (const value of values) text += `${text === '' ? '{' : ','}${elementOf(value)}`
  return text === '' ? '{}' : `${text}}`
}

function elementOf(value: SqlValue): string | number {
  if (value === null) return 'NULL'
  if (typeof value === 'number') return value
  if (typeof value === 'string') {
    return SPECIAL.test(value) ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : `"${value}"`
  }
  return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}"`
}
