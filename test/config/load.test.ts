import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { loadConfig, parseConfig } from '../../src/config/load.ts'
import { printableDatabase } from '../../src/config/network-values.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { configuration, problemsOfFile, SECRET } from './configurations.ts'

const product = new URL('fixtures/product.yaml', import.meta.url).pathname
const broken = new URL('fixtures/broken.yaml', import.meta.url).pathname

describe('the example of the product description', () => {
  const { config, warnings, file } = loadConfig({ file: product, env: {} })
  const [tenant] = config.tenants

  it('is read as it is', () => {
    expect(file).toBe(product)
    expect(config).toMatchObject({
      server: {
        host: '127.0.0.1',
        port: 8080,
        adminPort: 8081,
        trustedProxies: [],
        baseDomains: [],
        drainSeconds: 0,
      },
      defaultTenant: 'dodici',
      logLevel: 'info',
      masterKey: null,
      adminToken: null,
      databaseConnections: 10,
      databaseTimeoutSeconds: 3,
      databaseStatements: 'named',
      databaseMigration: 'automatic',
      databaseListen: null,
      purgeIntervalSeconds: 60,
      auditRetentionDays: 90,
      auditIssues: true,
      usageRetentionDays: 400,
      refusalRetentionDays: 7,
      passwordHashConcurrency: null,
      passwordHashQueue: 64,
      loginFailuresPerUser: 10,
      loginFailuresPerSource: 100,
      trustedSources: [],
      passwordCacheSeconds: 0,
    })
    expect(config.database.reveal()).toBe('sqlite:data/mintkeeper.db')
    expect(tenant).toMatchObject({
      id: 'dodici',
      hosts: ['dodici.x.newstore.net'],
      issuer: 'https://dodici.x.newstore.net/',
      signingAlgorithm: 'RS256',
    })
  })

  it('has the surfaces it lists and no other', () => {
    expect(tenant?.surfaces).toEqual({
      newstore: {
        expiresIn: 86400,
        refresh: 'keep',
        sunset: Date.UTC(2027, 5, 30) / 1000,
        azp: 'twlFVZyTIYbx7gFdtGYbKAvCGnZAu4Yw',
      },
      spree: { expiresIn: 7200, clientCredentialsRefreshToken: true },
      standard: { expiresIn: 3600, passwordGrant: false },
    })
  })

  it('has users and clients with every default filled in', () => {
    expect(tenant?.users[1]).toEqual({
      username: 'spree@example.com',
      id: null,
      email: null,
      password: new Secret('spree123'),
      passwordHash: null,
      roles: ['admin'],
      scopes: null,
      claims: {},
    })
    expect(tenant?.users[1]?.password?.reveal()).toBe('spree123')
    expect(tenant?.clients[1]).toEqual({
      id: 'storefront',
      name: null,
      public: true,
      secret: null,
      jwks: null,
      grants: ['password', 'refresh_token'],
      scopes: [],
      roles: [],
      claims: {},
      accessToken: 'jwt',
      expiresIn: null,
      introspect: 'own',
      dpopBoundAccessTokens: false,
    })
  })

  it('never prints a secret', () => {
    for (const text of [inspect(config, { depth: 9 }), JSON.stringify(config)]) {
      for (const secret of ['V3lC4EvMV1X5h3HsB_VU', 'spree123', 'cxMZ0tbe604qj'])
        expect(text).not.toContain(secret)
    }
  })

  it('warns about the short secret', () => {
    const message = 'has fewer than 32 characters, which is easy to guess'
    expect(warnings).toEqual([{ path: 'tenants[0].clients[2].secret', message, line: 27, column: 27 }])
  })
})

