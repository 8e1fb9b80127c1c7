/** What every fault of a disk must look like from outside, whatever it is. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import {
  ADMIN_TOKEN,
  clientOf,
  type Endpoints,
  firstSecretOf,
  loginOf,
  PASSWORD,
  userOf,
} from './under-test.ts'

const CLIENT = { client_id: clientOf(0), client_secret: firstSecretOf(0) }
const LOGIN = { grant_type: 'password', username: loginOf(0), password: PASSWORD }

/** It is well again, without a restart, within so long. */
const HEALED_MS = 5000

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

export interface Probe {
  login(): Promise<Tokens>
  isActive(token: string): Promise<boolean>
  /** Writes what takes the least room again and again, until there is none left for it. */
  useUpRoom(): Promise<void>
  /** A login that is refused, as it must be. */
  expectNoLogin(): Promise<void>
  /** While the disk fails: 503 for what is written, answers for what is read, and all is well when it works again. */
  expectFaultIsBorne(fail: () => Promise<() => Promise<void>>): Promise<void>
}

export function createProbe(at: Endpoints): Probe {
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

  async function useUpRoom(): Promise<void> {
    for (let writes = 0; (await fetch(`${at.admin[0]}/readyz`)).status === 200; writes++) {
      if (writes > 10_000) expect.fail('there is room for ever')
    }
  }

  async function expectHealed(): Promise<void> {
    const until = performance.now() + HEALED_MS
    while (performance.now() < until) {
      if ((await fetch(`${at.admin[0]}/readyz`)).status === 200) return
      await sleep(50)
    }
    expect.fail(`not ready ${HEALED_MS} ms after the disk was well again`)
  }

  async function expectFaultIsBorne(fail: () => Promise<() => Promise<void>>): Promise<void> {
    const [kept, revoked] = [await login(), await login()]
    const heal = await fail()
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

    await heal()
    await expectHealed()
    const refreshed = await post('/oauth/token', { ...CLIENT, ...refresh })
    expect(refreshed.status).toBe(200)
    expect((await post('/oauth/revoke', { ...CLIENT, token: revoked.refresh_token })).status).toBe(200)
    expect(await isActive(revoked.access_token)).toBe(false)
    expect(await isActive(((await refreshed.json()) as Tokens).access_token)).toBe(true)
  }

  return {
    login,
    isActive,
    useUpRoom,
    expectNoLogin: async () => await expectUnavailable(await post('/oauth/token', { ...CLIENT, ...LOGIN })),
    expectFaultIsBorne,
  }
}
