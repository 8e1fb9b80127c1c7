import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { type Refusals, testRefusals, withSurface } from './configurations.ts'

const AT = 'tenants[0].surfaces.newstore.upstream'
const upstream = (value: unknown) => withSurface('newstore', { upstream: value })
const url = (value: unknown) => upstream({ url: value })
const GOOD = 'https://old.example'

const REFUSALS: Refusals = {
  'no address': [upstream({}), `${AT}.url: is missing`],
  'an address alone': [upstream(GOOD), `${AT}: must be a mapping of keys to values`],
  'plain http': [
    url('http://old.example'),
    `${AT}.url: must begin with https://, since passwords are sent there; http:// is for loopback hosts only (localhost, 127.0.0.1, [::1]), not "old.example"`,
  ],
  'another scheme': [
    url('ftp://old.example'),
    `${AT}.url: must be an absolute https URL, not "ftp://old.example"`,
  ],
  'a name alone': [url('old.example'), `${AT}.url: must be an absolute https URL, not "old.example"`],
  credentials: [url('https://user:pass@old.example'), `${AT}.url: must hold no user name and password`],
  'a query': [url(`${GOOD}/?a=b`), `${AT}.url: must have no query and no fragment`],
  'a fragment': [url(`${GOOD}#a`), `${AT}.url: must have no query and no fragment`],
  ...Object.fromEntries(
    ['/v0', '/v0/token', '/shop/spree_oauth/', '/spree_oauth/token'].map((path) => [
      `the path ${path} of a surface`,
      [
        url(GOOD + path),
        `${AT}.url: must end before the paths of the surface, which are added to it, not "${GOOD + path}"`,
      ] as const,
    ]),
  ),
  'a host of the tenant itself': [
    url('https://A.Example/old'),
    `${AT}.url: must not be at a.example, a host of this tenant: the other server needs a name of its own`,
  ],
  'no time': [
    upstream({ url: GOOD, timeoutSeconds: 0 }),
    `${AT}.timeoutSeconds: must be a whole number of seconds from 1 to 60, not 0`,
  ],
  'nobody at a time': [
    upstream({ url: GOOD, concurrency: 0 }),
    `${AT}.concurrency: must be a whole number from 1 to 1000, not 0`,
  ],
  'an unknown key': [
    upstream({ url: GOOD, caBundle: 'x' }),
    `${AT}.caBundle: is not a known key (known: url, users, tokens, timeoutSeconds, concurrency, failures, pauseSeconds)`,
  ],
  'standard, which is moved from nowhere': [
    withSurface('standard', { upstream: { url: GOOD } }),
    'tenants[0].surfaces.standard.upstream: does not belong here, but to the surfaces newstore and spree',
  ],
}

describe('upstream', () => {
  testRefusals(REFUSALS)

  it.each([
    [GOOD, GOOD],
    [`${GOOD}/`, GOOD],
    [`${GOOD}:8443/shop//`, `${GOOD}:8443/shop`],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    [`${GOOD}/v0x`, `${GOOD}/v0x`],
  ])('takes %s as %s', (given, kept) => {
    const { config } = parseConfig(url(given) as never)
    expect(config.tenants[0]?.surfaces?.newstore).toEqual({ upstream: { url: kept } })
  })
})
