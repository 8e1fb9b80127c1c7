import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, post, type RunningServer, type Workplace } from './workplace.ts'

let place: Workplace
let server: RunningServer
beforeAll(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  server = await place.serve(['--admin-port', '0'])
})
afterAll(() => place.remove())

async function askAs(id: string, secret: string): Promise<number> {
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
  return (await post(`${server.url}/oauth/token`, form)).status
}

describe('client create', () => {
  it('makes id and secret, shows the secret once and keeps no more than its hash', async () => {
    const { code, stdout, stderr } = await place.run([
      'client',
      'create',
      '--name',
      'Till 7',
      '--scope',
      'read write',
    ])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^name +Till 7$/m)
    expect(stdout).toMatch(/^scopes +read write$/m)
    const id = /^client_id +(\S+)$/m.exec(stdout)?.[1] ?? ''
    const secret = /^client_secret +(\S+)$/m.exec(stdout)?.[1] ?? ''
    expect(stderr).toContain('shown this once')
    expect(await askAs(id, secret)).toBe(200)
    const show = await place.run(['client', 'show', '--', id])
    expect(show.code).toBe(0)
    expect(show.stdout + place.databaseText()).not.toContain(secret)
  })

  it('prints data only with --json', async () => {
    const { code, stdout, stderr } = await place.run([
      'client',
      'create',
      'till',
      '--json',
      '--introspect',
      'any',
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const client = JSON.parse(stdout)
    expect(client).toMatchObject({ id: 'till', introspect: 'any', grants: ['client_credentials'] })
    expect(await askAs('till', client.secret)).toBe(200)
  })

  it('takes a secret from a file or standard input, and does not show it', async () => {
    const secret = 'canary-secret-from-a-file-0123456789abcdef'
    place.write('secret', `${secret}\n`)
    const ofFile = await place.run(['client', 'create', 'of-file', '--secret-file', 'secret'])
    const ofStdin = await place.run(['client', 'create', 'of-stdin', '--secret-stdin'], { input: secret })
    for (const { code, stdout, stderr } of [ofFile, ofStdin]) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).not.toContain('canary')
    }
    expect([await askAs('of-file', secret), await askAs('of-stdin', secret)]).toEqual([200, 200])
    expect(place.databaseText()).not.toContain(secret)
  })

  it('makes a public client, with everything that can be said of one', async () => {
    const args = [
      '--public',
      '--grant',
      'password refresh_token',
      '--access-token',
      'opaque',
      '--expires-in',
      '60',
    ]
    const client = await place.json(['client', 'create', 'app', ...args, '--role', 'r', '--disabled'])
    expect(client).toMatchObject({
      public: true,
      grants: ['password', 'refresh_token'],
      accessToken: 'opaque',
      expiresIn: 60,
      roles: ['r'],
      secrets: [],
      disabled: true,
    })
    expect(client).not.toHaveProperty('secret')
  })

  it.each([
    ['an id that is taken', ['sync'], '', 1, /taken/],
    [
      'a secret for a public client',
      ['x', '--public', '--secret-stdin'],
      'canary-secret',
      2,
      /can keep no secret/,
    ],
    [
      'client credentials of a public client',
      ['x', '--public', '--grant', 'client_credentials'],
      '',
      2,
      /RFC 6749 §4\.4/,
    ],
    ['a grant nobody knows', ['x', '--grant', 'implicit'], '', 2, /grants\[0\]: must be one of/],
    [
      'a format nobody knows',
      ['x', '--access-token', 'paseto'],
      '',
      2,
      /accessToken: must be one of jwt, opaque/,
    ],
    ['seconds that are none', ['x', '--expires-in', '1h'], '', 2, /whole number of seconds/],
    ['a secret on the command line', ['x', '--secret', 'canary-argv'], '', 2, /unknown option '--secret'/],
  ])('refuses %s', async (_what, args, input, code, message) => {
    const ended = await place.run(['client', 'create', ...args], { input })
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toMatch(message)
    expect(ended.stderr).not.toContain('canary')
  })
})

describe('the other commands on a client', () => {
  it('list', async () => {
    const { code, stdout, stderr } = await place.run(['client', 'list'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^CLIENT_ID +NAME +TYPE +GRANTS +SCOPES +STATE +CREATED\n/)
    expect(stdout).toMatch(/^page +public +password refresh_token +read +enabled /m)
    const clients = await place.json(['client', 'list'])
    expect(clients).toContainEqual(expect.objectContaining({ id: 'sync', public: false }))
    expect(JSON.stringify(clients)).not.toContain('sha256')
  })

  it('rotate-secret ends the old secret at once', async () => {
    const { secret } = await place.json(['client', 'create', 'at-once'])
    const { stdout, stderr } = await place.run(['client', 'rotate-secret', 'at-once'])
    const fresh = /^client_secret +(\S+)$/m.exec(stdout)?.[1] ?? ''
    expect(stderr).toContain('shown this once')
    expect([await askAs('at-once', secret), await askAs('at-once', fresh)]).toEqual([401, 200])
  })

  it('rotate-secret --overlap leaves both valid', async () => {
    const { secret } = await place.json(['client', 'create', 'overlapping'])
    const rotated = await place.json(['client', 'rotate-secret', 'overlapping', '--overlap', '3600'])
    expect([await askAs('overlapping', secret), await askAs('overlapping', rotated.secret)]).toEqual([
      200, 200,
    ])
    const show = await place.run(['client', 'show', 'overlapping'])
    expect(show.stdout).toMatch(/^secret id +\S+, since .+, until \d{4}-/m)
  })

  it('disable and enable', async () => {
    const { secret } = await place.json(['client', 'create', 'switched'])
    expect(await place.json(['client', 'disable', 'switched'])).toMatchObject({ disabled: true })
    expect(await askAs('switched', secret)).toBe(401)
    expect((await place.run(['client', 'enable', 'switched'])).stdout).toMatch(
      /^Enabled the client switched\./,
    )
    expect(await askAs('switched', secret)).toBe(200)
  })

  it('delete', async () => {
    const { secret } = await place.json(['client', 'create', 'short-lived'])
    expect(await place.run(['client', 'delete', 'short-lived'])).toMatchObject({
      code: 0,
      stdout: 'Deleted the client short-lived.\n',
    })
    expect(await askAs('short-lived', secret)).toBe(401)
    await place.json(['client', 'create', 'short-lived'])
    expect(await place.json(['client', 'delete', 'short-lived'])).toEqual({
      id: 'short-lived',
      deleted: true,
    })
  })

  it.each(['show', 'rotate-secret', 'add-secret', 'disable', 'enable', 'delete'])(
    '%s says that there is none',
    async (command) => {
      const { code, stdout, stderr } = await place.run(['client', command, 'nobody'])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toBe('mintkeeper: The tenant dodici has no client nobody. See: mintkeeper client list\n')
    },
  )
})
