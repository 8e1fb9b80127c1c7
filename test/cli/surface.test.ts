/** `mintkeeper surface check`, as a process. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NEWSTORE_USER } from '../clients/tenant.ts'
import { startOldNewstore } from '../surface-check/old-newstore.ts'
import type { OldServer } from '../surface-check/old-server.ts'
import { SHOP, startOldSpree } from '../surface-check/old-spree.ts'
import { CONFIGURATION, createWorkplace, freePort, type RunningServer, type Workplace } from './workplace.ts'

const PASSWORD = 'canary-password-of-joe'
const SECRET = 'canary-secret-of-the-sync-client-0123456789'
const CREDENTIALS = `username: joe@example.com
password: ${PASSWORD}
client_id: sync
client_secret: ${SECRET}
`

/** As an import of the recorded shop leaves it, but for the life of tokens. */
const SHOP_CONFIGURATION = `
database: sqlite:data/mintkeeper.db
tenants:
  - id: shop
    hosts: [shop.example]
    issuer: https://shop.example/
    users:
      - { id: "1", username: ${SHOP.username}, password: ${SHOP.password}, roles: [admin] }
    clients:
      - id: ${SHOP.client_id}
        secret: ${SHOP.client_secret}
        grants: [client_credentials, password, refresh_token]
        scopes: [admin]
`

