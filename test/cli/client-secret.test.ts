/** How a secret is replaced without an outage: one is added, the old one muted, watched and removed. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
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

/** The lines of the log on one client. */
function linesOf(id: string): readonly Record<string, unknown>[] {
  const lines = server.stdout().split('\n').slice(0, -1)
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ client }) => client === id)
}

describe('the secrets of a client', () => {
  it('are added, muted, unmuted and removed, and what is used is seen', async () => {
    const created = await place.json(['client', 'create', 'till'])
    const old = created.secrets[0].id
    const added = await place.run(['client', 'add-secret', 'till', '--name', 'next', '--expires-in', '3600'])
    expect(added.stderr).toContain('shown this once')
    expect(added.stdout).toMatch(/^Added a secret to the client till\.\n/)
    const fresh = /^client_secret +(\S+)$/m.exec(added.stdout)?.[1] ?? ''
    expect(added.stdout).toMatch(/^secret id +\S+ \(next\), since .+, until \d{4}-.+, no use known$/m)
    expect([await askAs('till', created.secret), await askAs('till', fresh)]).toEqual([200, 200])

    const muted = await place.run(['client', 'mute-secret', 'till', old])
    expect(muted.stdout).toMatch(new RegExp(`^Muted the secret ${old} of the client till\\.\n`))
    expect(muted.stdout).toMatch(new RegExp(`^secret id +${old}, since .+, muted, no use known$`, 'm'))
    expect([await askAs('till', created.secret), await askAs('till', fresh)]).toEqual([200, 200])
    const unmuted = await place.json(['client', 'unmute-secret', 'till', old])
    expect(unmuted.secrets[0]).toMatchObject({ id: old, muted: false })
    expect(await askAs('till', created.secret)).toBe(200)
    // Lines are written a little later.
    await vi.waitFor(() => expect(linesOf('till')).toHaveLength(5))
    expect(linesOf('till').map(({ note }) => note)).toEqual([null, null, 'muted secret', null, null])

    const removed = await place.json(['client', 'remove-secret', 'till', old])
    expect(removed.secrets).toMatchObject([{ name: 'next' }])
    expect([await askAs('till', created.secret), await askAs('till', fresh)]).toEqual([401, 200])
  })

  it('were last used when the server says so that was stopped', async () => {
    const { secret } = await place.json(['client', 'create', 'sync-2'])
    const from = Math.floor(Date.now() / 1000)
    expect(await askAs('sync-2', secret)).toBe(200)
    server.child.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
    const { secrets } = await place.json(['client', 'show', 'sync-2'])
    expect(secrets).toMatchObject([{ lastUsedFrom: '127.0.0.1' }])
    expect(secrets[0].lastUsedAt).toBeGreaterThanOrEqual(from)
    const { stdout } = await place.run(['client', 'show', 'sync-2'])
    expect(stdout).toMatch(/^secret id +\S+, since .+, last used \d{4}-.+Z from 127\.0\.0\.1$/m)
  })

  it.each(['mute-secret', 'unmute-secret', 'remove-secret'])(
    '%s says that there is none',
    async (command) => {
      const unknown = await place.run(['client', command, 'sync', 'x'])
      expect(unknown).toMatchObject({ code: 1, stdout: '' })
      expect(unknown.stderr).toBe(
        'mintkeeper: The client sync has no secret x. See: mintkeeper client show sync\n',
      )
      const nobody = await place.run(['client', command, 'nobody', 'x'])
      expect(nobody.stderr).toBe(
        'mintkeeper: The tenant dodici has no client nobody. See: mintkeeper client list\n',
      )
    },
  )
})

describe('client unlock', () => {
  it('T067 shows how often secrets were wrong, and lets the client authenticate again', async () => {
    server = await place.serve(['--admin-port', '0'])
    const secret = 'spring-2019'
    place.write('secret.txt', secret)
    await place.json([
      'client',
      'create',
      'pos',
      '--grant',
      'client_credentials',
      '--secret-file',
      place.path('secret.txt'),
    ])
    for (let time = 0; time < 10; time++) await askAs('pos', 'wrong')
    expect(await askAs('pos', secret)).toBe(401)
    const shown = await place.run(['client', 'show', 'pos'])
    expect(shown.stdout).toMatch(/^failed logins +10, blocked from 1 source until \d{4}-.*Z$/m)
    expect(await place.json(['client', 'show', 'pos'])).toMatchObject({
      loginFailures: { failures: 10, blocked: 1, blockedUntil: expect.any(Number) },
    })
    const source = await place.run(['source', 'show', '127.0.0.1'])
    expect(source.stdout).toMatch(/^failed logins +none\nof clients +10$/m)
    expect((await place.run(['client', 'unlock', 'pos'])).stdout).toMatch(/^Unlocked the client pos\.$/m)
    expect(await askAs('pos', secret)).toBe(200)
    expect((await place.run(['client', 'show', 'pos'])).stdout).toMatch(/^failed logins +none$/m)
    expect((await place.run(['client', 'unlock', 'nobody'])).code).toBe(1)
  })
})
