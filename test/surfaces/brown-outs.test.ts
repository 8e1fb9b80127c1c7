/** R133, R134: when the legacy surfaces issue no tokens, and what they answer then. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { BrownOut } from '../../src/protocol/ending.ts'
import type { SurfaceSettings } from '../../src/protocol/policy.ts'
import { createHarness, type Harness, type TestResponse } from '../harness.ts'
import { addClients, credentials, FACES, type Face, loginOf, PASSWORD, tenantOfFaces } from './faces.ts'

const NOW = 1_767_225_600
const REQUEST_ID = '6d7c1a70-3f8f-4a54-9d7c-2f0f8f3b3b11'
const LEGACY = FACES.filter(({ surface }) => surface === 'newstore' || surface === 'spree')
const OTHERS = FACES.filter((face) => !LEGACY.includes(face))

/** The whole of the answer, but for `Retry-After`. */
const GONE: Readonly<Record<string, object>> = {
  newstore: {
    status: 410,
    headers: {
      'Content-Type': 'application/json;charset=UTF-8',
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
      'X-Newstore-Request-Id': REQUEST_ID,
      Deprecation: '@1704672000',
      Link: '<https://docs.newstore.net/developers/troubleshooting/migration-token-api-v0>; rel="deprecation"; type="text/html", <https://main.example/auth/realms/main/protocol/openid-connect/token>; rel="successor-version"',
    },
    body: `{"status":410,"message":"Gone","request_id":"${REQUEST_ID}"}`,
  },
  spree: {
    status: 410,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
      'X-Request-Id': REQUEST_ID,
    },
    body: '{"error":"gone","error_description":"Tokens are no longer issued here."}',
  },
}

async function start(settings: SurfaceSettings): Promise<Harness> {
  const harness = createHarness({
    tenants: [tenantOfFaces(settings)],
    loginFailures: { perUser: 2, perSource: 1000 },
    now: NOW,
  })
  await addClients(harness)
  for (const username of ['ann', 'bob', 'Eve@Example.com']) {
    const email = username === 'bob' ? 'Bob@Example.com' : null
    await harness.user({ tenant: 'main', username, email, password: PASSWORD, id: `id-of-${username}` })
  }
  return harness
}

function send(harness: Harness, path: string, form: Readonly<Record<string, string>>): Promise<TestResponse> {
  return harness.post(path, form, { 'x-request-id': REQUEST_ID })
}

function login(face: Face, harness: Harness, username = 'ann', password = PASSWORD): Promise<TestResponse> {
  const form = { grant_type: 'password', username, password, ...credentials(face.client) }
  return send(harness, face.tokenPath, form)
}

function refresh(face: Face, harness: Harness, token: string): Promise<TestResponse> {
  const form = { grant_type: 'refresh_token', refresh_token: token, ...credentials(face.client) }
  return send(harness, face.refreshPath, form)
}

function expectGone(face: Face, answer: TestResponse, retryAfter: number | null): void {
  const { status, headers, body } = answer
  const { 'Retry-After': found, ...others } = headers
  expect({ status, headers: others, body }).toEqual(GONE[face.surface])
  expect(found).toBe(retryAfter === null ? undefined : String(retryAfter))
}

describe.each(LEGACY)('$name', (face) => {
  test('R134 begins and ends to the second; the refresh token is there afterwards as before', async () => {
    const harness = await start({ brownOuts: [{ from: NOW + 60, to: NOW + 120 }] })
    const { refresh_token } = (await login(face, harness)).json()
    harness.advance(59)
    expect((await login(face, harness)).status).toBe(200)
    harness.advance(1)
    expectGone(face, await login(face, harness), 60)
    expectGone(face, await refresh(face, harness, refresh_token), 60)
    expect(harness.entries.at(-1)).toMatchObject({ outcome: 'gone', reason: 'brown_out', status: 410 })
    harness.advance(59)
    expectGone(face, await login(face, harness), 1)
    harness.advance(1)
    expect((await login(face, harness)).status).toBe(200)
    expect((await refresh(face, harness, refresh_token)).status).toBe(200)
  })

  test('R134 windows that overlap or meet are one; those that are over are nothing', async () => {
    const brownOuts: BrownOut[] = [
      { from: NOW + 50, to: NOW + 70 },
      { from: NOW - 50, to: NOW },
      { from: NOW + 10, to: NOW + 50 },
      { from: NOW + 80, to: NOW + 90 },
    ]
    const harness = await start({ brownOuts })
    expect((await login(face, harness)).status).toBe(200)
    harness.advance(15)
    expectGone(face, await login(face, harness), 55)
    harness.advance(60)
    expect((await login(face, harness)).status).toBe(200)
    harness.advance(5)
    expectGone(face, await login(face, harness), 10)
  })

  test('R133 ends for good at its sunset', async () => {
    const settings = { sunset: NOW + 10, brownOuts: [{ from: NOW + 5, to: NOW + 20 }] }
    const harness = await start(settings)
    const { refresh_token } = (await login(face, harness)).json()
    harness.advance(9)
    expect((await login(face, harness)).header('retry-after')).toBe('11')
    for (const seconds of [1, 11, 86_400_000]) {
      harness.advance(seconds)
      for (const answer of [await login(face, harness), await refresh(face, harness, refresh_token)]) {
        expect([answer.status, answer.header('retry-after')]).toEqual([410, null])
        expect(answer.body).toBe((GONE[face.surface] as { readonly body: string }).body)
      }
      expect(harness.entries.at(-1)).toMatchObject({ outcome: 'gone', reason: 'surface_sunset' })
    }
  })

  test('A12 comes after method and tenant, and before all that a request says', async () => {
    const harness = await start({ brownOuts: [{ from: NOW, to: NOW + 60 }] })
    const verify = vi.spyOn(harness.services.passwords, 'verify')
    const statuses = async (path: string, method: string, host: string) =>
      (await harness.send({ path, method, host, body: '{', headers: { 'content-type': 'application/json' } }))
        .status
    expect(await statuses(face.tokenPath, 'GET', 'main.example')).toBe(405)
    expect(await statuses(face.tokenPath, 'POST', 'nobody.example')).toBe(404)
    expect(await statuses(`${face.tokenPath}?password=x`, 'POST', 'main.example')).toBe(410)
    // The same, for the same work: whoever is asked for, with whatever password.
    for (const [name, password] of [
      ['ann', PASSWORD],
      ['ann', 'wrong'],
      ['nobody', 'wrong'],
      ['', ''],
    ] as const) {
      expectGone(face, await login(face, harness, name, password), 60)
    }
    expect(verify).not.toHaveBeenCalled()
  })

  test.each([
    ['a brown-out', 20],
    ['the sunset', 10_000],
  ])('what lives stays in hand during %s', async (_, after) => {
    const harness = await start({
      sunset: NOW + 1000,
      brownOuts: [{ from: NOW + 10, to: NOW + 60 }],
      expiresIn: 86_400,
    })
    const { access_token } = await loginOf(face, harness)
    harness.advance(after)
    expect((await login(face, harness)).status).toBe(410)
    if (face.introspectPath === null || face.revokePath === null) return
    const asks = { token: access_token, ...credentials('api') }
    expect((await send(harness, face.introspectPath, asks)).json().active).toBe(true)
    const headers = { authorization: `Bearer ${access_token}` }
    const info = { method: 'GET', path: '/spree_oauth/token/info', headers }
    expect((await harness.send(info)).status).toBe(200)
    const revoke = { token: access_token, ...credentials(face.client) }
    expect((await send(harness, face.revokePath, revoke)).status).toBe(200)
  })
})

