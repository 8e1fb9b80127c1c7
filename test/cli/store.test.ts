import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, type Workplace } from './workplace.ts'

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
})
afterEach(() => place.remove())

const SECOND_TENANT = `
  - id: other
    hosts: [other.example]
    issuer: https://other.example/
    surfaces: { standard: }
`

describe('apply', () => {
  it('makes what the file lists, and then nothing more', async () => {
    const first = await place.run(['apply', 'mintkeeper.yaml'])
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(/^TENANT +WHAT +ID +NAME +OUTCOME +FIELDS\n/)
    expect(first.stdout).toMatch(/^dodici +tenant +dodici +created$/m)
    expect(first.stdout).toMatch(/^dodici +user +auth0\|\w+ +joe@example\.com +created$/m)
    const second = await place.json(['apply'])
    expect(
      second.flatMap(({ items }: { items: { outcome: string }[] }) => items.map(({ outcome }) => outcome)),
    ).toEqual(['unchanged', 'unchanged', 'unchanged', 'unchanged'])
  })

  it('names the fields it changed, and prints no secret it was given', async () => {
    await place.run(['apply'])
    place.write(
      'mintkeeper.yaml',
      CONFIGURATION.replaceAll('canary', 'canary-2').replace('roles: [admin]', 'roles: [boss]'),
    )
    const { stdout, stderr } = await place.run(['apply'])
    expect(stdout).toMatch(/ joe@example\.com +updated +.*roles.*password/)
    expect(stdout).toMatch(/ sync +updated +secret/)
    expect(stdout + stderr + place.databaseText()).not.toContain('canary')
  })

  it('leaves alone what it does not list', async () => {
    await place.run(['apply'])
    await place.json(['user', 'create', 'extra'])
    await place.run(['apply'])
    expect(await place.json(['user', 'show', 'extra'])).toMatchObject({ username: 'extra' })
  })

  it('lists every problem of a file, with its place, and exits with 78', async () => {
    place.write(
      'bad.yaml',
      'tenants:\n  - id: A\n    isuer: http://x.example/\n    users: [{ username: "" }]\n',
    )
    const { code, stdout, stderr } = await place.run(['apply', 'bad.yaml'])
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toMatch(/^mintkeeper: The configuration has 4 problems:$/m)
    for (const part of [
      'bad.yaml:2:5 tenants[0].id',
      'did you mean "issuer"',
      'tenants[0].issuer: is missing',
      'username: must not be empty',
    ]) {
      expect(stderr).toContain(part)
    }
    expect(existsSync(place.path('data'))).toBe(false)
  })

  it('warns about what is unwise, on standard error', async () => {
    place.write('weak.yaml', CONFIGURATION.replace('canary-secret-of-the-sync-client-0123456789', 'tooshort'))
    const { code, stdout, stderr } = await place.run(['apply', 'weak.yaml', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toHaveLength(1)
    expect(stderr).toMatch(/^warning: weak\.yaml:\d+:\d+ tenants\[0\]\.clients\[0\]\.secret/)
    expect(stderr).not.toContain('tooshort')
  })
})

describe('tenants', () => {
  it('are listed with their surfaces', async () => {
    await place.run(['apply'])
    expect((await place.run(['tenant', 'list'])).stdout).toMatch(
      /^dodici +any +https:\/\/dodici\.x\.newstore\.net\/ +RS256 +newstore spree standard realm$/m,
    )
    expect(await place.json(['tenant', 'list'])).toEqual([
      {
        id: 'dodici',
        hosts: ['dodici.x.newstore.net'],
        issuer: 'https://dodici.x.newstore.net/',
        signingAlgorithm: 'RS256',
        surfaces: ['newstore', 'spree', 'standard', 'realm'],
        isDefault: true,
      },
    ])
  })

  it('must be named if there are several', async () => {
    place.write('mintkeeper.yaml', CONFIGURATION + SECOND_TENANT)
    await place.run(['apply'])
    const { code, stderr } = await place.run(['user', 'list'])
    expect(code).toBe(2)
    expect(stderr).toContain('Name one with --tenant: dodici, other.')
    expect(await place.json(['user', 'list', '--tenant', 'other'])).toEqual([])
    expect(await place.json(['user', 'list', '--tenant', 'dodici'])).toHaveLength(1)
  })

  it('are all searched for a token, unless one is named', async () => {
    place.write('mintkeeper.yaml', CONFIGURATION + SECOND_TENANT)
    await place.run(['apply'])
    await place.json(['client', 'create', 'x', '--tenant', 'other'])
    const { accessToken } = await place.json(['token', 'issue', '--client', 'x', '--tenant', 'other'])
    expect(await place.json(['token', 'inspect', accessToken])).toMatchObject({ tenant: 'other' })
    expect((await place.run(['token', 'inspect', accessToken, '--tenant', 'dodici'])).code).toBe(1)
  })
})

describe('keys', () => {
  it('are listed and rotated; the announced one signs then, and old tokens stay good', async () => {
    await place.run(['apply'])
    const before = await place.json(['key', 'list'])
    expect(before.map(({ state }: { state: string }) => state).toSorted()).toEqual(['active', 'announced'])
    const { accessToken } = await place.json(['token', 'issue', '--client', 'sync'])
    const rotated = await place.run(['key', 'rotate', '--force'])
    expect(rotated.stdout).toMatch(/ RS256 +retired +signs +.*Z +\d{4}-.*Z$/m)
    expect(rotated.stderr).toMatch(/stays published until \d{4}-.*Z, when/)
    const after = await place.json(['key', 'list'])
    const stateOf = (keys: { kid: string; state: string }[], state: string) =>
      keys.find((key) => key.state === state)?.kid
    expect(stateOf(after, 'active')).toBe(stateOf(before, 'announced'))
    expect(stateOf(after, 'retired')).toBe(stateOf(before, 'active'))
    expect(await place.json(['token', 'inspect', accessToken])).toMatchObject({ state: 'live' })
  })

  it('of another algorithm can be rotated too, and of none that is unknown', async () => {
    await place.run(['apply'])
    const keys = await place.json(['key', 'rotate', '--algorithm', 'es256', '--force'])
    expect(keys.filter(({ algorithm }: { algorithm: string }) => algorithm === 'ES256')).toHaveLength(3)
    expect((await place.run(['key', 'rotate', '--algorithm', 'HS256'])).code).toBe(2)
  })

  it('T086 that leaked are withdrawn, once that is confirmed', async () => {
    await place.run(['apply'])
    const before: { kid: string; state: string }[] = await place.json(['key', 'list'])
    const kid = before.find(({ state }) => state === 'active')?.kid ?? ''
    const { accessToken } = await place.json(['token', 'issue', '--client', 'sync'])
    const asked = await place.run(['key', 'withdraw', kid])
    expect([asked.code, asked.stdout]).toEqual([2, ''])
    expect(asked.stderr).toContain('add --yes')
    expect(await place.json(['key', 'list'])).toEqual(before)
    const unknown = await place.run(['key', 'withdraw', 'x', '--yes'])
    expect([unknown.code, unknown.stdout]).toEqual([1, ''])
    const withdrawn = await place.run(['key', 'withdraw', kid, '--yes'])
    expect(withdrawn.code).toBe(0)
    expect(withdrawn.stdout).toMatch(new RegExp(`^${kid} +RS256 +withdrawn `, 'm'))
    expect((await place.run(['token', 'inspect', accessToken])).code).toBe(1)
    const young = await place.json(['token', 'issue', '--client', 'sync'])
    expect(await place.json(['token', 'inspect', young.accessToken])).toMatchObject({ state: 'live' })
  })

  it('are not rotated before verifiers know the announced one', async () => {
    await place.run(['apply'])
    const before = await place.json(['key', 'list'])
    const { code, stdout, stderr } = await place.run(['key', 'rotate'])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/verifiers may not know it yet\. Rotate from \d{4}-.*Z on; or now with --force/)
    expect(await place.json(['key', 'list'])).toEqual(before)
  })

  it('of another master key stop the start, and nothing is written', async () => {
    await place.run(['apply'])
    place.write('data/mintkeeper.db.key', `${Buffer.alloc(32, 7).toString('base64')}\n`)
    place.write('mintkeeper.yaml', CONFIGURATION.replace('joe@example.com', 'jim@example.com'))
    place.write('no-tenants.yaml', 'database: sqlite:data/mintkeeper.db\ntenants: []\n')
    const serve = ['serve', '--port', '0', '--admin-port', '0']
    for (const command of [serve, [...serve, '--config', 'no-tenants.yaml'], ['apply'], ['key', 'rotate']]) {
      const { code, stdout, stderr } = await place.run(command)
      expect([command, code, stdout]).toEqual([command, 1, ''])
      expect(stderr).toMatch(/tenant dodici .* another master key.* --master-key-file FILE/)
      expect(stderr.trim().split('\n')).toHaveLength(1)
    }
    const users = await place.json(['user', 'list'])
    expect(users.map(({ username }: { username: string }) => username)).toEqual(['joe@example.com'])
  })

  it('stay published as long as the longest token of a client', async () => {
    await place.run(['apply'])
    await place.json(['client', 'create', 'long', '--expires-in', '900000'])
    await place.json(['token', 'issue', '--client', 'long'])
    const [retired] = (await place.json(['key', 'rotate', '--force'])).filter(
      ({ state }: { state: string }) => state === 'retired',
    )
    expect(retired.goneAt - retired.retiredAt).toBe(900_060)
  })
})

describe('migrate', () => {
  it('makes the database and says which steps it has', async () => {
    const { code, stdout } = await place.run(['migrate'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Applied (one step|\d+ steps)\.\n\nSTEP +STATE\n0001-initial +applied\n/)
    const again = await place.json(['migrate'])
    expect(again).toMatchObject({ appliedNow: [], pending: [] })
    expect((await place.run(['migrate', '--status'])).stdout).toMatch(/^0001-initial +applied$/m)
  })

  it('--status makes nothing', async () => {
    const { code, stderr } = await place.run(['migrate', '--status'])
    expect(code).toBe(1)
    expect(stderr).toContain('data/mintkeeper.db')
    expect(existsSync(place.path('data'))).toBe(false)
  })
})

describe('purge', () => {
  it('says how many rows went', async () => {
    await place.run(['apply'])
    expect(await place.run(['purge'])).toMatchObject({ code: 0, stdout: 'Deleted 0 rows.\n', stderr: '' })
    expect(await place.json(['purge'])).toEqual({ deleted: 0 })
  })
})

describe('a command on a database that is not there', () => {
  it('makes none, and says how to', async () => {
    const { code, stdout, stderr } = await place.run(['user', 'list', '--database', 'sqlite:typo/x.db'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('There is no database sqlite:typo/x.db.')
    expect(stderr).toContain('mintkeeper apply FILE')
    expect(existsSync(place.path('typo'))).toBe(false)
  })

  it('does not apply the configuration', async () => {
    await place.run(['migrate'])
    const { code, stderr } = await place.run(['user', 'list'])
    expect(code).toBe(1)
    expect(stderr).toContain('There is no tenant yet.')
  })
})

describe('the configuration of a command', () => {
  it.each([
    ['--config', ['--config', 'elsewhere.yaml'], {}],
    ['MINTKEEPER_CONFIG', [], { MINTKEEPER_CONFIG: 'elsewhere.yaml' }],
    ['--database', ['--database', 'sqlite:elsewhere.db'], {}],
    ['MINTKEEPER_DATABASE', [], { MINTKEEPER_DATABASE: 'sqlite:elsewhere.db' }],
  ])('comes from %s', async (_what, args, env) => {
    place.write('elsewhere.yaml', CONFIGURATION.replace('data/mintkeeper.db', 'elsewhere.db'))
    await place.run(['apply', 'elsewhere.yaml'])
    const { code, stdout } = await place.run(['user', 'list', ...args], { env })
    expect(code).toBe(0)
    expect(stdout).toContain('joe@example.com')
  })
})
