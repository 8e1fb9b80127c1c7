import { Unreadable } from '../unreadable.ts'

type Fields = ReadonlyMap<string, string>

const YES = ['true', 'yes', '1']
const NO = ['false', 'no', '0']

/** Throws `Unreadable` for what is neither. Empty is no. */
export function isYes(fields: Fields, name: string): boolean {
  const text = fields.get(name)?.trim().toLowerCase() ?? 'no'
  if (!YES.includes(text) && !NO.includes(text)) throw new Unreadable(`has neither true nor false as ${name}`)
  return YES.includes(text)
}

/** What stands between semicolons, each once. */
export function listOf(fields: Fields, name: string): readonly string[] {
  const parts = (fields.get(name) ?? '').split(';').map((part) => part.trim())
  return [...new Set(parts.filter((part) => part !== ''))]
}