describe('against a Mintkeeper', () => {
  let place: Workplace
  let server: RunningServer
  beforeAll(async () => {
    place = createWorkplace()
    // So many checks send more wrong passwords than a user may have.
    place.write('mintkeeper.yaml', `${CONFIGURATION}loginFailuresPerUser: 0\n`)
    place.write('credentials.yaml', CREDENTIALS)
    server = await place.serve(['--admin-port', '0'])
  })
  afterAll(() => place.remove())

  function check(surface: string, ...more: readonly string[]) {
    const args = ['--against', server.url, '--credentials', 'credentials.yaml', ...more]
    return place.run(['surface', 'check', surface, ...args])
  }

  it.each(['newstore', 'spree'])(
    'finds %s the same, run in the same process',
    async (surface) => {
      const { code, stdout, stderr } = await check(surface)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(/^STATE +CASE +AGAINST +HERE +FOUND$/m)
      expect(stdout).toMatch(/^same +refresh-unknown +(400|403) +(400|403)$/m)
      expect(stdout).toMatch(/\n\d+ same\.\n$/)
      expect(stdout).not.toContain('canary')
    },
    60_000,
  )

  it('finds it the same as one that runs, asked for a few', async () => {
    const answer = await check(
      'spree',
      '--with',
      server.url,
      '--case',
      'password',
      '--case',
      'wrong-password',
      '--json',
    )
    expect(answer.code).toBe(0)
    expect(JSON.parse(answer.stdout)).toMatchObject({
      surface: 'spree',
      against: `${server.url}/`,
      here: `${server.url}/`,
      counts: { same: 3, different: 0, 'by design': 0, refused: 0, 'not played': 0 },
      cases: [
        { name: 'password-json', state: 'same', statuses: { against: 200, here: 200 }, differences: [] },
        { name: 'wrong-password', state: 'same', statuses: { against: 400, here: 400 } },
        { name: 'password', state: 'same', statuses: { against: 200, here: 200 } },
      ],
    })
  })

  it('says what to do about credentials that both refuse', async () => {
    place.write('wrong.yaml', CREDENTIALS.replace(PASSWORD, 'canary-of-a-wrong-password'))
    const { code, stdout, stderr } = await check('newstore', '--credentials', 'wrong.yaml')
    expect([code, stdout]).toEqual([69, ''])
    expect(stderr).toContain(
      'Both servers refuse what must succeed, a login (password): the old server answers 403, Mintkeeper 403.',
    )
    expect(stderr).toContain('See that the credentials in the file are right')
    expect(stderr).not.toContain('canary')
  })

  it('guesses no more than once, whichever requests are chosen', async () => {
    place.write('wrong.yaml', CREDENTIALS.replace(PASSWORD, 'canary-of-a-wrong-password'))
    const chosen = ['wrong-password', 'refresh', 'refresh-again', 'refresh-of-client', 'introspect', 'revoke']
    const guesses = () => server.stdout().split('"reason":"wrong_password"').length - 1
    const before = guesses()
    const args = ['--credentials', 'wrong.yaml', '--case', chosen.join(' ')]
    const { code, stderr } = await check('spree', ...args)
    expect([code, guesses() - before]).toEqual([69, 1])
    expect(stderr).toContain('Both servers refuse what must succeed, a login as JSON (password-json)')
  })

  it('is not content with what both refuse', async () => {
    place.write('wrong.yaml', CREDENTIALS.replace(SECRET, 'canary-of-a-wrong-secret'))
    const { code, stdout } = await check('spree', '--credentials', 'wrong.yaml')
    expect(code).toBe(69)
    expect(stdout).toMatch(/^refused +password-of-client-without-scope +401 +401 +both refuse it$/m)
    expect(stdout).not.toMatch(/^different/m)
  })

  it('lists the requests without sending any', async () => {
    const { code, stdout } = await place.run(['surface', 'check', 'newstore', '--list'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^CASE +ASKS +SOURCE\npassword +a login +Token API v0, GetAccessToken, 200$/m)
  })

  it.each<[readonly string[], number, string]>([
    [['check', 'standard'], 2, 'Give newstore or spree.'],
    [['check', 'spree'], 2, 'Say where the old server is: --against URL.'],
    [['check', 'spree', '--against', 'http://localhost:1'], 2, 'Say who is to log in: --credentials FILE.'],
    [['check', 'spree', '--against', 'shop.example'], 2, 'Give a URL, such as https://shop.example.'],
    [['check', 'spree', '--case', 'pasword'], 2, 'There is no case pasword. Did you mean password?'],
    [
      ['check', 'spree', '--against', 'http://localhost:1', '--credentials', 'none.yaml'],
      69,
      'The credentials file none.yaml can not be read (no such file).',
    ],
    [
      ['check', 'spree', '--against', 'http://localhost:1', '--credentials', 'mintkeeper.yaml'],
      78,
      'mintkeeper.yaml:2:1 database: is not a known key',
    ],
    [
      [
        'check',
        'spree',
        '--against',
        'http://localhost:1',
        '--credentials',
        'credentials.yaml',
        '--tenant',
        'x',
      ],
      69,
      'There is no tenant x.',
    ],
  ])('refuses %j', async (args, code, message) => {
    const refused = await place.run(['surface', ...args])
    expect([refused.code, refused.stdout]).toEqual([code, ''])
    expect(refused.stderr).toContain(message)
    expect(refused.stderr).not.toContain('canary')
  })

  it('is not content with a server that does not answer', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const { code, stderr } = await place.run([
      ...['surface', 'check', 'spree', '--against', url, '--credentials', 'credentials.yaml'],
    ])
    expect([code, stderr]).toEqual([
      69,
      expect.stringContaining(`${url}/ can not be asked: nothing listens there`),
    ])
  })
})

