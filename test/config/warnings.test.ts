import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { configuration, SECRET, withClient, withUser } from './configurations.ts'

describe('what is unwise is warned about', () => {
  const short = (length: number) => `has fewer than ${length} characters, which is easy to guess`

  it.each([
    ['a short password', withUser({ password: 'hunter2' }), 'tenants[0].users[0].password', short(8)],
    [
      'a short secret',
      withClient({ secret: SECRET.slice(0, 31) }),
      'tenants[0].clients[0].secret',
      short(32),
    ],
    ['a short admin token', configuration({}, { adminToken: 'x'.repeat(31) }), 'adminToken', short(32)],
    [
      'no surface',
      configuration({ surfaces: {} }),
      'tenants[0].surfaces',
      'is empty: every surface of the tenant is off',
    ],
    [
      'no host',
      configuration({ hosts: [] }),
      'tenants[0].hosts',
      'is empty: only the realm paths reach the tenant',
    ],
    [
      'no grant',
      withClient({ grants: [] }),
      'tenants[0].clients[0].grants',
      'is empty: the client can get no token',
    ],
  ])('%s', (_, value, path, message) => {
    expect(parseConfig(value).warnings).toEqual([{ path, message, line: null, column: null }])
  })

  it.each([
    ['long enough secrets', withClient({ secret: SECRET.slice(0, 32) })],
    ['a resource server without grants', withClient({ grants: undefined, introspect: 'any' })],
    ['a tenant for the realm paths only', configuration({ hosts: undefined, surfaces: { realm: {} } })],
    ['the default tenant without hosts', configuration({ hosts: undefined }, { defaultTenant: 'a' })],
    [
      'base domains in place of hosts',
      configuration({ hosts: undefined }, { server: { baseDomains: ['x.example'] } }),
    ],
  ])('not %s', (_, value) => {
    expect(parseConfig(value).warnings).toEqual([])
  })
})
