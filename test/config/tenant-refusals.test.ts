import { describe } from 'vitest'
import { configuration, type Refusals, testRefusals, withSurface } from './configurations.ts'

const another = (tenant: Record<string, unknown>) => ({
  tenants: [
    ...(configuration().tenants as unknown[]),
    { id: 'b', hosts: ['b.example'], issuer: 'https://b.example', surfaces: {}, ...tenant },
  ],
})

const TENANTS: Refusals = {
  'no mapping': [[], 'must be a mapping of keys to values'],
  'no tenants': [{}, 'tenants: is missing'],
  'tenants that are no list': [{ tenants: {} }, 'tenants: must be a list'],
  'empty tenants': [{ tenants: null }, 'tenants: is empty: it must be a list, or the key left out'],
  'a tenant of nothing': [{ tenants: [{}] }, 'tenants[0].id: is missing', 'tenants[0].issuer: is missing'],
  'a tenant id with capitals': [
    configuration({ id: 'Dodici' }),
    'tenants[0].id: must be 1 to 63 of a-z, 0-9 and -, and not begin with -',
  ],
  'a tenant id that begins with a dash': [
    configuration({ id: '-a' }),
    'tenants[0].id: must be 1 to 63 of a-z, 0-9 and -, and not begin with -',
  ],
  'a tenant id that is too long': [
    configuration({ id: 'a'.repeat(64) }),
    'tenants[0].id: must be 1 to 63 of a-z, 0-9 and -, and not begin with -',
  ],
  'a number where text belongs': [
    configuration({ id: 7 }),
    'tenants[0].id: must be text: put the value in quotes',
  ],
  'a second tenant with the id': [another({ id: 'a' }), 'tenants[1].id: is the same as tenants[0].id'],
  'a second tenant with the host': [
    another({ hosts: ['x.example', 'A.Example'] }),
    'tenants[1].hosts[1]: is the same as tenants[0].hosts[0]',
  ],
  'a host that stands twice': [
    configuration({ hosts: ['a.example', 'a.example'] }),
    'tenants[0].hosts[1]: is the same as tenants[0].hosts[0]',
  ],
  'a second tenant with the issuer': [
    another({ issuer: 'https://a.example' }),
    'tenants[1].issuer: is the same as tenants[0].issuer',
  ],
  "another tenant's issuer as realm issuer": [
    another({ surfaces: { realm: { issuer: 'https://a.example' } } }),
    'tenants[1].surfaces.realm.issuer: is the same as tenants[0].issuer',
  ],
  "T052 the realm surface's own issuer as that of the others": [
    configuration({ issuer: 'https://a.example/auth/realms/a', surfaces: { standard: {}, realm: {} } }),
    'tenants[0].issuer: is that of the surface realm of tenants[0], unless that is given another as surfaces.realm.issuer',
  ],
  "T052 the issuer of another tenant's realm surface": [
    {
      tenants: [
        { id: 'a', hosts: ['a.example'], issuer: 'https://a.example', surfaces: { realm: {} } },
        {
          id: 'b',
          hosts: ['b.example'],
          issuer: 'https://a.example/auth/realms/a',
          surfaces: { standard: {} },
        },
      ],
    },
    'tenants[1].issuer: is that of the surface realm of tenants[0], unless that is given another as surfaces.realm.issuer',
  ],
  'a host with a scheme': [
    configuration({ hosts: ['https://a.example'] }),
    'tenants[0].hosts[0]: must be a host name without a scheme, not "https://a.example"',
  ],
  'a host with a port': [
    configuration({ hosts: ['a.example:8080'] }),
    'tenants[0].hosts[0]: must be a host name without a port, not "a.example:8080"',
  ],
  'a host with a path': [
    configuration({ hosts: ['a.example/x'] }),
    'tenants[0].hosts[0]: must be a host name without a path, not "a.example/x"',
  ],
  'a host with a wildcard': [
    configuration({ hosts: ['*.example'] }),
    'tenants[0].hosts[0]: must be a host name, not "*.example"',
  ],
  'a host with a dot at its end': [
    configuration({ hosts: ['a.example.'] }),
    'tenants[0].hosts[0]: must be a host name without the dot at its end',
  ],
  'an unknown algorithm': [
    configuration({ signingAlgorithm: 'HS256' }),
    'tenants[0].signingAlgorithm: must be RS256, ES256 or EdDSA, not "HS256"',
  ],
  'a default tenant that does not exist': [
    configuration({}, { defaultTenant: 'b' }),
    'defaultTenant: is no tenant of the configuration, did you mean "a"?',
  ],
  'a base domain that gives away a listed host': [
    { ...another({ hosts: ['a.shops.example'] }), server: { baseDomains: ['Shops.example'] } },
    'server.baseDomains: gives a.shops.example to tenants[0], but tenants[1].hosts[0] lists it',
  ],
}

const ISSUERS: Refusals = {
  http: [
    configuration({ issuer: 'http://a.example' }),
    'tenants[0].issuer: must begin with https://; http:// is for loopback hosts only (localhost, 127.0.0.1, [::1]), not "a.example"',
  ],
  'http on a host that looks like loopback': [
    configuration({ issuer: 'http://127.0.0.1.example' }),
    'tenants[0].issuer: must begin with https://; http:// is for loopback hosts only (localhost, 127.0.0.1, [::1]), not "127.0.0.1.example"',
  ],
  'no scheme': [
    configuration({ issuer: 'a.example' }),
    'tenants[0].issuer: must be an absolute https URL, not "a.example"',
  ],
  'another scheme': [
    configuration({ issuer: 'ftp://a.example' }),
    'tenants[0].issuer: must be an absolute https URL, not "ftp://a.example"',
  ],
  'a space at its end': [
    configuration({ issuer: 'https://a.example ' }),
    'tenants[0].issuer: must be an absolute https URL, not "https://a.example "',
  ],
  'a query': [
    configuration({ issuer: 'https://a.example?x' }),
    'tenants[0].issuer: must have no query and no fragment (RFC 8414 §2)',
  ],
  'a fragment': [
    configuration({ issuer: 'https://a.example/#' }),
    'tenants[0].issuer: must have no query and no fragment (RFC 8414 §2)',
  ],
  'a password': [
    configuration({ issuer: 'https://u:p@a.example' }),
    'tenants[0].issuer: must hold no user name and password',
  ],
  'no slash at its end with newstore': [
    configuration({ surfaces: { newstore: {} } }),
    'tenants[0].issuer: must end with / as long as the surface newstore is on: its clients expect that',
  ],
  'no slash at its end with every surface': [
    configuration({ surfaces: undefined }),
    'tenants[0].issuer: must end with / as long as the surface newstore is on: its clients expect that',
  ],
  'a bad realm issuer': [
    withSurface('realm', { issuer: 'x' }),
    'tenants[0].surfaces.realm.issuer: must be an absolute https URL, not "x"',
  ],
}

describe('tenants', () => testRefusals(TENANTS))

describe('issuers', () => testRefusals(ISSUERS))
