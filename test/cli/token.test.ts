import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CONFIGURATION,
  createWorkplace,
  post,
  postJson,
  type RunningServer,
  type Workplace,
} from './workplace.ts'

let place: Workplace
let server: RunningServer
beforeAll(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  server = await place.serve(['--admin-port', '0'])
})
afterAll(() => place.remove())

async function isActive(token: string): Promise<boolean> {
  return (await postJson(`${server.url}/oauth/introspect`, { ...SYNC, token })).active
}

const SYNC = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }

function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}

describe('token issue', () => {
  it('for a client: one that a resource server accepts', async () => {
    const { code, stdout, stderr } = await place.run(['token', 'issue', '--client', 'sync'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const token = /^access token +(\S+)$/m.exec(stdout)?.[1] ?? ''
    expect(stdout).toMatch(/^expires in +3600 s$/m)
    expect(stdout).toMatch(/^scope +admin read$/m)
    expect(await isActive(token)).toBe(true)
    expect(claimsOf(token)).toMatchObject({ sub: 'sync', client_id: 'sync' })
  })

  it('for a user, on a surface that knows no clients', async () => {
    const issued = await place.json(['token', 'issue', '--user', 'joe@example.com', '--surface', 'newstore'])
    expect(claimsOf(issued.accessToken)).toMatchObject({
      gty: 'password',
      iss: 'https://dodici.x.newstore.net/',
    })
    const refreshed = await post(`${server.url}/v0/refresh_token`, {
      grant_type: 'refresh_token',
      refresh_token: issued.refreshToken,
    })
    expect(refreshed.status).toBe(200)
  })

  it('for a user by way of a client, confidential or public, with the scope asked for', async () => {
    const args = ['token', 'issue', '--user', 'joe@example.com', '--surface', 'spree', '--client']
    expect(await place.json([...args, 'sync', '--scope', 'admin read'])).toMatchObject({
      scope: 'admin read',
      expiresIn: 7200,
    })
    expect(await place.json([...args, 'page', '--scope', 'read'])).toMatchObject({ scope: 'read' })
  })

  it.each([
    ['a client nobody knows', ['--client', 'nobody'], 1, /unknown_client.*mintkeeper client list/],
    ['a user nobody knows', ['--user', 'nobody', '--surface', 'newstore'], 1, /unknown_user/],
    ['a scope the client may not have', ['--client', 'sync', '--scope', 'write'], 1, /scope_not_allowed/],
    ['a scope that is none', ['--client', 'sync', '--scope', 'a"b'], 1, /refuses this token/],
    [
      'a token of its own for a public client',
      ['--client', 'page'],
      1,
      /grant_not_allowed_for_client|public_client/,
    ],
    [
      'a user where the password grant is off',
      ['--client', 'sync', '--user', 'joe@example.com'],
      1,
      /grant_type_off/,
    ],
    [
      'a user without the client that the surface needs',
      ['--user', 'joe@example.com'],
      1,
      /grant_type_off|no_client/,
    ],
    [
      'a surface nobody knows',
      ['--client', 'sync', '--surface', 'soap'],
      2,
      /It has: newstore, spree, standard, realm/,
    ],
    ['a token for nobody', [], 2, /--client, --user or both/],
  ])('refuses %s', async (_what, args, code, message) => {
    const ended = await place.run(['token', 'issue', ...args])
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toMatch(message)
  })

  it('refuses a user and a client that are disabled', async () => {
    await place.json(['user', 'create', 'off', '--disabled'])
    await place.json(['client', 'create', 'off-too', '--disabled'])
    const user = await place.run(['token', 'issue', '--user', 'off', '--surface', 'newstore'])
    const client = await place.run(['token', 'issue', '--client', 'off-too'])
    expect([user.code, client.code]).toEqual([1, 1])
    expect(user.stderr).toContain('user_disabled')
    expect(client.stderr).toContain('client_disabled')
  })

  it('leaves the secrets of the client alone', async () => {
    await place.json(['token', 'issue', '--client', 'sync'])
    expect(
      (await post(`${server.url}/oauth/token`, { ...SYNC, grant_type: 'client_credentials' })).status,
    ).toBe(200)
    expect((await place.json(['client', 'show', 'sync'])).secrets).toHaveLength(1)
  })
})

describe('token inspect', () => {
  it('tells all about a JWT that is stored nowhere', async () => {
    const { accessToken } = await place.json(['token', 'issue', '--client', 'sync', '--scope', 'read'])
    const { code, stdout, stderr } = await place.run(['token', 'inspect', accessToken])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^state +live\nkind +jwt access token\ntenant +dodici\nsurface +standard\nclient +sync\n/,
    )
    expect(stdout).toMatch(/^row +none/m)
    expect(stdout).not.toContain(accessToken)
  })

  it('tells all about an opaque token and its row, read from standard input', async () => {
    const args = ['token', 'issue', '--user', 'joe@example.com', '--surface', 'spree', '--scope', 'read']
    const { accessToken, refreshToken } = await place.json(args)
    const access = await place.json(['token', 'inspect', '-'], { input: `${accessToken}\n` })
    expect(access).toMatchObject({
      state: 'live',
      why: null,
      kind: 'access',
      format: 'opaque',
      tenant: 'dodici',
      surface: 'spree',
      client: null,
      username: 'joe@example.com',
      scope: 'read',
      row: { grant: 'password', hasRefreshToken: true, spentAt: null, revokedAt: null },
    })
    expect(access.expiresAt - access.issuedAt).toBe(7200)
    const refresh = await place.json(['token', 'inspect', '-'], { input: refreshToken })
    expect(refresh).toMatchObject({ state: 'live', kind: 'refresh', row: { id: access.row.id } })
  })

  it('does not count as use: the parent of the token lives on', async () => {
    const args = ['token', 'issue', '--user', 'joe@example.com', '--surface', 'spree', '--client', 'sync']
    const parent = await place.json(args)
    const successor = await postJson(`${server.url}/spree_oauth/token`, {
      ...SYNC,
      grant_type: 'refresh_token',
      refresh_token: parent.refreshToken,
    })
    expect(await place.json(['token', 'inspect', successor.access_token])).toMatchObject({ state: 'live' })
    expect(await place.json(['token', 'inspect', parent.accessToken])).toMatchObject({ state: 'live' })
    expect(await place.json(['token', 'inspect', parent.refreshToken])).toMatchObject({
      state: 'revoked',
      why: 'spent',
    })
  })

  it('says why a token is dead', async () => {
    await place.json(['client', 'create', 'gone', '--scope', 'read'])
    const { accessToken } = await place.json(['token', 'issue', '--client', 'gone'])
    await place.json(['client', 'disable', 'gone'])
    expect(await place.json(['token', 'inspect', accessToken])).toMatchObject({
      state: 'revoked',
      why: 'client_disabled',
    })
    await place.json(['client', 'delete', 'gone'])
    expect((await place.run(['token', 'inspect', accessToken])).stdout).toMatch(
      /^state +revoked \(client_deleted\)$/m,
    )
  })

  it.each(['rubbish', 'eyJhbGciOiJub25lIn0.e30.', 'A'.repeat(43)])('does not know %s', async (token) => {
    const { code, stdout, stderr } = await place.run(['token', 'inspect', token])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('does not know this token')
    expect(stderr).not.toContain(token)
  })

  it('needs a token', async () => {
    expect(await place.run(['token', 'inspect', '-'], { input: '\n' })).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('token revoke', () => {
  it('ends a JWT', async () => {
    const { accessToken } = await place.json(['token', 'issue', '--client', 'sync'])
    const { code, stdout } = await place.run(['token', 'revoke', '-'], { input: accessToken })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Revoked the access token.\n' })
    expect(await isActive(accessToken)).toBe(false)
  })

  it.each([
    ['of a user alone', ['--user', 'joe@example.com', '--surface', 'spree']],
    ['of a public client', ['--user', 'joe@example.com', '--surface', 'spree', '--client', 'page']],
    ['of a confidential client', ['--user', 'joe@example.com', '--surface', 'spree', '--client', 'sync']],
  ])('ends a refresh token %s, and the access token with it', async (_whose, args) => {
    const { accessToken, refreshToken } = await place.json(['token', 'issue', ...args])
    expect(await place.json(['token', 'revoke', refreshToken])).toMatchObject({
      outcome: 'revoked',
      kind: 'refresh',
    })
    for (const token of [accessToken, refreshToken]) {
      expect(await place.json(['token', 'inspect', token])).toMatchObject({ state: 'revoked' })
    }
    const again = await place.run(['token', 'revoke', refreshToken])
    expect(again).toMatchObject({ code: 0, stdout: 'The refresh token was dead already.\n' })
  })

  it('of newstore ends a refresh token, and says that the JWTs live on', async () => {
    const args = ['token', 'issue', '--user', 'joe@example.com', '--surface', 'newstore']
    const { accessToken, refreshToken } = await place.json(args)
    const { code, stdout, stderr } = await place.run(['token', 'revoke', refreshToken])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Revoked the refresh token.\n' })
    expect(stderr).toContain('live until they expire')
    expect(await place.json(['token', 'inspect', accessToken])).toMatchObject({ state: 'live' })
    await place.json(['token', 'revoke', accessToken])
    expect(await place.json(['token', 'inspect', accessToken])).toMatchObject({ state: 'revoked' })
  })

  it('ends the whole family by a spent refresh token', async () => {
    const parent = await place.json([
      'token',
      'issue',
      '--user',
      'joe@example.com',
      '--surface',
      'spree',
      '--client',
      'sync',
    ])
    const successor = await postJson(`${server.url}/spree_oauth/token`, {
      ...SYNC,
      grant_type: 'refresh_token',
      refresh_token: parent.refreshToken,
    })
    await place.json(['token', 'revoke', parent.refreshToken])
    expect(await place.json(['token', 'inspect', successor.refresh_token])).toMatchObject({ why: 'revoked' })
  })

  it('of a deleted client has nothing to do', async () => {
    await place.json(['client', 'create', 'passing'])
    const { accessToken } = await place.json(['token', 'issue', '--client', 'passing'])
    await place.json(['client', 'delete', 'passing'])
    expect(await place.json(['token', 'revoke', accessToken])).toMatchObject({ outcome: 'dead' })
  })

  it('does not know what was never issued', async () => {
    expect(await place.run(['token', 'revoke', 'rubbish'])).toMatchObject({ code: 1, stdout: '' })
  })

  it.each([
    ['a time', () => [new Date(Date.now() - 1000).toISOString()]],
    ['seconds', () => [String(Math.floor(Date.now() / 1000) - 1)]],
    ['now, in one tenant', () => ['now', '--tenant', 'dodici']],
  ])('T017 --issued-before %s ends what was issued earlier', async (_what, time) => {
    const { accessToken } = await place.json(['token', 'issue', '--client', 'sync'])
    const args = time()
    if (args[0] === 'now') {
      const { stdout, stderr } = await place.run(['token', 'revoke', '--issued-before', ...args])
      expect(stdout).toMatch(/^Revoked every token of dodici issued before \d{4}-\d\d-\d\d [\d:]{8}Z\.\n$/)
      expect(stderr).toContain('accept those until they expire')
      expect(await isActive(accessToken)).toBe(false)
    } else {
      const [ended] = await place.json(['token', 'revoke', '--issued-before', ...args])
      expect(ended).toEqual({ tenant: 'dodici', issuedBefore: expect.any(Number) })
      expect(await isActive(accessToken)).toBe(true)
    }
  })

  it.each([
    [['token', 'revoke'], 'Name either a token'],
    [['token', 'revoke', 'x', '--issued-before', 'now'], 'Name either a token'],
    [['token', 'revoke', '--issued-before', 'yesterday'], 'Give the time as'],
    [['token', 'revoke', '--issued-before', '2026-01-31 12:00'], 'Give the time as'],
    [['token', 'revoke', '--issued-before', '2999-01-31T12:00Z'], 'must not be in the future'],
  ])('%j is refused', async (args, message) => {
    const { code, stdout, stderr } = await place.run(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
  })
})
