import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  CONFIGURATION,
  createWorkplace,
  freePort,
  post,
  postJson,
  type RunningServer,
  type Workplace,
} from '../cli/workplace.ts'

const SYNC = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }

describe('T009 two servers on one SQLite file', () => {
  let place: Workplace
  let servers: readonly RunningServer[]
  beforeAll(async () => {
    place = createWorkplace()
    const strict = 'surfaces: { newstore: , spree: { refresh: rotate, reuseWindow: 0 }, standard: }'
    place.write('mintkeeper.yaml', CONFIGURATION.replace('    users:', `    ${strict}\n    users:`))
    // Both at once, on a database that is not there yet.
    servers = await Promise.all([place.serve(['--admin-port', '0']), place.serve(['--admin-port', '0'])])
  })
  afterAll(() => place.remove())

  function url(index: number): string {
    return servers[index % 2]?.url ?? ''
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
  async function login(index: number): Promise<any> {
    const form = {
      ...SYNC,
      grant_type: 'password',
      username: 'joe@example.com',
      password: 'canary-password-of-joe',
    }
    return await postJson(`${url(index)}/spree_oauth/token`, form)
  }

  it('made one set of keys', async () => {
    const [one, other] = await Promise.all(
      [0, 1].map(async (index) => await (await fetch(`${url(index)}/.well-known/jwks.json`)).text()),
    )
    expect(one).toBe(other)
    expect(JSON.parse(one ?? '').keys).toHaveLength(2)
  })

  it('know each other’s tokens', async () => {
    const { access_token: token } = await login(0)
    const introspected = await post(`${url(1)}/spree_oauth/introspect`, { ...SYNC, token })
    expect(await introspected.json()).toMatchObject({ active: true })
    await post(`${url(1)}/spree_oauth/revoke`, { ...SYNC, token })
    const revoked = await post(`${url(0)}/spree_oauth/introspect`, { ...SYNC, token })
    expect(await revoked.json()).toEqual({ active: false })
  })

  it('T020 spend a refresh token once, whichever is asked', async () => {
    for (let round = 0; round < 20; round++) {
      const { refresh_token } = await login(round)
      const form = { ...SYNC, grant_type: 'refresh_token', refresh_token }
      const statuses = await Promise.all(
        Array.from(
          { length: 8 },
          async (_, index) => (await post(`${url(index)}/spree_oauth/token`, form)).status,
        ),
      )
      expect(statuses.toSorted()).toEqual([200, ...Array(7).fill(400)])
    }
  })

  it('stop one without the other', async () => {
    servers[0]?.child.kill('SIGTERM')
    expect((await servers[0]?.ended)?.code).toBe(0)
    expect(await login(1)).toMatchObject({ token_type: 'Bearer' })
  })
})

describe('T085 servers that start at once on a database that is not there yet', () => {
  it('have one set of keys and one admin token, and whoever has shown another one says that it is void', async () => {
    const place = createWorkplace()
    onTestFinished(() => place.remove())
    place.write('mintkeeper.yaml', CONFIGURATION)
    const ports = await Promise.all([freePort(), freePort(), freePort()])
    const started = await Promise.all(ports.map((port) => place.serve(['--admin-port', String(port)])))
    const sets = await Promise.all(
      started.map(async ({ url }) => await (await fetch(`${url}/.well-known/jwks.json`)).text()),
    )
    expect(new Set(sets).size).toBe(1)
    const keys = await place.json(['key', 'list'])
    expect(keys.map(({ state }: { state: string }) => state).sort()).toEqual(['active', 'announced'])
    const shown = started
      .filter((server) => !server.stderr().includes('That admin token opens nothing'))
      .flatMap((server) =>
        [...server.stderr().matchAll(/The admin token is (\S+)/g)].map(([, token]) => token),
      )
    expect(shown).toHaveLength(1)
    for (const { adminUrl } of started) {
      const headers = { Authorization: `Bearer ${shown[0]}` }
      expect((await fetch(`${adminUrl}/admin/v1/tenants`, { headers })).status).toBe(200)
    }
  })
})
