/** T144: which tenant a request is for. */
import { describe, expect, test } from 'vitest'
import { createTenantDirectory, type DirectoryOptions } from '../../src/http/tenant.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { TENANT } from '../harness.ts'

const TENANTS = [
  { ...TENANT, id: 'one', hosts: ['one.example', 'eins.example'], issuer: 'https://one.example/' },
  { ...TENANT, id: 'two', hosts: ['192.0.2.2', '[2001:db8::2]'], issuer: 'https://two.example/' },
]

function directory(options: Partial<DirectoryOptions> = {}) {
  return createTenantDirectory(TENANTS, SURFACES, { defaultTenant: null, baseDomains: [], ...options })
}

const tenantOf = (host: string | null, options: Partial<DirectoryOptions> = {}) =>
  directory(options).byHost(host)?.id ?? null

describe('by host', () => {
  test.each([
    ['one.example', 'one'],
    ['eins.example', 'one'],
    ['ONE.Example', 'one'],
    ['one.example:443', 'one'],
    ['one.example:8443', 'one'],
    ['one.example:', 'one'],
    ['one.example.', 'one'],
    ['One.Example.:8443', 'one'],
    ['192.0.2.2', 'two'],
    ['192.0.2.2:80', 'two'],
    ['[2001:db8::2]', 'two'],
    ['[2001:DB8::2]:8443', 'two'],
    ['two.example', null],
    ['one', null],
    ['x.one.example', null],
    ['one.example.evil.example', null],
    ['one.example..', null],
    ['.one.example', null],
    ['one.example:80:80', null],
    ['one.example@evil.example', null],
    ['one.example/', null],
    [' one.example', null],
    ['one.example, two.example', null],
    ['one%2eexample', null],
    ['ｏｎｅ.example', null],
    ['', null],
    ['.', null],
    [':', null],
    [']', null],
    ['__proto__', null],
    ['constructor', null],
    [null, null],
  ])('%j is for %s', (host, tenant) => {
    expect(tenantOf(host)).toBe(tenant)
  })
})

describe('by base domain', () => {
  const options = { baseDomains: ['tokens.example'] }

  test.each([
    ['one.tokens.example', 'one'],
    ['TWO.tokens.example:8443', 'two'],
    ['two.tokens.example.', 'two'],
    ['one.example', 'one'],
    ['tokens.example', null],
    ['three.tokens.example', null],
    ['x.one.tokens.example', null],
    ['one.two.tokens.example', null],
    ['one-tokens.example', null],
    ['__proto__.tokens.example', null],
    ['.tokens.example', null],
  ])('%s is for %s', (host, tenant) => {
    expect(tenantOf(host, options)).toBe(tenant)
  })

  test('none is every host of it', () => {
    expect(tenantOf('one.tokens.example')).toBeNull()
  })
})

describe('by default', () => {
  test.each(['nobody.example', '', null, 'one.example.evil.example'])('%j', (host) => {
    expect(tenantOf(host, { defaultTenant: 'two' })).toBe('two')
  })

  test('only where no other has the host', () => {
    expect(tenantOf('one.example', { defaultTenant: 'two' })).toBe('one')
  })

  test('nobody, if there is no such tenant', () => {
    expect(tenantOf('nobody.example', { defaultTenant: 'three' })).toBeNull()
  })
})

test.each([
  ['one', 'one'],
  ['two', 'two'],
  ['One', null],
  ['', null],
  ['one.example', null],
  ['__proto__', null],
])('by id %j', (id, tenant) => {
  expect(directory({ defaultTenant: 'one' }).byId(id)?.id ?? null).toBe(tenant)
})

test('a surface is on if the tenant lists it, or lists none', () => {
  const some = { ...TENANT, surfaces: { spree: {} } }
  const options = { defaultTenant: null, baseDomains: [] }
  const [all, one] = createTenantDirectory([TENANT, { ...some, id: 'some' }], SURFACES, options).tenants
  expect([...all!.surfaces.keys()]).toEqual(['newstore', 'spree', 'standard', 'realm'])
  expect([...one!.surfaces.keys()]).toEqual(['spree'])
})
