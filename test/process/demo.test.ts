import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorkplace, freePort, type RunningServer, type Workplace } from '../cli/workplace.ts'

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
})
afterEach(() => place.remove())

/** Starts it, and waits for the last line of what it prints. */
async function startDemo(...args: readonly string[]): Promise<RunningServer> {
  const demo = await place.serve(args, { command: 'demo' })
  await demo.said(/jwks\.json\n/)
  return demo
}

/** The requests it prints, by what stands above each. */
function requestsIn(banner: string): ReadonlyMap<string, string> {
  return new Map(
    [...banner.matchAll(/^# (.+)\n(curl .+)$/gm)].map(([, title = '', command = '']) => [title, command]),
  )
}

describe('demo', () => {
  it('prints requests to every surface which all work when pasted into a shell, on every start', async () => {
    const args = ['--admin-port', String(await freePort())]
    for (let start = 0; start < 2; start++) {
      const demo = await startDemo(...args)
      const requests = requestsIn(demo.stdout())
      expect([...new Set([...requests.keys()].map((title) => title.split(':')[0]))]).toEqual([
        'newstore',
        'spree',
        'standard',
        'realm',
        'metadata',
        'public keys',
      ])
      for (const [title, command] of requests) {
        const { code, stdout, stderr } = await place.start('sh', ['-c', command]).ended
        expect({ title, code, stderr }).toEqual({ title, code: 0, stderr: '' })
        const expected = ANSWERS.find(([pattern]) => pattern.test(title))
        expect(`${title}: ${stdout}`).toMatch(expected?.[1] ?? /no answer is known/)
      }
      demo.child.kill('SIGINT')
      expect((await demo.ended).code).toBe(0)
    }
  }, 60_000)

  it('opens the control plane with the token it prints, another one each time', async () => {
    const args = ['--admin-port', String(await freePort())]
    const tokens: string[] = []
    for (let start = 0; start < 2; start++) {
      const demo = await startDemo(...args)
      const token = /control plane +(\S+) +admin token: (\S+)/.exec(demo.stdout())
      const headers = { Authorization: `Bearer ${token?.[2]}` }
      expect((await fetch(`${token?.[1]}/admin/v1/tenants`, { headers })).status).toBe(200)
      tokens.push(token?.[2] ?? '')
      demo.child.kill('SIGTERM')
      await demo.ended
    }
    expect(new Set(tokens).size).toBe(2)
  })

  it('has the port in its issuer', async () => {
    const demo = await startDemo('--admin-port', '0')
    const { port } = new URL(demo.url)
    const metadata = await (await fetch(`${demo.url}/.well-known/oauth-authorization-server`)).json()
    expect(metadata).toMatchObject({
      issuer: `http://localhost:${port}/`,
      token_endpoint: `http://localhost:${port}/oauth/token`,
    })
    expect(demo.stdout()).not.toContain('control plane')
  })

  it('keeps what it is told to data/demo.db, and its data for itself', async () => {
    const demo = await startDemo('--admin-port', '0')
    demo.child.kill('SIGTERM')
    await demo.ended
    expect(place.databaseText()).not.toMatch(
      /V3lC4EvMV1X5h3HsB_VU|spree123|cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc/,
    )
    expect(await place.json(['user', 'list', '--database', 'sqlite:data/demo.db'])).toHaveLength(2)
  })

  it('says which port is taken and what to do', async () => {
    const first = await startDemo('--admin-port', '0')
    const { port } = new URL(first.url)
    const { code, stdout, stderr } = await place.run(['demo', '--port', port, '--admin-port', '0'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(
      `Port ${port} on 127.0.0.1 is taken. End the process that has it, or take another port: --port PORT`,
    )
  })

  it('says how to begin anew when its database is lost', async () => {
    const demo = await startDemo('--admin-port', '0')
    demo.child.kill('SIGTERM')
    await demo.ended
    await place.start('rm', ['data/demo.db']).ended
    const { code, stderr } = await place.run(['demo', '--port', '0', '--admin-port', '0'])
    expect(code).toBe(1)
    const remedy = /^To begin the demo anew: (rm .*)$/m.exec(stderr)?.[1] ?? 'false'
    expect((await place.start('sh', ['-c', remedy]).ended).code).toBe(0)
    await startDemo('--admin-port', '0')
  })
})

/** What each request must answer, by its title. */
const ANSWERS: readonly (readonly [RegExp, RegExp])[] = [
  [
    /^newstore/,
    /"refresh_token":"[\w-]{40,}","access_token":"ey[\w.-]+","token_type":"Bearer".*"expires_in":86400/,
  ],
  [/^spree: (an admin|client)/, /"access_token":"[\w-]{43}".*"expires_in":7200.*"scope":"admin"/],
  [
    /^spree: (a customer|refresh)/,
    /"access_token":"[\w-]{43}".*"expires_in":7200,"refresh_token":"[\w-]{43}"/,
  ],
  [/^spree: what/, /"resource_owner_id":.*"expires_in":7[12]\d\d/],
  [
    /^standard: a resource server/,
    /"active":true.*"client_id":"7ZY15L7crVZul8i3PZPrnpOkEURK7xnXEWRZdE6K39M"/,
  ],
  [/^standard: revoke/, /200\n$/],
  [/^(standard|realm): client/, /"access_token":"ey[\w.-]+".*"expires_in":3600/],
  [/^metadata/, /"issuer":"http:\/\/localhost:\d+\/"/],
  [/^public keys/, /"keys":\[\{"kty":"RSA"/],
]
