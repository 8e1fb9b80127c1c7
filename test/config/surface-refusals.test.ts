import { describe } from 'vitest'
import { configuration, lifetime, type Refusals, testRefusals, withSurface } from './configurations.ts'

const at = (key: string) => `tenants[0].surfaces.standard.${key}: `
const standard = (settings: unknown) => withSurface('standard', settings)

const SURFACES: Refusals = {
  'an unknown surface': [
    withSurface('spreee', {}),
    'tenants[0].surfaces.spreee: is not a known key, did you mean "spree"?',
  ],
  'a surface that is true': [
    withSurface('spree', true),
    'tenants[0].surfaces.spree: must be a mapping of keys to values',
  ],
  'empty surfaces': [
    configuration({ surfaces: null }),
    'tenants[0].surfaces: is empty: it must be a mapping of keys to values, or the key left out',
  ],
  'T056 a life of 0': [standard({ expiresIn: 0 }), at('expiresIn') + lifetime('0')],
  'T056 a life of -1': [standard({ expiresIn: -1 }), at('expiresIn') + lifetime('-1')],
  'T056 a life of NaN': [standard({ expiresIn: Number.NaN }), at('expiresIn') + lifetime('NaN')],
  'an endless life': [
    standard({ expiresIn: Number.POSITIVE_INFINITY }),
    at('expiresIn') + lifetime('Infinity'),
  ],
  'T056 a life of 2^31': [standard({ expiresIn: 2 ** 31 }), at('expiresIn') + lifetime('2147483648')],
  'a life of 1.5': [standard({ expiresIn: 1.5 }), at('expiresIn') + lifetime('1.5')],
  'T056 a life of 1h': [standard({ expiresIn: '1h' }), at('expiresIn') + lifetime('"1h"')],
  'a life in quotes': [standard({ expiresIn: '3600' }), at('expiresIn') + lifetime('"3600"')],
  'a life of null': [
    standard({ expiresIn: null }),
    `${at('expiresIn')}is empty: it must be a whole number of seconds from 1 to 315360000 (ten years), or the key left out`,
  ],
  'T056 a refresh life of 0': [standard({ refreshExpiresIn: 0 }), at('refreshExpiresIn') + lifetime('0')],
  'T056 an idle life of 0': [
    standard({ refreshIdleExpiresIn: 0 }),
    at('refreshIdleExpiresIn') + lifetime('0'),
  ],
  'a reuse window of more than an hour': [
    standard({ reuseWindow: 3601 }),
    `${at('reuseWindow')}must be a whole number of seconds from 0 to 3600 (an hour), not 3601`,
  ],
  'T056 a negative reuse window': [
    standard({ reuseWindow: -1 }),
    `${at('reuseWindow')}must be a whole number of seconds from 0 to 3600 (an hour), not -1`,
  ],
  'an unknown refresh policy': [
    standard({ refresh: 'never' }),
    `${at('refresh')}must be keep, rotate or rotate-on-first-use, not "never"`,
  ],
  'a bad scope': [
    standard({ scopes: ['a"b'] }),
    `${at('scopes[0]')}must be a scope: printable ASCII without quotes and backslashes (RFC 6749 §3.3)`,
  ],
  'an empty audience': [standard({ audience: '' }), `${at('audience')}must not be empty`],
  'text for a switch': [
    standard({ passwordGrant: 'yes' }),
    `${at('passwordGrant')}must be true or false, not "yes"`,
  ],
  'a mapping for a switch': [
    standard({ passwordGrant: { toString: 1 } }),
    `${at('passwordGrant')}must be true or false`,
  ],
  'passwordGrant on newstore': [
    withSurface('newstore', { passwordGrant: true }),
    'tenants[0].surfaces.newstore.passwordGrant: does not belong here, but to the surfaces standard and realm',
  ],
  'passwordGrant on spree': [
    withSurface('spree', { passwordGrant: true }),
    'tenants[0].surfaces.spree.passwordGrant: does not belong here, but to the surfaces standard and realm',
  ],
  ...Object.fromEntries(
    ['azp', 'tenantClaim'].map((key) => [
      `${key} on standard`,
      [standard({ [key]: 'x' }), `${at(key)}does not belong here, but to the surface newstore`] as const,
    ]),
  ),
  'clientCredentialsRefreshToken on realm': [
    withSurface('realm', { clientCredentialsRefreshToken: true }),
    'tenants[0].surfaces.realm.clientCredentialsRefreshToken: does not belong here, but to the surface spree',
  ],
  'issuer on standard': [
    standard({ issuer: 'https://x.example' }),
    `${at('issuer')}does not belong here, but to the surface realm`,
  ],
  'a page that could leave its header': [
    withSurface('newstore', { migrationGuide: 'https://x.example/>' }),
    'tenants[0].surfaces.newstore.migrationGuide: must be an absolute http or https URL, not "https://x.example/>"',
  ],
}

describe('surfaces', () => testRefusals(SURFACES))
