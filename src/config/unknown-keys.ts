import { CLIENT_SHAPE } from './client-schema.ts'
import { shapeAt } from './option.ts'
import type { ConfigPath, Finding } from './problem.ts'
import { configurationFile } from './schema.ts'
import { findSuggestion, suggest } from './suggestion.ts'
import { SURFACE_SHAPES } from './surface-schema.ts'
import { TENANT_SHAPE } from './tenant-schema.ts'
import { USER_SHAPE } from './user-schema.ts'

/** One finding for each key that the mapping at `path` must not have. */
export function findUnknownKeys(path: ConfigPath, keys: readonly string[]): readonly Finding[] {
  const known = Object.keys(shapeAt(configurationFile, path) ?? {})
  return keys.map((key) => ({ path: [...path, key], message: messageFor(path, key, known) }))
}

function messageFor(path: ConfigPath, key: string, known: readonly string[]): string {
  const home = homeOf(path, key)
  // A key with a home is misplaced rather than misspelt, unless it is one letter away from a key of this place.
  if (home !== null && findSuggestion(key, known, 1) === null) return `does not belong here, but ${home}`
  return `is not a known key${suggest(key, known)}`
}

/** Where the key does belong. */
function homeOf(path: ConfigPath, key: string): string | null {
  const surfaces = Object.entries(SURFACE_SHAPES).filter(([, shape]) => Object.hasOwn(shape, key))
  if (path.includes('surfaces') && surfaces.length > 0) {
    return `to the surface${surfaces.length === 1 ? '' : 's'} ${surfaces.map(([name]) => name).join(' and ')}`
  }
  const homes = {
    'to "server"': shapeAt(configurationFile, ['server']),
    'to a tenant': TENANT_SHAPE,
    'to the top of the file': shapeAt(configurationFile, []),
    'to a client': CLIENT_SHAPE,
    'to a user': USER_SHAPE,
  }
  return Object.entries(homes).find(([, shape]) => shape !== null && Object.hasOwn(shape, key))?.[0] ?? null
}