describe('against the recorded shop', () => {
  let place: Workplace
  let old: OldServer
  beforeAll(async () => {
    place = createWorkplace()
    place.write('mintkeeper.yaml', SHOP_CONFIGURATION)
    const lines = Object.entries(SHOP).map(([name, value]) => `${name}: ${value}\n`)
    place.write('credentials.yaml', lines.join(''))
    expect((await place.run(['apply'])).code).toBe(0)
    old = await startOldSpree()
  })
  afterAll(async () => {
    await old.close()
    place.remove()
  })

  function check(...more: readonly string[]) {
    const args = ['--against', old.origin, '--credentials', 'credentials.yaml', ...more]
    return place.run(['surface', 'check', 'spree', ...args])
  }

  it('exits with 1, and tells each difference once, with what decides about it', async () => {
    const { code, stdout, stderr } = await check()
    expect(code).toBe(1)
    expect(stderr).toBe(
      `warning: the tenant shop does not answer for ${new URL(old.origin).host}. If integrations call that host, add it to hosts before the cut-over\n`,
    )
    expect(stdout).toContain(`here     the tenant shop, in this process, called as shop.example\n`)
    expect(stdout).toMatch(
      /Different:\n\nexpires_in\n {2}against +2629746\n {2}here +7200\n {2}cases +password-json, password, .*\n {2}depends on +expiresIn of the surface\n/,
    )
    expect(stdout).toMatch(/Different by design:\n/)
    expect(stdout).toMatch(/^ {2}connection, .*date, .*transfer-encoding: belongs to the connection$/m)
    // Of what is left of a token's time a slow machine makes several.
    const differences = stdout.match(/^\S.*\n {2}against .*\n {2}here .*$/gm) ?? []
    expect(differences.length).toBeGreaterThan(0)
    expect(differences).toEqual([...new Set(differences)])
  }, 60_000)

  it('shows no password, secret or token', async () => {
    for (const { stdout, stderr } of [await check(), await check('--json')]) {
      const said = stdout + stderr
      expect(said).not.toContain(SHOP.password)
      expect(said).not.toContain(SHOP.client_secret)
      expect(said.match(/[A-Za-z0-9_-]{43}/g) ?? []).toEqual([])
    }
  }, 60_000)

  it('is no use of the surface, and leaves no failed logins and no refusals behind', async () => {
    expect((await check()).code).toBe(1)
    for (const table of ['usage_hours', 'usage_facts', 'login_failures', 'refusals', 'refusals_left_out']) {
      expect(place.sql(`select * from ${table}`), table).toEqual([])
    }
    expect(place.sql('select * from tokens')).not.toEqual([])
  })

  it('calls Mintkeeper by a host that leads to the tenant, and no other', async () => {
    const one = ['--case', 'method-get']
    const named = await check(...one, '--as', 'shop.example')
    expect([named.code, named.stderr]).toEqual([0, ''])
    const other = await check(...one, '--as', 'other.example')
    expect([other.code, other.stdout]).toEqual([69, ''])
    expect(other.stderr).toContain('The host other.example does not lead to the tenant shop: see its hosts.')
  })

  it('warns of a credentials file that others can read', async () => {
    place.write('open.yaml', `username: ${SHOP.username}\npassword: ${SHOP.password}\n`, 0o644)
    const { code, stdout, stderr } = await check(
      '--credentials',
      'open.yaml',
      '--case',
      'missing-secret password',
    )
    expect(code).toBe(1)
    expect(stderr).toContain('warning: open.yaml can be read by others (mode 644): chmod 600 open.yaml')
    expect(stdout).toMatch(/^not played +missing-secret +- +- +needs client_id$/m)
  })
})

describe('a user whom only the old server knows', () => {
  let place: Workplace
  let old: OldServer
  beforeAll(async () => {
    place = createWorkplace()
    old = await startOldNewstore()
    const { username, password } = NEWSTORE_USER
    place.write('credentials.yaml', `username: ${username}\npassword: ${password}\n`)
    place.write(
      'mintkeeper.yaml',
      `
database: sqlite:data/mintkeeper.db
defaultTenant: dodici
tenants:
  - id: dodici
    issuer: https://dodici.x.newstore.net/
    surfaces:
      newstore: { upstream: { url: "${old.origin}" } }
`,
    )
  })
  afterAll(async () => {
    await old.close()
    place.remove()
  })

  // That server would be compared with itself, and its user learned on the way.
  it.each(['in the same process', 'that runs'])(
    'is not asked about there by the Mintkeeper %s',
    async (which) => {
      const server = await place.serve(['--admin-port', '0'])
      const more = which === 'that runs' ? ['--with', server.url] : []
      const before = old.asked.length
      const args = ['--against', old.origin, '--credentials', 'credentials.yaml', '--case', 'password']
      const { code, stdout } = await place.run(['surface', 'check', 'newstore', ...args, ...more])
      expect(code).toBe(1)
      expect(stdout).toMatch(/^different +password +200 +403 /m)
      expect(old.asked).toHaveLength(before + 1)
      server.child.kill('SIGTERM')
      await server.ended
    },
  )
})
