/** T190 on PostgreSQL: what time it is says the database, not the machine that a server runs on. */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CONFIGURATION, post, postJson, type RunningServer } from '../cli/workplace.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { createCluster } from './processes.ts'

const MINUTE = 60
const SYNC = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }
const ADMIN_TOKEN = 'canary-admin-token-0123456789'

const postgres = sharedPostgres()

/** The environment of a process whose machine's clock is wrong by so many seconds. */
function withClockOff(seconds: number): { readonly env: Readonly<Record<string, string>> } {
  const program = `const { now } = Date; Date.now = () => now() + ${seconds * 1000}`
  return {
    env: {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}`,
      MINTKEEPER_ADMIN_TOKEN: ADMIN_TOKEN,
    },
  }
}

async function isActive({ url }: RunningServer, token: string): Promise<boolean> {
  return (await postJson(`${url}/oauth/introspect`, { ...SYNC, token })).active
}

const login = ({ url }: RunningServer) =>
  postJson(`${url}/oauth/token`, {
    ...SYNC,
    ...{ grant_type: 'password', username: 'joe@example.com', password: 'canary-password-of-joe' },
  })

const refresh = ({ url }: RunningServer, refreshToken: string) =>
  post(`${url}/oauth/token`, { ...SYNC, grant_type: 'refresh_token', refresh_token: refreshToken })

describe('T190 servers whose machines’ clocks are five minutes ahead and behind', () => {
  let ahead: RunningServer
  let behind: RunningServer
  let servers: readonly RunningServer[]
  let over = () => {}
  beforeAll(async () => {
    const surfaces = '    surfaces: { standard: { passwordGrant: true } }\n    users:'
    const configuration = CONFIGURATION.replace('    users:', surfaces)
    const cluster = createCluster(await postgres.createDatabase(), configuration, (remove) => {
      over = remove
    })
    ahead = await cluster.startOne(withClockOff(5 * MINUTE))
    behind = await cluster.startOne(withClockOff(-5 * MINUTE))
    servers = [ahead, behind]
  })
  afterAll(() => over())

  test('say that a clock is wrong', () => {
    expect(ahead.stdout()).toMatch(
      /"seconds":300,"msg":"the clock of this machine is not that of the database/,
    )
    expect(behind.stdout()).toMatch(
      /"seconds":-300,"msg":"the clock of this machine is not that of the database/,
    )
  })

  test('issue tokens of now', async () => {
    for (const server of servers) {
      const { access_token } = await postJson(`${server.url}/oauth/token`, {
        ...SYNC,
        grant_type: 'client_credentials',
      })
      const { iat = 0, exp } = decodeJwt(access_token)
      expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(MINUTE)
      expect(exp).toBe(iat + 3600)
    }
  })

  test('answer a lost response again, whichever is asked', async () => {
    for (const [one, other] of [servers, servers.toReversed()]) {
      const { refresh_token } = await login(one as RunningServer)
      const first = (await (await refresh(one as RunningServer, refresh_token)).json()) as object
      const again = await refresh(other as RunningServer, refresh_token)
      expect([again.status, await again.json()]).toEqual([
        200,
        expect.objectContaining({
          ...first,
          expires_in: expect.any(Number),
          access_token: expect.any(String),
        }),
      ])
    }
  })

  test('end by a new password what either has issued, for good', async () => {
    const issued = [await login(ahead), await login(behind)]
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' }
    const users = `${behind.adminUrl}/admin/v1/tenants/dodici/users`
    const { items } = (await (await fetch(users, { headers })).json()) as { items: { id: string }[] }
    const changed = await fetch(`${users}/${encodeURIComponent(items[0]?.id ?? '')}`, {
      method: 'PATCH',
      headers,
      body: JSON.stringify({ password: 'another-canary-password-of-joe' }),
    })
    expect([changed.status, await changed.text()]).toEqual([200, expect.any(String)])
    for (const server of servers) {
      for (const { access_token, refresh_token } of issued) {
        expect(await isActive(server, access_token)).toBe(false)
        expect((await refresh(server, refresh_token)).status).toBe(400)
      }
    }
  })
})