describe('a file with many problems', () => {
  const load = () =>
    loadConfig({ file: broken, env: { MINTKEEPER_PORT: 'http' }, flags: { logLevel: 'loud' } })

  it('has them all listed in order, each with its place', () => {
    expect(messageOf(load).replaceAll(broken, 'broken.yaml')).toMatchInlineSnapshot(`
      "The configuration has 30 problems:
        broken.yaml:2:11 server.prot: is not a known key, did you mean "port"?
        broken.yaml:2:21 server.adminPort: must be a whole number from 0 to 65535, not 99999
        broken.yaml:3:1 database: must be sqlite: and a path, a postgres:// URL, or memory:
        broken.yaml:4:1 defaultTenant: is no tenant of the configuration (known: Shop)
        broken.yaml:6:5 tenants[0].id: must be 1 to 63 of a-z, 0-9 and -, and not begin with -
        broken.yaml:7:13 tenants[0].hosts[0]: must be a host name without a scheme, not "https://shop.example"
        broken.yaml:7:49 tenants[0].hosts[2]: is the same as tenants[0].hosts[1]
        broken.yaml:8:5 tenants[0].issuer: must begin with https://; http:// is for loopback hosts only (localhost, 127.0.0.1, [::1]), not "shop.example"
        broken.yaml:8:5 tenants[0].issuer: must end with / as long as the surface newstore is on: its clients expect that
        broken.yaml:10:19 tenants[0].surfaces.newstore.expiresIn: must be a whole number of seconds from 1 to 315360000 (ten years), not "1h"
        broken.yaml:10:34 tenants[0].surfaces.newstore.sunset: must not be before 2024-01-08, when the surface was deprecated
        broken.yaml:10:54 tenants[0].surfaces.newstore.passwordGrant: does not belong here, but to the surfaces standard and realm
        broken.yaml:11:7 tenants[0].surfaces.standrad: is not a known key, did you mean "standard"?
        broken.yaml:13:27 tenants[0].users[0].pasword: is not a known key, did you mean "password"?
        broken.yaml:13:53 tenants[0].users[0].roles[0]: must be one role without spaces: list several as several entries
        broken.yaml:14:11 tenants[0].users[1].username: must be text: put the value in quotes
        broken.yaml:14:44 tenants[0].users[1].claims: must not set iss: the server sets that itself
        broken.yaml:16:34 tenants[0].clients[0].secret: must not be there: the client is public, and can keep no secret
        broken.yaml:16:60 tenants[0].clients[0].grants[0]: must not be client_credentials: the client is public, and has no credentials (RFC 6749 §4.4)
        broken.yaml:16:80 tenants[0].clients[0].grants[1]: must be password, client_credentials or refresh_token, not "implicit"
        broken.yaml:16:91 tenants[0].clients[0].introspect: must not be any: the client is public, so anybody could introspect
        broken.yaml:17:9 tenants[0].clients[1].secret: is missing: give secret, secretFile or jwks, or make the client public
        broken.yaml:17:11 tenants[0].clients[1].id: is the same as tenants[0].clients[0].id
        broken.yaml:17:29 tenants[0].clients[1].scopes[0]: must be one scope without spaces: list several as several entries
        broken.yaml:18:5 tenants[1].issuer: is missing
        broken.yaml:18:17 tenants[1].id: is there twice: a key may stand only once
        broken.yaml:18:17 tenants[1].id: must be 1 to 63 of a-z, 0-9 and -, and not begin with -
        broken.yaml:18:17 tenants[1].id: is the same as tenants[0].id
        MINTKEEPER_PORT: must be a whole number from 0 to 65535, not "http"
        --log-level: must be fatal, error, warn, info, debug, trace or silent, not "loud""
    `)
  })

  it('gives exit code 78, and no secret away', () => {
    try {
      load()
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      expect((error as ConfigError).exitCode).toBe(78)
      expect((error as ConfigError).message).not.toMatch(/hunter2/)
      expect(inspect(error)).not.toMatch(/hunter2/)
    }
  })
})

