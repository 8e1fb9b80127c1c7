/** A disk that fails under a server that runs: what it can not keep it says, and when the disk works again so does it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type SqliteUnderTest, sqliteUnderTest } from './sqlite.ts'
import { attach, whyNoStrace } from './strace.ts'
import {
  ADMIN_TOKEN,
  clientOf,
  type Endpoints,
  firstSecretOf,
  loginOf,
  PASSWORD,
  userOf,
} from './under-test.ts'

const reason = await whyNoStrace()

const CLIENT = { client_id: clientOf(0), client_secret: firstSecretOf(0) }
const LOGIN = { grant_type: 'password', username: loginOf(0), password: PASSWORD }

/** T011: it is well again without a restart within so long. */
const HEALED_MS = 5000

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

describe.skipIf(reason !== null)(`T012 a disk that fails${reason === null ? '' : ` (${reason})`}`, () => {
  let underTest: SqliteUnderTest
  let at: Endpoints
  beforeAll(async () => {
    underTest = sqliteUnderTest(1)
    at = await underTest.start(0)
  })
  afterAll(() => underTest.remove())

  async function post(path: string, form: Readonly<Record<string, string>>): Promise<Response> {
    return await fetch(at.token[0] + path, { method: 'POST', body: new URLSearchParams(form) })
  }

  async function login(): Promise<Tokens> {
    const response = await post('/oauth/token', { ...CLIENT, ...LOGIN })
    expect(response.status).toBe(200)
    return (await response.json()) as Tokens
  }

  async function isActive(token: string): Promise<boolean> {
    const response = await post('/oauth/introspect', { ...CLIENT, token })
    expect(response.status).toBe(200)
    return ((await response.json()) as { active: boolean }).active
  }

  async function disable(disabled: boolean): Promise<Response> {
    return await fetch(`${at.admin[0]}/admin/v1/tenants/main/users/${userOf(0)}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ disabled }),
    })
  }

  async function expectUnavailable(response: Response): Promise<void> {
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.text()).not.toMatch(/SQLITE|disk|ENOSPC|EIO|\.db/)
  }

  async function expectHealed(): Promise<void> {
    const until = performance.now() + HEALED_MS
    while (performance.now() < until) {
      if ((await fetch(`${at.admin[0]}/readyz`)).status === 200) return
      await sleep(50)
    }
    expect.fail(`not ready ${HEALED_MS} ms after the disk was well again`)
  }

  test.each([
    ['EIO at each flush', 'fsync,fdatasync:error=EIO'],
    ['ENOSPC at each write', 'pwrite64:error=ENOSPC'],
    ['EROFS at each write', 'pwrite64:error=EROFS'],
    ['EIO at each write', 'pwrite64:error=EIO'],
  ])(
    '%s: 503 for what is written, and nothing of it is kept; what is read is answered; it heals',
    async (_, inject) => {
      const [kept, revoked] = [await login(), await login()]
      const traced = [
        '-e',
        'trace=pwrite64,fsync,fdatasync',
        '-P',
        underTest.file,
        '-P',
        `${underTest.file}-wal`,
      ]
      const tracer = await attach(underTest.pid(), [...traced, '-e', `inject=${inject}`])
      onTestFinished(() => tracer.detach())

      const refresh = { grant_type: 'refresh_token', refresh_token: kept.refresh_token }
      for (let round = 0; round < 2; round++) {
        await expectUnavailable(await post('/oauth/token', { ...CLIENT, ...LOGIN }))
        await expectUnavailable(await post('/spree_oauth/token', { ...CLIENT, ...LOGIN }))
        await expectUnavailable(await post('/v0/token', LOGIN))
        await expectUnavailable(await post('/oauth/token', { ...CLIENT, ...refresh }))
        await expectUnavailable(await post('/oauth/revoke', { ...CLIENT, token: revoked.refresh_token }))
        await expectUnavailable(await disable(true))
        expect((await fetch(`${at.admin[0]}/readyz`)).status).toBe(503)
      }
      expect((await fetch(`${at.token[0]}/.well-known/jwks.json`)).status).toBe(200)
      expect((await fetch(`${at.token[0]}/.well-known/openid-configuration`)).status).toBe(200)
      expect((await fetch(`${at.admin[0]}/healthz`)).status).toBe(200)
      for (const { access_token, refresh_token } of [kept, revoked]) {
        expect(await isActive(access_token)).toBe(true)
        expect(await isActive(refresh_token)).toBe(true)
      }

      await tracer.detach()
      await expectHealed()
      const refreshed = await post('/oauth/token', { ...CLIENT, ...refresh })
      expect(refreshed.status).toBe(200)
      expect((await post('/oauth/revoke', { ...CLIENT, token: revoked.refresh_token })).status).toBe(200)
      expect(await isActive(revoked.access_token)).toBe(false)
      expect(await isActive(((await refreshed.json()) as Tokens).access_token)).toBe(true)
      expect(await underTest.findProblems()).toEqual([])
    },
  )

  test('what was confirmed before it failed is there after a crash in the middle of it', async () => {
    const kept = await login()
    const tracer = await attach(underTest.pid(), [
      '-e',
      'trace=pwrite64',
      '-e',
      'inject=pwrite64:error=EIO:when=2+',
    ])
    onTestFinished(() => tracer.detach())
    await expectUnavailable(await post('/oauth/token', { ...CLIENT, ...LOGIN }))
    await underTest.kill()
    at = await underTest.start(0)
    expect(await isActive(kept.access_token)).toBe(true)
    expect(await isActive(kept.refresh_token)).toBe(true)
    expect(await underTest.findProblems()).toEqual([])
  })
})
