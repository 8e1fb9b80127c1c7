import { describe, expect, it } from 'vitest'
import { findStalePages } from '../../scripts/generate-reference.ts'
import { CLIENT_SHAPE } from '../../src/config/client-schema.ts'
import { requireDocumentation, type Shape, shapeAt } from '../../src/config/option.ts'
import { configurationFile } from '../../src/config/schema.ts'
import { SURFACE_SHAPES, SURFACES_SHAPE } from '../../src/config/surface-schema.ts'
import { TENANT_SHAPE } from '../../src/config/tenant-schema.ts'
import { USER_SHAPE } from '../../src/config/user-schema.ts'
import { SURFACES } from '../../src/surfaces/index.ts'

it('docs/reference/configuration.md is what the schema says', () => {
  expect(findStalePages(new URL('../..', import.meta.url).pathname)).toEqual([])
})

describe('every key is documented', () => {
  const shapes: Readonly<Record<string, Shape | null>> = {
    file: shapeAt(configurationFile, []),
    server: shapeAt(configurationFile, ['server']),
    tenant: TENANT_SHAPE,
    surfaces: SURFACES_SHAPE,
    ...SURFACE_SHAPES,
    user: USER_SHAPE,
    client: CLIENT_SHAPE,
  }
  it.each(Object.entries(shapes))('of %s', (_, shape) => {
    for (const [key, schema] of Object.entries(shape ?? {})) {
      expect(requireDocumentation(key, schema).sentence).toMatch(/^.+\.$/)
    }
    expect(Object.keys(shape ?? {})).not.toEqual([])
  })
})

describe('the documented defaults are those of the surface', () => {
  it.each(SURFACES.map((surface) => [surface.name, surface] as const))('%s', (name, surface) => {
    const policy: Record<string, unknown> = {
      ...surface.policy({}, { id: 'shop', issuer: 'https://shop.example/' }),
    }
    policy.passwordGrant = (policy.grants as string[]).includes('password')
    for (const [key, schema] of Object.entries(SURFACE_SHAPES[name])) {
      const documented = requireDocumentation(key, schema).default
      // `3600`, `rotate`, `null`, perhaps with an explanation; a default in words only is for people.
      const value = /^`([\w.-]+)`/.exec(documented)?.[1]
      // What only one surface knows ends in its tokens and headers, not in the policy.
      if (value !== undefined && key in policy) expect([key, String(policy[key])]).toEqual([key, value])
    }
  })
})
