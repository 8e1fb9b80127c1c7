import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  CONFIGURATION,
  createWorkplace,
  freePort,
  MAIN,
  post,
  postJson,
  type RunningServer,
  type Workplace,
} from '../cli/workplace.ts'

const SYNC = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
})
afterEach(() => place.remove())

async function kill(server: RunningServer): Promise<void> {
  server.child.kill('SIGKILL')
  await server.ended
}

async function kids({ url }: RunningServer): Promise<readonly string[]> {
  const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid).toSorted()
}

describe('kill -9', () => {
  it('T001 under load loses no token that was answered, brings back none that was revoked, and keeps the keys', async () => {
    const first = await place.serve(['--admin-port', '0'])
    const before = await kids(first)
    const answered: string[] = []
    const revoked: string[] = []
    const enough = Promise.withResolvers<void>()
    const work = async () => {
      for (;;) {
        const token = await postJson(`${first.url}/spree_oauth/token`, {
          ...SYNC,
          grant_type: 'client_credentials',
          scope: 'read',
        })
        if (answered.length % 4 === 0) {
          await post(`${first.url}/spree_oauth/revoke`, { ...SYNC, token: token.access_token })
          revoked.push(token.access_token)
        } else answered.push(token.access_token)
        answered.push(
          (await postJson(`${first.url}/oauth/token`, { ...SYNC, grant_type: 'client_credentials' }))
            .access_token,
        )
        if (answered.length > 200) enough.resolve()
      }
    }
    // Each worker ends when the server is gone.
    const workers = Array.from({ length: 8 }, () => work().catch(() => {}))
    await enough.promise
    await kill(first)
    await Promise.all(workers)

    const second = await place.serve(['--admin-port', '0'])
    expect(await kids(second)).toEqual(before)
    const states = await Promise.all(
      [...answered, ...revoked].map(async (token) => {
        const path = token.includes('.') ? '/oauth/introspect' : '/spree_oauth/introspect'
        return (await postJson(`${second.url}${path}`, { ...SYNC, token })).active
      }),
    )
    expect(states.slice(0, answered.length).every((active) => active)).toBe(true)
    expect(states.slice(answered.length).some((active) => active)).toBe(false)
    expect(revoked.length).toBeGreaterThan(5)
  })

  it('T023 keeps refresh tokens good, and spent ones spent', async () => {
    const first = await place.serve(['--admin-port', '0'])
    const login = {
      ...SYNC,
      grant_type: 'password',
      username: 'joe@example.com',
      password: 'canary-password-of-joe',
    }
    const parent = await postJson(`${first.url}/spree_oauth/token`, login)
    const refresh = { ...SYNC, grant_type: 'refresh_token' }
    const successor = await postJson(`${first.url}/spree_oauth/token`, {
      ...refresh,
      refresh_token: parent.refresh_token,
    })
    await postJson(`${first.url}/spree_oauth/token`, { ...refresh, refresh_token: successor.refresh_token })
    await kill(first)
    const second = await place.serve(['--admin-port', '0'])
    const replayed = await post(`${second.url}/spree_oauth/token`, {
      ...refresh,
      refresh_token: parent.refresh_token,
    })
    expect(replayed.status).toBe(400)
  })

  it('T005 during the first start leaves nothing half-made: one active key, and a token that opens the admin API', async () => {
    const adminPort = String(await freePort())
    const args = ['--admin-port', adminPort]
    const begun = performance.now()
    const whole = createWorkplace()
    whole.write('mintkeeper.yaml', CONFIGURATION)
    await kill(await whole.serve(args))
    whole.remove()
    const startMs = performance.now() - begun
    for (let round = 0; round < 10; round++) {
      const fresh = createWorkplace()
      fresh.write('mintkeeper.yaml', CONFIGURATION)
      const killed = fresh.start(process.execPath, [MAIN, 'serve', '--port', '0', ...args])
      // The moment is the attack: spread over the second half of the start, where things are made.
      const timer = setTimeout(() => killed.child.kill('SIGKILL'), startMs * (0.4 + round * 0.06))
      await killed.ended
      clearTimeout(timer)
      const server = await fresh.serve(args)
      const shown = [...`${killed.stderr()}${server.stderr()}`.matchAll(/The admin token is (\S+)/g)].at(
        -1,
      )?.[1]
      const headers = { Authorization: `Bearer ${shown}` }
      expect((await fetch(`${server.adminUrl}/admin/v1/tenants`, { headers })).status).toBe(200)
      // One active key and the announced one.
      expect(await kids(server)).toHaveLength(2)
      expect(
        (await postJson(`${server.url}/oauth/token`, { ...SYNC, grant_type: 'client_credentials' }))
          .token_type,
      ).toBe('Bearer')
      await kill(server)
      fresh.remove()
    }
  }, 120_000)
})
