/** How often passwords can be guessed, on every surface: section F of the security tests. */
import { describe, expect, test } from 'vitest'
import { createHarness, type Harness, type HarnessOptions, type TestResponse } from '../harness.ts'
import { addClients, credentials, FACES, type Face, PASSWORD, refresh, tenantOfFaces } from './faces.ts'

const SPREE = FACES[1] as Face
const ANN = 'ann@shop.example'

interface LoginChanges {
  readonly face?: Face
  readonly path?: string
  readonly username?: string
  readonly password?: string
  readonly source?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/** A server with the limits of a new installation, Ann and Bob. */
async function start(options: HarnessOptions = {}) {
  const tenants = [tenantOfFaces()]
  const harness = createHarness({ tenants, loginFailures: { perUser: 10, perSource: 100 }, ...options })
  await addClients(harness)
  for (const username of ['ann', 'bob']) {
    await harness.user({
      ...{ tenant: 'main', username, password: PASSWORD, roles: ['newstore_admin'] },
      email: `${username}@shop.example`,
    })
  }
  const login = ({ face = SPREE, ...changes }: LoginChanges = {}): Promise<TestResponse> => {
    const { path = face.tokenPath, username = 'ann', password = PASSWORD, source, headers } = changes
    const form = { grant_type: 'password', username, password, ...credentials(face.client) }
    return harness.send({
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(form).toString(),
      ...(source !== undefined && { source }),
    })
  }
  const guess = (changes: LoginChanges = {}) => login({ password: 'wrong', ...changes })
  const reason = () => harness.entries.at(-1)?.reason
  return { harness, login, guess, reason }
}

async function times<T>(count: number, run: (time: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let time = 0; time < count; time++) results.push(await run(time))
  return results
}

function reasonsOf({ entries }: Harness, reason: string): number {
  return entries.filter((entry) => entry.reason === reason).length
}

describe.each(FACES)('T100 guessing on $name', (face) => {
  test('ends after ten failures: even the right password is refused, with the very same answer', async () => {
    const { login, guess, reason } = await start()
    const headers = { 'x-request-id': '6d7c1a70-3f8f-4a54-9d7c-2f0f8f3b3b11' }
    const answers = await times(10, () => guess({ face, headers }))
    expect(reason()).toBe('wrong_password')
    answers.push(await guess({ face, headers }), await login({ face, headers }))
    expect(reason()).toBe('login_blocked')
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]?.status).toBe(face.refusal.status)
  })

  test('goes on after a while, one for one', async () => {
    const { harness, login, guess } = await start()
    await times(10, () => guess({ face }))
    harness.advance(89)
    expect((await login({ face })).status).toBe(face.refusal.status)
    harness.advance(1)
    expect(await times(20, async () => (await login({ face })).status)).toEqual(Array(20).fill(200))
    await guess({ face })
    expect((await login({ face })).status).toBe(face.refusal.status)
    harness.advance(90)
    expect((await login({ face })).status).toBe(200)
  })

  test('T106 leaves the victim alone elsewhere', async () => {
    const { login, guess } = await start()
    await times(20, () => guess({ face, source: '203.0.113.66' }))
    for (const source of ['192.0.2.1', '203.0.113.67', '2001:db8::1']) {
      expect((await login({ face, source })).status).toBe(200)
    }
  })

  test('T107 leaves tokens alone that were issued before', async () => {
    const { harness, login, guess } = await start()
    const first = await login({ face })
    await times(20, () => guess({ face }))
    expect((await login({ face })).status).toBe(face.refusal.status)
    expect((await refresh(face, harness, first.json().refresh_token)).status).toBe(200)
  })

  test('T108 of an unknown user is no other', async () => {
    const { guess } = await start()
    const answers = await times(12, () => guess({ face, username: 'nobody' }))
    const known = await times(12, () => guess({ face }))
    const bytes = [...answers, ...known].map(({ status, body }) => [status, withoutId(body)])
    expect(new Set(bytes.map(String)).size).toBe(1)
  })
})

function withoutId(body: string): string {
  return body.replace(/"request_id":"[^"]*"/, '')
}

