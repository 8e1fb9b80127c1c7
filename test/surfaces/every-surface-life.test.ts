/** The life of a token on every surface: T022, T040 to T046, T053. */
import { beforeEach, describe, expect, test } from 'vitest'
import { deleteClient, updateClient } from '../../src/admin/operations/clients.ts'
import { deleteUser, setPassword, updateUser } from '../../src/admin/operations/users.ts'
import type { Harness } from '../harness.ts'
import {
  type Answer,
  credentials,
  expectDead,
  expectLive,
  expectRefused,
  FACES,
  isActive,
  loginAs,
  loginOf,
  PASSWORD,
  refresh,
  refreshed,
  revoke,
  revokeAsOperator,
  startFaces,
} from './faces.ts'

const LIVES = { expiresIn: 100, refreshIdleExpiresIn: 1000, refreshExpiresIn: 2500 }

describe.each(FACES)('$name', (face) => {
  let harness: Harness
  let answer: Answer & { readonly userId: string }

  beforeEach(async () => {
    harness = await startFaces(LIVES)
    answer = await loginOf(face, harness)
  })

  test('T022 a refresh token that was spent and comes back late ends its family', async () => {
    const strict = await startFaces({ refresh: 'rotate', reuseWindow: 10 })
    const first = await loginOf(face, strict)
    const second = await refreshed(face, strict, first.refresh_token)
    const third = await refreshed(face, strict, second.refresh_token)
    await expectLive(face, strict, third)
    await expectRefused(face, strict, first.refresh_token)
    for (const each of [first, second, third]) await expectDead(face, strict, each)
  })

  test('T020 50 refreshes at once have one answer; with a window of 0, one of them has', async () => {
    const fifty = Array.from({ length: 50 }, (_, index) => index)
    const responses = await Promise.all(fifty.map(() => refresh(face, harness, answer.refresh_token)))
    expect(responses.map(({ status }) => status)).toEqual(fifty.map(() => 200))
    const tokens = new Set(responses.map((each) => each.json().refresh_token))
    expect(tokens.size).toBe(1)
    for (const token of tokens) expect(await isActive(harness, token)).toBe(true)

    const strict = await startFaces({ refresh: 'rotate', reuseWindow: 0 })
    const { refresh_token } = await loginOf(face, strict)
    const answered = await Promise.all(fifty.map(() => refresh(face, strict, refresh_token)))
    const [lucky, ...others] = answered.filter(({ status }) => status === 200)
    expect(others).toEqual([])
    const refused = answered.filter((each) => each !== lucky)
    expect(new Set(refused.map((each) => `${each.status} ${each.json().error}`))).toEqual(
      new Set([`${face.refusal.status} ${face.refusal.error}`]),
    )
    await expectDead(face, strict, lucky?.json())
  })

  test('T040 an access token ends at the second it expires', async () => {
    harness.advance(99)
    expect(await isActive(harness, answer.access_token)).toBe(true)
    harness.advance(1)
    expect(await isActive(harness, answer.access_token)).toBe(false)
    harness.advance(1)
    expect(await isActive(harness, answer.access_token)).toBe(false)
  })

  test('T040 a refresh token ends when it rests, and when its family is old', async () => {
    harness.advance(999)
    let { refresh_token: token } = await refreshed(face, harness, answer.refresh_token)
    harness.advance(1000)
    await expectRefused(face, harness, token)
    expect(await isActive(harness, token)).toBe(false)
    token = (await loginOf(face, harness)).refresh_token
    for (const seconds of [999, 999, 501]) {
      harness.advance(seconds)
      token = (await refreshed(face, harness, token)).refresh_token
    }
    harness.advance(1)
    await expectRefused(face, harness, token)
    expect(await isActive(harness, token)).toBe(false)
  })

  test('T041 a refresh asks for less, for nothing, but never for more', async () => {
    const [kept = ''] = face.scope.split(' ')
    const narrow = await refresh(face, harness, answer.refresh_token, { scope: kept })
    expect([narrow.status, narrow.json().scope]).toEqual([200, kept])
    let { refresh_token } = narrow.json()
    for (const scope of [`${face.scope} admin`, 'admin', 'ADMIN', '*']) {
      const wide = await refresh(face, harness, refresh_token, { scope })
      expect([wide.status, wide.json().error]).toEqual([400, face.refusal.error && 'invalid_scope'])
    }
    const whole = await refreshed(face, harness, refresh_token)
    expect(whole).toMatchObject({ scope: answer.scope })
    refresh_token = whole.refresh_token
    expect((await refresh(face, harness, refresh_token, { scope: face.scope })).status).toBe(200)
  })

  test('T042 a scope that the user or the client has lost is in no token', async () => {
    const [kept = '', lost = ''] = face.scope.split(' ')
    await updateUser(harness.services, 'main', answer.userId, { scopes: [kept] })
    const introspected = await harness.post('/oauth/introspect', {
      token: answer.access_token,
      ...credentials('api'),
    })
    expect(introspected.json().scope ?? introspected.json().scopes).toBe(kept)
    const second = await refresh(face, harness, answer.refresh_token)
    expect([second.status, second.json().scope]).toEqual([200, kept])
    const asked = await refresh(face, harness, second.json().refresh_token, { scope: lost })
    expect([asked.status, asked.json().error]).toEqual([400, face.refusal.error && 'invalid_scope'])
    if (face.client === null) return
    await updateUser(harness.services, 'main', answer.userId, { scopes: null })
    await updateClient(harness.services, 'main', face.client, { scopes: [kept] })
    expect(await refreshed(face, harness, second.json().refresh_token)).toMatchObject({ scope: kept })
  })

  test.each(['access_token', 'refresh_token'] as const)(
    'T043 T044 a revoked %s is dead, and revoked twice',
    async (kind) => {
      const other = await loginOf(face, harness)
      await revoke(face, harness, answer[kind])
      // NewStore's JWTs of `keep` name no row: there the refresh token is another thing to revoke.
      if (face.surface === 'newstore' && kind === 'access_token') {
        expect(await isActive(harness, answer.access_token)).toBe(false)
        await revoke(face, harness, answer.refresh_token)
        await expectRefused(face, harness, answer.refresh_token)
      } else if (face.surface === 'newstore') {
        await expectRefused(face, harness, answer.refresh_token)
        expect(await isActive(harness, answer.refresh_token)).toBe(false)
      } else {
        await expectDead(face, harness, answer)
      }
      await revoke(face, harness, answer[kind])
      await revokeAsOperator(harness, answer[kind])
      expect(await isActive(harness, answer[kind])).toBe(false)
      await expectLive(face, harness, other)
      for (const seconds of [1, 50, 5000]) {
        harness.advance(seconds)
        expect(await isActive(harness, answer[kind])).toBe(false)
      }
    },
  )

  test.each(['access_token', 'refresh_token', 'nonsense', ''])('T044 whatever the hint: %j', async (hint) => {
    if (face.revokePath === null) return
    await revoke(face, harness, answer.refresh_token, { token_type_hint: hint })
    await expectDead(face, harness, answer)
    for (const unknown of ['unknown', 'x'.repeat(43), `${answer.refresh_token}x`])
      await revoke(face, harness, unknown)
  })

  test('T045 a refresh token whose access token has expired', async () => {
    harness.advance(101)
    await revoke(face, harness, answer.refresh_token)
    await expectDead(face, harness, answer)
  })

  test('T046 a stranger revokes nothing', async () => {
    if (face.revokePath === null || face.client === null) return
    for (const token of [answer.access_token, answer.refresh_token]) {
      const bodies: string[] = []
      for (const text of [token, `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`]) {
        const response = await harness.post(face.revokePath, { token: text, ...credentials('stranger') })
        bodies.push(`${response.status} ${response.body}`)
      }
      // Doorkeeper tells a stranger that the token is another's; the others say the same as of an unknown one.
      if (face.surface === 'spree') expect(bodies[0]).toMatch(/^403 /)
      else expect(bodies[0]).toBe(bodies[1])
    }
    await expectLive(face, harness, answer)
  })

  test.each([
    ['disabled', (userId: string) => updateUser(harness.services, 'main', userId, { disabled: true })],
    [
      'given another password',
      (userId: string) => setPassword(harness.services, 'main', userId, 'x'.repeat(20)),
    ],
    ['deleted', (userId: string) => deleteUser(harness.services, 'main', userId)],
  ] as const)('T053 nothing of a user lives who is %s', async (_, act) => {
    const second = await refreshed(face, harness, answer.refresh_token)
    await act(answer.userId)
    await expectDead(face, harness, second)
    await expectDead(face, harness, answer)
    await expectLive(face, harness, await loginOf(face, harness))
  })

  test.each([
    ['disabled', (client: string) => updateClient(harness.services, 'main', client, { disabled: true })],
    ['deleted', (client: string) => deleteClient(harness.services, 'main', client)],
  ] as const)('T053 nothing of a client lives that is %s', async (_, act) => {
    if (face.client === null) return
    await act(face.client)
    for (const token of [answer.access_token, answer.refresh_token])
      expect(await isActive(harness, token)).toBe(false)
    expect((await refresh(face, harness, answer.refresh_token)).status).toBe(401)
  })

  test('T053 nothing of a user lives who lost the role that the surface asks for', async () => {
    const strict = await startFaces({ requiredRoles: ['staff'] })
    const user = await strict.user({
      tenant: 'main',
      username: 'ann',
      password: PASSWORD,
      roles: ['staff'],
    })
    const first = await loginAs(face, strict, 'ann')
    await expectLive(face, strict, first)
    await strict.store.updateUser({ ...user, roles: ['other'] })
    await expectDead(face, strict, first)
  })
})