test.each(OTHERS)('$name knows nothing of it', async (face) => {
  const harness = await start({ sunset: NOW - 10, brownOuts: [{ from: NOW, to: NOW + 60 }] })
  const answer = await login(face, harness)
  expect([answer.status, answer.header('sunset'), answer.header('deprecation')]).toEqual([200, null, null])
  const { refresh_token } = answer.json()
  expect((await refresh(face, harness, refresh_token)).status).toBe(200)
})

describe.each(LEGACY)('R134 of some users on $name', (face) => {
  let harness: Harness
  beforeEach(async () => {
    harness = await start({
      brownOuts: [
        { from: NOW + 10, to: NOW + 60, users: ['ann', 'BOB@example.com'] },
        { from: NOW + 60, to: NOW + 80, users: ['id-of-ann', 'nobody'] },
        { from: NOW + 80, to: NOW + 90 },
        { from: NOW + 200, to: NOW + 210, users: ['eve@example.COM'] },
      ],
    })
  })

  test('concerns them, by name, e-mail address or id, and nobody else', async () => {
    const { refresh_token } = (await login(face, harness)).json()
    const ofEve = (await login(face, harness, 'eve@example.com')).json().refresh_token
    harness.advance(10)
    expectGone(face, await login(face, harness), 80)
    expectGone(face, await refresh(face, harness, refresh_token), 80)
    expectGone(face, await login(face, harness, 'bob'), 50)
    expect((await login(face, harness, 'eve@example.com')).status).toBe(200)
    expect((await refresh(face, harness, ofEve)).status).toBe(200)
    harness.advance(50)
    expectGone(face, await login(face, harness), 30)
    expect((await login(face, harness, 'bob')).status).toBe(200)
    harness.advance(20)
    expectGone(face, await login(face, harness, 'bob'), 10)
    harness.advance(10)
    expect((await refresh(face, harness, refresh_token)).status).toBe(200)
    harness.advance(110)
    expectGone(face, await login(face, harness, 'eve@example.com'), 10)
    expect((await login(face, harness)).status).toBe(200)
  })

  test('tells a wrong password nothing: neither that there is such a user, nor that it has a brown-out', async () => {
    const plain = async () => {
      const answers = []
      for (const name of ['ann', 'eve@example.com', 'nobody']) {
        const { status, headers, body } = await login(face, harness, name, 'wrong')
        answers.push({ status, headers, body })
      }
      return answers
    }
    const before = await plain()
    harness.advance(10)
    const during = await plain()
    expect(during).toEqual(before)
    expect(new Set(during.map((answer) => JSON.stringify(answer))).size).toBe(1)
  })

  test('tells who is blocked nothing, even with the right password', async () => {
    harness.advance(10)
    for (let n = 0; n < 2; n++) await login(face, harness, 'ann', 'wrong')
    const blocked = await login(face, harness)
    expect(blocked.status).toBe(face.refusal.status)
    expect(harness.entries.at(-1)?.reason).toBe('login_blocked')
  })

  test('lets a stranger’s refresh token be refused as ever, and a reused one end its family', async () => {
    const own = face.surface === 'newstore' ? 'newstore' : 'spree'
    const { refresh_token } = (await login(face, harness)).json()
    harness.advance(10)
    expect((await refresh(face, harness, `${refresh_token}x`)).status).toBe(face.refusal.status)
    const writes = vi.spyOn(harness.store, 'issue')
    expectGone(face, await refresh(face, harness, refresh_token), 80)
    expect([own, writes.mock.calls.length]).toEqual([own, 0])
  })
})
