/** Plays steps on a server and on the model, and compares all that can be seen of both. */
import { decodeJwt } from 'jose'
import { expect } from 'vitest'
import { rotateClientSecret } from '../../src/admin/operations/client-secrets.ts'
import { revokeTokens, revokeTokensBefore } from '../../src/admin/operations/tokens.ts'
import { updateUser } from '../../src/admin/operations/users.ts'
import { tokenKeyOf } from '../../src/crypto/opaque-token.ts'
import type { SurfaceSettings } from '../../src/protocol/policy.ts'
import type { TokenRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { createHarness, TENANT, type TestResponse } from '../harness.ts'
import { type AccessToken, createModel, type Issue, type Outcome } from './refresh-model.ts'

const NOW = 1_767_225_600
const PASSWORD = 'correct-Horse_7-battery-staple'

export interface Setup extends Required<Pick<SurfaceSettings, 'refresh' | 'reuseWindow'>> {
  /** Whose tokens, and what form the access tokens have. */
  readonly holder: 'jwt client' | 'opaque client' | 'spree' | 'spree client'
}

/** Numbers choose among the tokens there are; those below zero count from the last one. */
export type Step =
  | { readonly do: 'login' | 'purge' | 'restart' | 'change password' | 'revoke all' | 'rotate secret' }
  | { readonly do: 'revoke before'; readonly secondsAgo: number }
  | { readonly do: 'refresh'; readonly token: number; readonly by: By }
  | { readonly do: 'refresh at once'; readonly token: number; readonly times: number }
  | { readonly do: 'introspect' | 'info'; readonly token: number; readonly kind: Kind }
  | { readonly do: 'revoke'; readonly token: number; readonly kind: Kind; readonly by: By }
  | { readonly do: 'advance'; readonly seconds: number }
  | { readonly do: 'disable'; readonly disabled: boolean }

type By = 'its client' | 'another client' | 'nobody'
type Kind = 'access' | 'refresh'

export interface Place {
  readonly store: Store
  /** Closes the store and opens it again, if it is one that can. */
  restart(): Promise<void>
}

const LIVES = { expiresIn: 600, refreshExpiresIn: 5000, refreshIdleExpiresIn: 2000 }

const OWN = { id: 'own', secret: 'secret-of-the-client-whose-tokens-these-are' }
const OTHER = { id: 'other', secret: 'secret-of-another-client-that-has-no-tokens' }
const SERVER = { id: 'server', secret: 'secret-of-a-resource-server-that-may-ask-all' }

/** Unspoilt by other runs on the same store: tenant and user are its own. */
export async function play(setup: Setup, steps: readonly Step[], place: Place, run: number): Promise<void> {
  const player = await createPlayer(setup, place, `t${run}`)
  for (const step of steps) {
    await player.step(step)
    await player.expectSameRows()
  }
  await player.expectSameTokens()
}

/** What a token is known by: the text, or of a JWT what a replay must repeat. */
function identity(accessToken: string): string {
  if (!accessToken.includes('.')) return accessToken
  const { jti, iat, exp } = decodeJwt(accessToken)
  return JSON.stringify({ jti, iat, exp })
}

async function createPlayer(setup: Setup, { store, restart }: Place, tenant: string) {
  const { refresh, reuseWindow, holder } = setup
  const spree = holder === 'spree' || holder === 'spree client'
  const settings = { refresh, reuseWindow, ...LIVES }
  const definition = {
    ...{ ...TENANT, id: tenant, hosts: [`${tenant}.example`], issuer: `https://${tenant}.example/` },
    signingAlgorithm: 'ES256' as const,
    surfaces: { spree: settings, standard: { ...settings, passwordGrant: true } },
  }
  const harness = createHarness({ store, tenants: [definition], now: NOW })
  const model = createModel({ ...settings, jwt: holder === 'jwt client' }, NOW)
  await store.saveTenant(definition)
  const user = await harness.user({ tenant, id: `u-${tenant}`, username: 'user', password: PASSWORD })
  const format = holder === 'jwt client' ? 'jwt' : 'opaque'
  await harness.client({ tenant, ...OWN, accessToken: format })
  await harness.client({ tenant, ...OTHER, accessToken: format })
  await harness.client({ tenant, ...SERVER, introspect: 'any' })

  const accessTokens: { readonly text: string; readonly token: AccessToken }[] = []
  const refreshTokens: { readonly text: string; readonly issue: Issue }[] = []
  let own = OWN
  const base = spree ? '/spree_oauth' : '/oauth'

  /** As a client, or without any: at spree a user's token may be nobody's but the user's. */
  function post(path: string, form: Readonly<Record<string, string>>, by: By): Promise<TestResponse> {
    const whose = { 'its client': holder === 'spree' ? null : own, 'another client': OTHER, nobody: null }[by]
    return harness.post(path, form, whose === null ? {} : basic(whose))
  }

  const isPermitted = (by: By) => holder === 'spree' || by === 'its client'

  function refreshWith(text: string, by: By): Promise<TestResponse> {
    return post(`${base}/token`, { grant_type: 'refresh_token', refresh_token: text }, by)
  }

  /** That the answer is the one expected; new tokens are taken up. */
  function take(response: TestResponse, outcome: Outcome): void {
    if (!('access' in outcome)) {
      expect([400, 401]).toContain(response.status)
      return
    }
    expect([response.status, outcome]).toEqual([200, outcome])
    const { access_token, refresh_token, expires_in } = response.json()
    const { access, refresh: issue } = outcome
    expect(expires_in).toBe(Math.max(0, access.expiresAt - Math.max(access.issuedAt, model.now)))
    const known = refreshTokens.find((each) => each.issue === issue)
    if (known === undefined) {
      expect(refreshTokens.map(({ text }) => text)).not.toContain(refresh_token)
      refreshTokens.push({ text: refresh_token, issue })
    } else expect(refresh_token).toBe(known.text)
    const before = accessTokens.filter(({ text }) => identity(text) === identity(access_token))
    if (outcome.kind === 'new') {
      expect(before).toEqual([])
      accessTokens.push({ text: access_token, token: access })
    } else expect(before.map(({ token }) => token.issue)).toContain(issue)
  }

  async function refreshOnce(index: number, by: By): Promise<void> {
    const one = pick(refreshTokens, index)
    if (one === null) return
    const outcome = model.refresh(one.issue, isPermitted(by))
    const response = await refreshWith(one.text, by)
    take(response, outcome)
    const { reason, note } = harness.entries.at(-1)!
    expect(reason === 'refresh_token_reused').toBe(outcome.kind === 'reused')
    expect(note === 'replayed').toBe(outcome.kind === 'same')
  }

  async function refreshAtOnce(index: number, times: number): Promise<void> {
    const one = pick(refreshTokens, index)
    if (one === null) return
    const responses = await Promise.all(
      Array.from({ length: times }, () => refreshWith(one.text, 'its client')),
    )
    const outcomes = responses.map(() => model.refresh(one.issue, true))
    // Which of them was the first is not to be seen: only how many were answered, and with what.
    const answered = responses.filter(({ status }) => status === 200)
    const expected = outcomes.filter(({ kind }) => kind === 'new' || kind === 'same')
    expect(answered).toHaveLength(expected.length)
    answered.forEach((response, position) => void take(response, expected[position]!))
    const refused = responses.filter(({ status }) => status !== 200)
    for (const response of refused) take(response, { kind: 'refused' })
  }

  async function introspect(text: string): Promise<boolean> {
    const response = await harness.post('/oauth/introspect', { token: text }, basic(SERVER))
    expect(response.status).toBe(200)
    if (response.json().active !== true) expect(response.json()).toEqual({ active: false })
    return response.json().active
  }

  async function introspectOne(index: number, kind: Kind): Promise<void> {
    if (kind === 'refresh') {
      const one = pick(refreshTokens, index)
      if (one !== null) expect(await introspect(one.text)).toBe(model.isRefreshLive(one.issue))
      return
    }
    const one = pick(accessTokens, index)
    if (one === null) return
    expect(await introspect(one.text)).toBe(model.isAccessLive(one.token))
    model.see(one.token)
  }

  async function info(index: number, kind: Kind): Promise<void> {
    const one = kind === 'access' ? pick(accessTokens, index) : pick(refreshTokens, index)
    if (one === null || !spree) return
    const headers = { authorization: `Bearer ${one.text}` }
    const response = await harness.send({ method: 'GET', path: '/spree_oauth/token/info', headers })
    const live = 'token' in one && model.isAccessLive(one.token)
    expect(response.status).toBe(live ? 200 : 401)
    if ('token' in one) model.see(one.token)
  }

  async function revoke(index: number, kind: Kind, by: By): Promise<void> {
    const one = kind === 'access' ? pick(accessTokens, index) : pick(refreshTokens, index)
    if (one === null) return
    const row = await store.findToken(keyOf('token' in one ? one.token.issue : one.issue) ?? -1)
    const response = await post(`${base}/revoke`, { token: one.text }, by)
    if (!isPermitted(by)) {
      // Who may not is told so at spree, unless nobody knows the token any more.
      const refused = spree && row !== null ? 403 : 200
      expect(response.status).toBe(!spree && by === 'nobody' ? 401 : refused)
      return
    }
    expect(response.status).toBe(200)
    // Nobody knows what was purged; it had expired.
    if (row === null) return
    if ('token' in one) model.revokeAccess(one.token)
    else model.revokeRefresh(one.issue)
  }

  /** The key of the row an issue became. */
  function keyOf(issue: Issue): number | null {
    const text =
      refreshTokens.find((each) => each.issue === issue)?.text ??
      accessTokens.find(({ token }) => token.issue === issue)?.text
    return text === undefined ? null : tokenKeyOf(text)
  }

  const issues = () =>
    new Set([...refreshTokens.map(({ issue }) => issue), ...accessTokens.map(({ token }) => token.issue)])
  let before = new Map<number, TokenRow>()

  /** What is stored, against the model and against what was stored before. */
  async function expectSameRows(): Promise<void> {
    const { rows } = await store.listTokens({
      tenant,
      userId: user.id,
      clientId: null,
      before: null,
      limit: 1000,
    })
    const stored = new Map(rows.map((row) => [row.key, row]))
    for (const issue of issues()) {
      const row = stored.get(keyOf(issue) ?? -1)
      if (row === undefined) {
        // Purged: then nothing of it may be of use any more.
        const tokens = accessTokens.filter(({ token }) => token.issue === issue)
        expect([
          model.isRefreshLive(issue),
          ...tokens.map(({ token }) => model.isAccessLive(token)),
        ]).not.toContain(true)
        continue
      }
      expect(columnsOf(row)).toEqual({
        ...{ revoked: issue.revoked, spentAt: issue.spentAt, superseded: issue.superseded },
        ...{ seen: issue.seen, issuedAt: issue.issuedAt, refreshExpiresAt: issue.refreshEnd },
        parent: issue.parent === null ? null : keyOf(issue.parent),
        successor: issue.successor === null ? null : keyOf(issue.successor),
      })
    }
    for (const leaves of Map.groupBy(rows.filter(isLeaf), (row) => row.family ?? row.key).values()) {
      expect(leaves).toHaveLength(1)
    }
    for (const [key, row] of before) {
      const now = stored.get(key)
      if (now === undefined) continue
      if (row.revokedAt !== null) expect(now.revokedAt).toBe(row.revokedAt)
      if (row.spentAt !== null) expect([now.spentAt, now.successor]).toEqual([row.spentAt, row.successor])
    }
    before = stored
  }

  async function expectSameTokens(): Promise<void> {
    // Twice: to be asked about may end an older one.
    for (const kind of ['refresh', 'access', 'access'] as const) {
      const tokens = kind === 'refresh' ? refreshTokens : accessTokens
      for (const index of tokens.keys()) await introspectOne(index, kind)
      await expectSameRows()
    }
  }

  /** Ends no token, but at once whoever knows the old secret only. */
  async function rotateSecret(): Promise<void> {
    const form = { grant_type: 'client_credentials' }
    const old = own
    const { secret } = await rotateClientSecret(harness.services, tenant, OWN.id, 0)
    own = { id: OWN.id, secret: secret?.reveal() ?? '' }
    expect((await harness.post('/oauth/token', form, basic(old))).status).toBe(401)
    expect((await harness.post('/oauth/token', form, basic(own))).status).toBe(200)
  }

  async function step(one: Step): Promise<void> {
    switch (one.do) {
      case 'login': {
        const form = { grant_type: 'password', username: 'user', password: PASSWORD }
        take(await post(`${base}/token`, form, 'its client'), model.login())
        return
      }
      case 'refresh':
        return await refreshOnce(one.token, one.by)
      case 'refresh at once':
        return await refreshAtOnce(one.token, one.times)
      case 'introspect':
        return await introspectOne(one.token, one.kind)
      case 'info':
        return await info(one.token, one.kind)
      case 'revoke':
        return await revoke(one.token, one.kind, one.by)
      case 'advance':
        model.now += one.seconds
        harness.advance(one.seconds)
        return
      case 'disable':
        await updateUser(harness.services, tenant, user.id, { disabled: one.disabled })
        return model.setDisabled(one.disabled)
      case 'change password':
        await updateUser(harness.services, tenant, user.id, { password: PASSWORD })
        return model.changePassword()
      case 'revoke all':
        await revokeTokens(harness.services, tenant, { user: user.id })
        return model.revokeAll()
      case 'revoke before': {
        const time = model.now - one.secondsAgo
        await revokeTokensBefore(harness.services, tenant, time)
        return model.revokeBefore(time)
      }
      case 'rotate secret':
        return await rotateSecret()
      case 'purge':
        return void (await store.purge(model.now, 1000))
      case 'restart':
        return await restart()
    }
  }

  return { step, expectSameRows, expectSameTokens }
}

function columnsOf(row: TokenRow) {
  const { revokedAt, spentAt, supersededAt, seenAt, issuedAt, refreshExpiresAt, parent, successor } = row
  return {
    ...{ revoked: revokedAt !== null, spentAt, superseded: supersededAt !== null, seen: seenAt !== null },
    ...{ issuedAt, refreshExpiresAt, parent, successor },
  }
}

function isLeaf(row: TokenRow): boolean {
  return row.refreshHash !== null && row.spentAt === null && row.revokedAt === null
}

function pick<T>(list: readonly T[], index: number): T | null {
  return list.at(index % list.length) ?? null
}

function basic({ id, secret }: { readonly id: string; readonly secret: string }) {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}
