import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, post, type RunningServer, type Workplace } from './workplace.ts'

let place: Workplace
let server: RunningServer
beforeAll(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  // The commands work beside a running server.
  server = await place.serve(['--admin-port', '0'])
})
afterAll(() => place.remove())

async function login(username: string, password: string): Promise<number> {
  return (await post(`${server.url}/v0/token`, { grant_type: 'password', username, password })).status
}

describe('user create', () => {
  it('makes a password, shows it once and keeps no more than its hash', async () => {
    const { code, stdout, stderr } = await place.run([
      'user',
      'create',
      'ann@example.com',
      '--role',
      'a b',
      '--role',
      'c',
    ])
    expect(code).toBe(0)
    const password = /^password +(\S+)$/m.exec(stdout)?.[1] ?? ''
    expect(password).toMatch(/^[A-Za-z0-9][\w-]{23}$/)
    expect(stdout).toMatch(/^roles +a b c$/m)
    expect(stderr).toContain('shown this once')
    expect(await login('ann@example.com', password)).toBe(200)
    const show = await place.run(['user', 'show', 'ann@example.com'])
    expect(show.stdout).toMatch(/^password +set$/m)
    expect(show.stdout + place.databaseText()).not.toContain(password)
  })

  it('prints data only with --json', async () => {
    const { code, stdout, stderr } = await place.run(['user', 'create', 'bob', '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const user = JSON.parse(stdout)
    expect(user).toMatchObject({
      username: 'bob',
      hasPassword: true,
      roles: [],
      scopes: null,
      disabled: false,
    })
    expect(await login('bob', user.password)).toBe(200)
  })

  it('takes the password from a file, without the line end', async () => {
    place.write('password', 'canary-from-a-file\n')
    const user = await place.json(['user', 'create', 'carl', '--password-file', 'password'])
    expect(user).not.toHaveProperty('password')
    expect(await login('carl', 'canary-from-a-file')).toBe(200)
    expect(place.databaseText()).not.toContain('canary-from-a-file')
  })

  it('takes the password from standard input', async () => {
    const { code, stdout, stderr } = await place.run(['user', 'create', 'dora', '--password-stdin'], {
      input: 'canary-that-is-piped\n',
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toContain('canary-that-is-piped')
    expect(await login('dora', 'canary-that-is-piped')).toBe(200)
  })

  it('makes a user without a password, with everything that can be said of one', async () => {
    const args = [
      '--no-password',
      '--id',
      'sub-1',
      '--email',
      'E@example.com',
      '--scope',
      'read write',
      '--disabled',
    ]
    const user = await place.json(['user', 'create', 'eve', ...args])
    expect(user).toMatchObject({
      id: 'sub-1',
      username: 'eve',
      email: 'E@example.com',
      hasPassword: false,
      scopes: ['read', 'write'],
      disabled: true,
    })
    expect(user).not.toHaveProperty('password')
  })

  it.each([
    ['a name that is taken', ['joe@example.com'], '', 1, /taken/],
    ['an empty password', ['x', '--password-stdin'], '\n', 1, /is empty/],
    ['a short password (T114)', ['x', '--password-stdin'], 'spree123', 1, /fewer than 15 characters/],
    ['a guessed one (T114)', ['jane-doe', '--password-stdin'], 'jane-doe-2026-jane', 1, /tried first/],
    ['a password of two lines', ['x', '--password-stdin'], 'a\nb\n', 1, /more than one line/],
    [
      'a file that is not there',
      ['x', '--password-file', 'nothing'],
      '',
      1,
      /--password-file names a file that can not be read.*no such file/,
    ],
    ['two passwords', ['x', '--password-file', 'password', '--password-stdin'], '', 2, /not both/],
    [
      'a password on the command line',
      ['x', '--password', 'canary-argv'],
      '',
      2,
      /unknown option '--password'/,
    ],
    ['a password as an argument', ['x', 'canary-argv'], '', 2, /too many arguments/],
    ['a name that is none', ['x\u0007'], '', 2, /username: must not contain control characters/],
    ['no name', [], '', 2, /missing required argument 'NAME'/],
    [
      'a tenant that is not there',
      ['x', '--tenant', 'nowhere'],
      '',
      1,
      /no tenant nowhere. There are: dodici/,
    ],
  ])('refuses %s', async (_what, args, input, code, message) => {
    const ended = await place.run(['user', 'create', ...args], { input })
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toMatch(message)
    expect(ended.stderr).not.toContain('canary')
  })
})

describe('user list', () => {
  it('has a row for each', async () => {
    const { code, stdout, stderr } = await place.run(['user', 'list'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^ID +USER NAME +ROLES +PASSWORD +STATE +CREATED\n/)
    expect(stdout).toMatch(/^auth0\|\S+ +joe@example\.com +admin +yes +enabled +\d{4}-/m)
  })

  it('answers with a list, in which there is no hash', async () => {
    const users = await place.json(['user', 'list'])
    expect(users).toContainEqual(expect.objectContaining({ username: 'joe@example.com', roles: ['admin'] }))
    expect(JSON.stringify(users)).not.toContain('argon2')
  })
})

describe('the other commands on a user', () => {
  it('show finds by name, e-mail address and id', async () => {
    const { id } = await place.json([
      'user',
      'create',
      'finn',
      '--email',
      'finn@example.com',
      '--no-password',
    ])
    for (const name of ['finn', 'FINN@example.com', id]) {
      expect(await place.json(['user', 'show', name])).toMatchObject({ id, username: 'finn' })
    }
  })

  it('show says who is meant if a name is an id of somebody else', async () => {
    const { id } = await place.json(['user', 'create', 'gina', '--no-password'])
    const other = await place.json(['user', 'create', id, '--no-password'])
    const { code, stderr } = await place.run(['user', 'show', id])
    expect(code).toBe(1)
    expect(stderr).toContain(`Give ${other.id}`)
  })

  it('set-password ends the old password', async () => {
    const made = await place.json(['user', 'set-password', 'joe@example.com'])
    expect(await login('joe@example.com', 'canary-password-of-joe')).toBe(403)
    expect(await login('joe@example.com', made.password)).toBe(200)
    const { stdout } = await place.run(['user', 'set-password', 'joe@example.com', '--password-stdin'], {
      input: 'canary-of-another-day',
    })
    expect(stdout).toContain('Changed the password of the user joe@example.com.')
    expect(await login('joe@example.com', 'canary-of-another-day')).toBe(200)
  })

  it('disable and enable', async () => {
    const { password } = await place.json(['user', 'create', 'hugo'])
    expect((await place.run(['user', 'disable', 'hugo'])).stdout).toMatch(
      /^Disabled the user hugo\.\n(.*\n)+state +disabled$/m,
    )
    expect(await login('hugo', password)).toBe(403)
    expect(await place.json(['user', 'enable', 'hugo'])).toMatchObject({ disabled: false })
    expect(await login('hugo', password)).toBe(200)
  })

  it('delete', async () => {
    const { id } = await place.json(['user', 'create', 'ida'])
    expect(await place.run(['user', 'delete', 'ida'])).toMatchObject({
      code: 0,
      stdout: 'Deleted the user ida.\n',
    })
    await place.json(['user', 'create', 'ida'])
    expect(await place.json(['user', 'delete', 'ida'])).toMatchObject({ username: 'ida', deleted: true })
    expect((await place.run(['user', 'create', 'ida', '--id', id])).code).toBe(1)
  })

  it.each(['show', 'set-password', 'disable', 'enable', 'delete'])(
    '%s says that there is none',
    async (command) => {
      const { code, stdout, stderr } = await place.run(['user', command, 'nobody'])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toBe('mintkeeper: The tenant dodici has no user nobody. See: mintkeeper user list\n')
    },
  )
})

describe('user unlock', () => {
  it('shows that too many logins have failed, and lets the user log in again', async () => {
    const { password } = await place.json(['user', 'create', 'una'])
    for (let time = 0; time < 10; time++) await login('una', 'wrong')
    expect(await login('una', password)).toBe(403)
    const shown = await place.run(['user', 'show', 'una'])
    expect(shown.stdout).toMatch(/^failed logins +10, blocked from 1 source until \d{4}-.*Z$/m)
    expect(await place.json(['user', 'show', 'una'])).toMatchObject({
      loginFailures: { failures: 10, blocked: 1, blockedUntil: expect.any(Number) },
    })
    expect((await place.run(['user', 'unlock', 'una'])).stdout).toMatch(/^Unlocked the user una\.$/m)
    expect(await login('una', password)).toBe(200)
    expect((await place.run(['user', 'show', 'una'])).stdout).toMatch(/^failed logins +none$/m)
    expect((await place.run(['user', 'unlock', 'nobody'])).code).toBe(1)
  })
})

describe('source', () => {
  it('shows what has failed from an address, and unlocks it', async () => {
    await login('nobody at all', 'wrong')
    expect((await place.json(['source', 'show', '127.0.0.1'])).failures).toBeGreaterThan(0)
    expect((await place.run(['source', 'show', '192.0.2.1'])).stdout).toMatch(/^failed logins +none$/m)
    const { code, stdout } = await place.run(['source', 'unlock', '::ffff:127.0.0.1'])
    expect({ code, stdout }).toEqual({
      ...{ code: 0, stdout: 'Failed logins from ::ffff:127.0.0.1 count no more.\n' },
    })
    expect((await place.json(['source', 'show', '127.0.0.1'])).failures).toBe(0)
    const refused = await place.run(['source', 'show', 'localhost'])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('must be an IP address')])
  })
})
