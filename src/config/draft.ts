import type { ConfigPath } from './problem.ts'

/**
 * A mapping of a configuration that nobody has checked yet. The rules that span several values read it as far as
 * it makes sense, so that their problems are listed together with those of single values.
 */
export interface Draft {
  readonly path: ConfigPath
  readonly values: Readonly<Record<string, unknown>>
}

/** Text and where it stands. */
export interface DraftText {
  readonly path: ConfigPath
  readonly text: string
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function draftOf(value: unknown): Draft {
  return { path: [], values: isMapping(value) ? value : {} }
}

export function memberOf(draft: Draft, key: string): unknown {
  return draft.values[key]
}

/** The mapping under `key`; null if there is none. */
export function mappingIn(draft: Draft, key: string): Draft | null {
  const value = memberOf(draft, key)
  return isMapping(value) ? { path: [...draft.path, key], values: value } : null
}

/** The mappings in the list under `key`. */
export function mappingsIn(draft: Draft, key: string): readonly Draft[] {
  const list = memberOf(draft, key)
  if (!Array.isArray(list)) return []
  return list.flatMap((values: unknown, index) =>
    isMapping(values) ? [{ path: [...draft.path, key, index], values }] : [],
  )
}

/** The text under `key`, or the texts in the list under it. */
export function textsIn(draft: Draft, key: string): readonly DraftText[] {
  const value = memberOf(draft, key)
  const path = [...draft.path, key]
  if (typeof value === 'string') return [{ path, text: value }]
  if (!Array.isArray(value)) return []
  return value.flatMap((item: unknown, index) =>
    typeof item === 'string' ? [{ path: [...path, index], text: item }] : [],
  )
}

export function textIn(draft: Draft, key: string): string | null {
  const value = memberOf(draft, key)
  return typeof value === 'string' ? value : null
}