/** Ten aliases of ten aliases of …: small to write, endless to read. */
const BOMB = `a0: &a0 [x]\n${Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(10)}]`).join('\n')}`

describe('a file that is no YAML', () => {
  it.each([
    ['a: [1', 'line 1:6 is not indented as its surroundings, or a bracket is not closed'],
    ['a: hunter2: b', 'line 1:4 has a second ": " in one line: put the value in quotes'],
    ['a: @hunter2', 'line 1:4 begins with a character that needs quotes around the value'],
    ['\ta: hunter2', 'line 1:1 is indented with a tab: use spaces'],
    ['tenants: []\n---\n', 'line 2:1 begins a second document: a configuration is one document'],
    ['a: "\\q"', 'line 1:5 has an escape sequence that YAML does not know: use single quotes'],
    ['a: "hunter2', 'line 1:12 has a quote, colon, comma or bracket missing'],
    [
      'a: !hunter2 x',
      'line 1:4 begins with !, which makes it a tag that is not known: put the value in quotes',
    ],
    [
      'a: *hunter2',
      'line 1:4 a: begins with *, which refers to an anchor that is not there: put the value in quotes',
    ],
    [BOMB, 'is not YAML that can be read: too many aliases, or too much nesting'],
    ['', 'is empty: it must be a mapping of keys to values, or the key left out'],
    ['hunter2', 'line 1:1 must be a mapping of keys to values'],
  ])('%j is refused without being quoted', (text, problem) => {
    expect(problemsOfFile(text)).toEqual([problem])
  })

  it('refuses a key that is there twice, and checks the rest', () => {
    expect(problemsOfFile('tenants: []\nserver: { port: 1, "port": 99999 }\ntenants: []\n')).toEqual([
      'line 2:20 server.port: is there twice: a key may stand only once',
      'line 2:20 server.port: must be a whole number from 0 to 65535, not 99999',
      'line 3:1 tenants: is there twice: a key may stand only once',
    ])
  })

  it('says which file can not be read', () => {
    expect(messageOf(() => loadConfig({ file: '/nowhere/m.yaml', env: {} }))).toBe(
      'The configuration has a problem:\n  the configuration file /nowhere/m.yaml can not be read (no such file)',
    )
  })

  it('reads JSON, which is YAML', () => {
    expect(loadConfig({ text: JSON.stringify(configuration()), env: {} }).config.tenants).toHaveLength(1)
  })
})

describe('secrets in files', () => {
  const files: Readonly<Record<string, string>> = {
    '/etc/mintkeeper/c.yaml':
      'tenants: [{ id: a, hosts: [a.b], issuer: "https://a.b/", users: [{ username: jane, passwordFile: jane }], clients: [{ id: c, secretFile: ../c.secret }] }]',
    '/etc/mintkeeper/jane': 'correct horse \n',
    '/etc/c.secret': `${SECRET}\r\n`,
  }
  const readFile = (path: string) => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error(), { code: 'ENOENT' })
    return text
  }

  it('are relative to the configuration file, and lose the line end', () => {
    const { config } = loadConfig({ file: '/etc/mintkeeper/c.yaml', env: {}, readFile })
    expect(config.tenants[0]?.users[0]?.password?.reveal()).toBe('correct horse ')
    expect(config.tenants[0]?.clients[0]?.secret?.reveal()).toBe(SECRET)
    expect(config.tenants[0]?.users[0]).not.toHaveProperty('passwordFile')
  })

  it.each([
    [
      { username: 'jane', passwordFile: '/x' },
      'tenants[0].users[0].passwordFile: names a file that can not be read: /x (no such file)',
    ],
    [
      { username: 'jane', passwordFile: '/etc/c.secret', password: 'x' },
      'tenants[0].users[0].passwordFile: must not be there beside password',
    ],
    [{ username: 'jane', passwordFile: '' }, 'tenants[0].users[0].passwordFile: must not be empty'],
  ])('%j is refused', (user, problem) => {
    const load = () => parseConfig(configuration({ users: [user] }), readFile)
    expect(messageOf(load)).toBe(`The configuration has a problem:\n  ${problem}`)
  })
})

describe('a database URL', () => {
  it('is printed without its password', () => {
    const print = (url: string) => printableDatabase(new Secret(url))
    expect(print('postgres://mint:hunter2@db.example:5433/tokens?password=hunter2')).toBe(
      'postgres://mint@db.example:5433/tokens',
    )
    expect(print('sqlite:data/mintkeeper.db')).toBe('sqlite:data/mintkeeper.db')
    expect(print('memory:')).toBe('memory:')
  })
})

it('reads a configuration made in code, and leaves it as it was', () => {
  const value = Object.freeze(configuration())
  expect(parseConfig(value).config.tenants[0]?.surfaces).toEqual({ spree: {}, standard: {} })
  expect(value).toEqual(configuration())
  expect(readFileSync(product, 'utf8')).toContain('sunset: 2027-06-30')
})

function messageOf(load: () => unknown): string {
  try {
    load()
    return 'no problem'
  } catch (error) {
    return error instanceof ConfigError ? error.message : `no ConfigError: ${String(error)}`
  }
}
