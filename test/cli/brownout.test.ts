/** `mintkeeper brownout`, beside a server that works with the same file. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { CONFIGURATION, createWorkplace, post, type RunningServer, type Workplace } from './workplace.ts'

const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`

let place: Workplace
let server: RunningServer
beforeAll(async () => {
  place = createWorkplace()
  const surfaces = `    surfaces:
      newstore:
        brownOuts: [{ from: 2120-03-01T09:00:00Z, to: 2120-03-01T10:00:00Z, users: [joe@example.com] }]
      spree: {}
`
  place.write('mintkeeper.yaml', CONFIGURATION + surfaces)
  server = await place.serve(['--admin-port', '0'])
})
afterAll(() => place.remove())

async function login(path: string): Promise<Response> {
  const form = { grant_type: 'password', username: 'joe@example.com', password: 'canary-password-of-joe' }
  return await post(server.url + path, form)
}

/** Within the age of what a server keeps of its tenants, and a little more. */
async function becomes(status: number, path: string): Promise<void> {
  const look = async () => expect((await login(path)).status).toBe(status)
  await vi.waitFor(look, { timeout: 20_000, interval: 100 })
}

describe('brownout', () => {
  it('starts and ends one while the server runs', async () => {
    expect((await login('/v0/token')).status).toBe(200)
    const started = await place.run(['brownout', 'start', 'newstore', '--for', '3600'])
    expect(started.code).toBe(0)
    const id = /^Started the brown-out ([0-9a-f]{8})\.$/m.exec(started.stdout)?.[1] ?? ''
    expect(started.stdout).toMatch(
      new RegExp(`^users +everybody\nfrom +${TIME}\nto +${TIME}\nstate +running$`, 'm'),
    )
    expect(started.stderr).toContain('within five on SQLite')
    await becomes(410, '/v0/token')
    expect((await login('/v0/token')).headers.get('retry-after')).toMatch(/^3[56]\d\d$/)
    expect((await login('/spree_oauth/token')).status).toBe(200)

    const listed = await place.run(['brownout', 'list'])
    expect(listed.stdout.split('\n')[0]).toMatch(/^ID +SURFACE +USERS +FROM +TO +STATE +BY$/)
    expect(listed.stdout).toMatch(
      new RegExp(`^${id} +newstore +everybody +${TIME} +${TIME} +running +operator$`, 'm'),
    )
    expect(listed.stdout).toMatch(
      /^newstore-21200301T090000Z-21200301T100000Z +newstore +joe@example\.com +2120-03-01 09:00:00Z .* scheduled +configuration$/m,
    )
    const ended = await place.run(['brownout', 'end', id])
    expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining(`Ended the brown-out ${id}.`)])
    await becomes(200, '/v0/token')
  }, 60_000)

  it('starts one of some users, for later', async () => {
    const args = ['--user', 'joe@example.com', '--from', '2120-01-01T00:00Z', '--until', '2120-01-02T00:00Z']
    const { id, ...started } = await place.json(['brownout', 'start', 'spree', ...args])
    const [from, to] = [Date.UTC(2120, 0, 1) / 1000, Date.UTC(2120, 0, 2) / 1000]
    const [joe] = await place.json(['user', 'list'])
    const users = { users: [joe.id], usernames: ['joe@example.com'] }
    const common = { surface: 'spree', ...users, from, to, origin: 'operator' }
    expect(started).toEqual({ ...common, state: 'scheduled' })
    expect((await place.run(['brownout', 'list'])).stdout).toMatch(
      new RegExp(`^${id} +spree +joe@example\\.com +2120-01-01 00:00:00Z .* scheduled +operator$`, 'm'),
    )
    expect(await place.json(['brownout', 'end', id])).toEqual({ ...common, id, state: 'ended' })
    expect(await place.json(['brownout', 'list'])).toContainEqual({ ...common, id, state: 'ended' })
  })

  it.each([
    [['start', 'newstore'], 2, 'either --for or --until'],
    [['start', 'newstore', '--for', '60', '--until', '2120-01-01T00:00Z'], 2, 'either --for or --until'],
    [['start', 'standard', '--for', '60'], 2, 'Give newstore or spree.'],
    [['start', 'newstore', '--until', 'tomorrow'], 2, 'Give a time with its zone'],
    [['start', 'newstore', '--until', '2020-01-01T00:00Z'], 2, 'to: must be after from'],
    [['start', 'newstore', '--for', '60', '--user', 'nobody'], 2, 'users[0]: is no user of the tenant'],
    [['end', 'nothing'], 1, 'has no brown-out nothing. See: mintkeeper brownout list'],
  ])('%j is refused', async (args, code, message) => {
    const refused = await place.run(['brownout', ...args])
    expect([refused.code, refused.stdout]).toEqual([code, ''])
    expect(refused.stderr).toContain(message)
  })
})

describe('a sunset in the past', () => {
  it('is a warning of doctor and of the log, and no reason not to start', async () => {
    const ended = createWorkplace()
    try {
      const surfaces = '    surfaces: { newstore: { sunset: 2024-02-01 }, standard: {} }\n'
      ended.write('mintkeeper.yaml', CONFIGURATION + surfaces)
      const { stdout, child, ended: end } = await ended.serve(['--admin-port', '0'])
      await vi.waitFor(() => expect(stdout()).toContain('a surface issues no more tokens since its sunset'))
      expect(stdout()).toMatch(/"level":"warn".*"tenant":"dodici","surface":"newstore","sunset":1706745600/)
      child.kill('SIGTERM')
      await end
      const doctor = await ended.run(['doctor', '--port', '0', '--admin-port', '0'])
      expect(doctor.stdout).toMatch(
        /^warn +newstore of dodici +issues no more tokens since its sunset, 2024-02-01 00:00:00Z/m,
      )
      expect(doctor.code).toBe(0)
    } finally {
      ended.remove()
    }
  })
})
