import { dirname, resolve } from 'node:path'
import { isMapping } from './draft.ts'
import type { ConfigPath, Finding } from './problem.ts'

/** Reads a file as UTF-8 text; throws as `node:fs` does. */
export type ReadFile = (path: string) => string

/** How a secret may be named by a file, and where. */
const TOP_KEYS = ['masterKey', 'adminToken']
const LISTED_KEYS = { users: 'password', clients: 'secret' } as const

export interface Resolved {
  /** The configuration with the secrets in their places; the `…File` keys stay where they are. */
  readonly value: unknown
  readonly findings: readonly Finding[]
}

/** Puts the content of the files that `…File` keys name in place of what they stand for. The input is not changed. */
export function resolveSecretFiles(value: unknown, directory: string, readFile: ReadFile): Resolved {
  const findings: Finding[] = []
  const fill = (mapping: unknown, key: string, path: ConfigPath): unknown => {
    const file = isMapping(mapping) ? mapping[`${key}File`] : undefined
    if (!isMapping(mapping) || typeof file !== 'string' || file === '') return mapping
    const fileKey = [...path, `${key}File`]
    if (mapping[key] !== undefined) {
      findings.push({ path: fileKey, message: `must not be there beside ${key}` })
      return mapping
    }
    const secret = readSecretFile(resolve(directory, file), readFile)
    if (secret.problem !== null) findings.push({ path: fileKey, message: secret.problem })
    // A secret that could not be read must not be reported as missing too.
    return { ...mapping, [key]: secret.text ?? UNREADABLE }
  }
  const tenantOf = (tenant: unknown, path: ConfigPath): unknown => {
    if (!isMapping(tenant)) return tenant
    const filled = Object.entries(LISTED_KEYS).flatMap(([list, key]) => {
      const entries = tenant[list]
      if (!Array.isArray(entries)) return []
      return [[list, entries.map((entry: unknown, index) => fill(entry, key, [...path, list, index]))]]
    })
    return { ...tenant, ...Object.fromEntries(filled) }
  }
  if (!isMapping(value)) return { value, findings }
  const top = TOP_KEYS.reduce<unknown>((mapping, key) => fill(mapping, key, []), value)
  if (!isMapping(top) || !Array.isArray(top.tenants)) return { value: top, findings }
  const tenants = top.tenants.map((tenant: unknown, index) => tenantOf(tenant, ['tenants', index]))
  return { value: { ...top, tenants }, findings }
}

/** Long enough for every rule; never used, because a problem goes with it. */
const UNREADABLE = 'x'.repeat(64)

export type SecretFile =
  | { readonly text: string; readonly problem: null }
  | { readonly text: null; readonly problem: string }

/** The content of a file without the line end that editors and `echo` add. */
export function readSecretFile(path: string, readFile: ReadFile): SecretFile {
  try {
    const text = readFile(path).replace(/\r?\n$/, '')
    return text === '' ? { text: null, problem: `names an empty file: ${path}` } : { text, problem: null }
  } catch (thrown) {
    return { text: null, problem: `names a file that can not be read: ${path} (${reasonOf(thrown)})` }
  }
}

/** `no such file`, or the code of the system's error. */
export function reasonOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown error'
  const sentences: Readonly<Record<string, string>> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
  }
  return sentences[code] ?? code
}

/** Where relative paths of a configuration file begin. */
export function directoryOf(file: string | null): string {
  return file === null ? resolve() : dirname(resolve(file))
}