describe('T104 one counter', () => {
  test('for all surfaces', async () => {
    const { guess, login } = await start()
    await times(10, (time) => guess({ face: FACES[time % FACES.length] as Face }))
    for (const face of FACES) expect((await login({ face })).status).toBe(face.refusal.status)
  })

  test('for all spellings of a path that lead anywhere', async () => {
    const { harness, guess, login } = await start()
    const paths = ['/v0/token', '//v0/token', '/v0/token/', '/V0/token', '/v0/%74oken', '/v0/token?x=1']
    await times(60, (time) => guess({ face: FACES[0] as Face, path: paths[time % paths.length] as string }))
    expect(reasonsOf(harness, 'wrong_password')).toBe(10)
    expect((await login({ face: FACES[0] as Face })).status).toBe(403)
  })

  test('T102 whatever headers say where a request comes from', async () => {
    const { harness, guess } = await start()
    const names = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip']
    await times(30, (n) => guess({ headers: { [names[n % names.length] as string]: `203.0.113.${n}` } }))
    expect(reasonsOf(harness, 'wrong_password')).toBe(10)
  })

  test('T101 for the name of a user and the e-mail address, in any case', async () => {
    const { login, guess, harness } = await start()
    await times(12, (n) => guess({ username: ['ann', ANN, ANN.toUpperCase()][n % 3] as string }))
    expect(reasonsOf(harness, 'wrong_password')).toBe(10)
    for (const username of ['ann', ANN]) expect((await login({ username })).status).toBe(400)
    expect((await login({ username: 'bob' })).status).toBe(200)
  })

  test('T101 for spellings that nobody is found by, which are as good as unknown names', async () => {
    const { harness, login } = await start()
    const spellings = [' nobody ', 'NOBODY', 'no\u200bbody', 'ｎｏｂｏｄｙ', 'n\u00f3body']
    await times(25, (n) => login({ username: spellings[n % spellings.length] as string }))
    expect(reasonsOf(harness, 'unknown_user')).toBe(10)
    for (const username of [' ann ', 'ANN', 'a\u200bnn', 'ａｎｎ']) {
      expect((await login({ username })).status).toBe(400)
    }
    expect((await login()).status).toBe(200)
  })

  test('T103 for 200 addresses of one IPv6 network, and for an IPv4 address in four spellings', async () => {
    const { harness, guess } = await start()
    await times(200, (n) => guess({ source: `2001:db8:1:2:${n.toString(16)}::${n.toString(16)}` }))
    expect(reasonsOf(harness, 'wrong_password')).toBe(10)
    const spellings = ['192.0.2.7', '::ffff:192.0.2.7', '::FFFF:c000:207', '0:0:0:0:0:ffff:192.0.2.7']
    await times(20, (n) => guess({ source: spellings[n % spellings.length] as string }))
    expect(reasonsOf(harness, 'wrong_password')).toBe(20)
  })
})

describe('T117 one password tried on many users', () => {
  test('ends after a hundred failures from one address, also for users who were not tried', async () => {
    const { harness, guess, login } = await start()
    await times(150, (n) => guess({ username: `user${n}` }))
    expect(reasonsOf(harness, 'unknown_user')).toBe(100)
    for (const username of ['ann', 'bob']) expect((await login({ username })).status).toBe(400)
    expect((await login({ source: '192.0.2.9' })).status).toBe(200)
    harness.advance(864)
    expect(await times(9, async () => (await login()).status)).toEqual(Array(9).fill(200))
  })

  test('goes on from a trusted source, where each user has a limit of its own', async () => {
    const { harness, guess, login } = await start({ isTrusted: (source) => source === '192.0.2.1' })
    await times(300, (n) => guess({ username: `user${n}` }))
    await times(12, () => guess())
    expect([reasonsOf(harness, 'unknown_user'), reasonsOf(harness, 'wrong_password')]).toEqual([300, 10])
    expect([(await login()).status, (await login({ username: 'bob' })).status]).toEqual([400, 200])
  })

  test('ends for one user only where nobody knows where requests come from', async () => {
    const { guess, login } = await start({ loginFailures: { perUser: 2, perSource: 4 } })
    await times(6, (n) => guess({ username: `user${n}`, source: null }))
    await times(3, () => guess({ source: null }))
    expect([(await login({ source: null })).status, (await login()).status]).toEqual([400, 200])
  })
})

describe('right logins', () => {
  test('are never counted, however many come at once or one after the other: T027', async () => {
    const { login, guess, harness } = await start()
    await times(9, () => guess())
    const atOnce = await Promise.all(Array.from({ length: 50 }, () => login()))
    const others = await times(300, () => login())
    expect(new Set([...atOnce, ...others].map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(atOnce.map((answer) => answer.json().access_token)).size).toBe(50)
    await guess()
    expect([(await login()).status, reasonsOf(harness, 'wrong_password')]).toEqual([400, 10])
  })

  test('that ask for a scope they may not have are not counted either', async () => {
    const { harness, login } = await start()
    const form = { grant_type: 'password', username: 'ann', password: PASSWORD, scope: 'admin' }
    await times(15, () => harness.post('/spree_oauth/token', form))
    expect(harness.entries.at(-1)?.reason).toBe('scope_not_allowed')
    expect((await login()).status).toBe(200)
  })

  test('T028 T100 of many guesses at once no more than ten learn anything', async () => {
    const { harness, login, guess } = await start()
    const guesses = Array.from({ length: 200 }, (_, n) => (n === 150 ? login() : guess()))
    const answers = await Promise.all(guesses)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]))
    expect(reasonsOf(harness, 'wrong_password')).toBe(10)
    expect(reasonsOf(harness, 'login_blocked')).toBe(190)
  })
})

test('without limits nobody is blocked', async () => {
  const { login, guess } = await start({ loginFailures: {} })
  await times(150, () => guess())
  expect((await login()).status).toBe(200)
})
