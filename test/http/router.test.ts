/** T104, T129: which route a path and a method lead to. */
import { describe, expect, test } from 'vitest'
import { createRouter } from '../../src/http/router.ts'
import { FALLBACK_SURFACE, SURFACES } from '../../src/surfaces/index.ts'

const route = createRouter(SURFACES, FALLBACK_SURFACE)

/** Each path of each route, with a tenant in it. */
const PATHS = SURFACES.flatMap((surface) =>
  surface.routes.flatMap((each) =>
    each.paths.map((path) => ({ surface, route: each, path: path.replace('{tenant}', 'acme') })),
  ),
)

const NAMED = SURFACES.flatMap(({ routes }) =>
  routes.flatMap(({ paths }) => paths.filter((path) => path.includes('{tenant}'))),
)

describe.each(PATHS)('$path', ({ surface, route: expected, path }) => {
  test('leads to its route, and no other method does', () => {
    const match = route(expected.method, path)
    expect(match.surface).toBe(surface)
    expect(match.route).toBe(expected)
    expect(match.allow).toEqual([])
    expect(match.tenant).toBe(surface.name === 'realm' ? 'acme' : null)
    for (const method of [
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'HEAD',
      'OPTIONS',
      'TRACE',
      'post',
      '',
      '__proto__',
    ]) {
      if (method === expected.method) continue
      expect(route(method, path)).toMatchObject({ surface, route: null, allow: [expected.method] })
    }
  })

  test('is spelled in one way only', () => {
    const others = [
      `/${path}`,
      path.slice(1),
      `${path}//`,
      path.replace('/', '//'),
      path.toUpperCase(),
      path.replaceAll('/', '%2F'),
      path.replaceAll('/', '\\'),
      path.replace('e', '%65'),
      `${path};x`,
      `${path}%20`,
      `${path}\0`,
      `/.${path}`,
      `/x/..${path}`,
      `${path}/x/..`,
    ]
    for (const other of others) {
      const match = route(expected.method, other)
      // At the end of a path it is part of the tenant's name, and so nobody's.
      if (path.endsWith('acme') && match.tenant !== null)
        expect([other, match.tenant]).not.toEqual([other, 'acme'])
      else expect([other, match.route, match.allow]).toEqual([other, null, []])
    }
  })
})

test.each([
  ['/v0/', 'newstore'],
  ['/v0/tokens', 'newstore'],
  ['/v0/token/x', 'newstore'],
  ['/spree_oauth/', 'spree'],
  ['/spree_oauth/token/info/x', 'spree'],
  ['/oauth/', 'standard'],
  ['/oauth/authorize', 'standard'],
  ['/auth/realms/', 'realm'],
  ['/auth/realms/acme/', 'realm'],
  ['/auth/realms/acme/protocol/openid-connect/auth', 'realm'],
  // No surface's: the fallback answers.
  ['/v0', 'standard'],
  ['/v1/token', 'standard'],
  ['/spree_oauth', 'standard'],
  ['/auth/realms', 'standard'],
  ['/', 'standard'],
  ['', 'standard'],
  ['*', 'standard'],
  ['/__proto__', 'standard'],
  ['/.well-known/', 'standard'],
])('%j is nothing, said by %s', (path, surface) => {
  for (const method of ['GET', 'POST']) {
    const match = route(method, path)
    expect([match.route, match.allow, match.tenant, match.surface.name]).toEqual([null, [], null, surface])
  }
})

describe('the tenant in a path', () => {
  test.each(NAMED)('%s', (path) => {
    const named = (tenant: string) => {
      const match = ['GET', 'POST'].map((method) =>
        route(
          method,
          path.replace('{tenant}', () => tenant),
        ),
      )
      const found = match.find((each) => each.route !== null)
      return found === undefined ? undefined : found.tenant
    }
    expect(named('acme')).toBe('acme')
    // Whatever is between two slashes; who it is, is for the directory to say, and it does not decode.
    for (const tenant of ['%2e%2e', 'a%2Fb', '__proto__', '.', 'ACME', '{tenant}', 'a b', '']) {
      expect(named(tenant)).toBe(tenant)
    }
    expect([named('a/b'), named('/'), named('acme/')]).toEqual([undefined, undefined, undefined])
  })

  test.each(NAMED)('%s without one is nothing', (path) => {
    for (const method of ['GET', 'POST']) {
      expect(route(method, path.replace('/{tenant}', '')).route).toBeNull()
      const match = route(method, path.slice(0, path.indexOf('{tenant}')))
      expect(match.route === null || match.tenant === '').toBe(true)
    }
  })
})

test('two routes for one method and path are refused', () => {
  const surface = SURFACES[0]!
  expect(() => createRouter([surface, { ...surface, name: 'spree' }], FALLBACK_SURFACE)).toThrow('two routes')
})
