import { isObject } from '../json-records.ts'

/** Where in a user of Auth0 something stands: `app_metadata.roles`. */
export type MemberPath = string

/**
 * The value at a path; undefined: there is none. A name may hold dots itself, as those of claims that are URLs do:
 * `app_metadata.https://example.com/roles`.
 */
export function memberAt(value: unknown, path: MemberPath): unknown {
  if (!isObject(value)) return undefined
  if (Object.hasOwn(value, path)) return value[path]
  const dot = path.indexOf('.')
  const name = path.slice(0, dot)
  return dot !== -1 && Object.hasOwn(value, name) ? memberAt(value[name], path.slice(dot + 1)) : undefined
}
