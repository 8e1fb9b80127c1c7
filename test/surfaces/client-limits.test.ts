/** How often secrets of clients can be guessed, wherever clients authenticate: section D of the security tests. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { hashClientSecret } from '../../src/crypto/client-secret.ts'
import { createHarness, type Harness, type HarnessOptions } from '../harness.ts'
import { FACES, PASSWORD, tenantOfFaces } from './faces.ts'

/** As an operator might have chosen it. */
const CHOSEN = 'spring-2019'
const STRONG = 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc'

/** Wherever clients authenticate. */
const ENDPOINTS = [
  ...new Set(
    FACES.filter(({ client }) => client !== null).flatMap(({ tokenPath, revokePath, introspectPath }) =>
      [tokenPath, revokePath, introspectPath].filter((path) => path !== null),
    ),
  ),
]
const TOKEN = '/oauth/token'

interface Changes {
  readonly path?: string
  readonly client?: string
  readonly source?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/** A server with the limits of a new installation, and clients `slow`, `slow-too`, `fast` and `both`. */
async function start(options: HarnessOptions = {}) {
  const tenants = [tenantOfFaces()]
  const harness = createHarness({ tenants, loginFailures: { perUser: 10, perSource: 100 }, ...options })
  const slow = await harness.services.passwords.hash(CHOSEN)
  const row = (hash: string, id = hash) => ({ id, name: null, hash, createdAt: 0, expiresAt: null })
  const fast = row(hashClientSecret(STRONG))
  for (const [id, secrets] of Object.entries({
    ...{ slow: [row(slow)], 'slow-too': [row(slow)], fast: [fast], both: [row(slow), fast] },
  })) {
    await harness.client({ tenant: 'main', id, secrets })
  }
  const send = async (secret: string, { path = TOKEN, client = 'slow', source, headers }: Changes) => {
    const form = { grant_type: 'client_credentials', token: 'x', client_id: client, client_secret: secret }
    const response = await harness.send({
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(form).toString(),
      ...(source !== undefined && { source }),
    })
    return response
  }
  const ask = async (secret = CHOSEN, changes: Changes = {}) => (await send(secret, changes)).status
  const guess = (changes: Changes = {}) => send('wrong', changes)
  return { harness, send, ask, guess }
}

async function times<T>(count: number, run: (time: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let time = 0; time < count; time++) results.push(await run(time))
  return results
}

function reasonsOf({ entries }: Harness, reason: string): number {
  return entries.filter((entry) => entry.reason === reason).length
}

describe.each(ENDPOINTS)('T067 V-60 guessing at %s', (path) => {
  test('ends after ten failures: even the right secret is refused, with the very same answer', async () => {
    const { harness, send, guess } = await start()
    const headers = { 'x-request-id': '6d7c1a70-3f8f-4a54-9d7c-2f0f8f3b3b11' }
    const answers = await times(10, () => guess({ path, headers }))
    answers.push(await guess({ path, headers }), await send(CHOSEN, { path, headers }))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect([reasonsOf(harness, 'wrong_client_secret'), reasonsOf(harness, 'client_blocked')]).toEqual([10, 2])
  })

  test('goes on after a while, one for one, and from elsewhere at once', async () => {
    const { harness, ask, guess } = await start()
    await times(30, () => guess({ path }))
    expect(await ask(CHOSEN, { path, source: '192.0.2.2' })).toBe(200)
    harness.advance(89)
    expect(await ask(CHOSEN, { path })).toBe(401)
    harness.advance(1)
    expect(await times(20, () => ask(CHOSEN, { path }))).toEqual(Array(20).fill(200))
  })
})

describe('T067 one counter', () => {
  test('for all surfaces and endpoints', async () => {
    const { harness, ask, guess } = await start()
    await times(30, (n) => guess({ path: ENDPOINTS[n % ENDPOINTS.length] as string }))
    expect(reasonsOf(harness, 'wrong_client_secret')).toBe(10)
    for (const path of ENDPOINTS) expect(await ask(CHOSEN, { path })).toBe(401)
  })

  test('T028 of many guesses at once no more than ten learn anything', async () => {
    const { harness, ask, guess } = await start()
    await Promise.all(Array.from({ length: 1000 }, (_, n) => (n === 700 ? ask() : guess())))
    expect([reasonsOf(harness, 'wrong_client_secret'), reasonsOf(harness, 'client_blocked')]).toEqual([
      10, 990,
    ])
  })

  test('of all clients from one source ends it as well, unless the source is trusted', async () => {
    for (const [isTrusted, status] of [
      [false, 401],
      [true, 200],
    ] as const) {
      const { ask, guess } = await start({
        loginFailures: { perUser: 10, perSource: 5 },
        isTrusted: () => isTrusted,
      })
      await times(5, () => guess())
      expect(await ask(CHOSEN, { client: 'slow-too' })).toBe(status)
      expect(await ask(CHOSEN, { client: 'slow-too', source: '192.0.2.2' })).toBe(200)
    }
  })
})

describe('T067 nobody is shut out who', () => {
  test('has a fast secret, however many guesses come from the same address, and nothing is written for it', async () => {
    const { harness, ask, guess } = await start({ loginFailures: { perUser: 2, perSource: 3 } })
    for (const client of ['fast', 'slow', 'both']) await times(10, () => guess({ client }))
    const count = vi.spyOn(harness.store, 'addLoginFailure')
    const look = vi.spyOn(harness.store, 'readLoginFailures')
    expect([await ask(STRONG, { client: 'fast' }), await ask(STRONG, { client: 'both' })]).toEqual([200, 200])
    expect([count.mock.calls.length, look.mock.calls.length]).toEqual([0, 0])
    expect(await ask(CHOSEN, { client: 'both' })).toBe(401)
  })

  test('comes every few seconds with the right secret', async () => {
    const { ask, guess } = await start()
    await times(9, () => guess())
    expect(new Set(await times(300, () => ask()))).toEqual(new Set([200]))
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => ask())))).toEqual(new Set([200]))
  })

  test('shares the address of an integration with an old secret, or of guesses at clients there are not', async () => {
    const { harness, ask, guess } = await start({ loginFailures: { perUser: 2, perSource: 3 } })
    await ask()
    await times(50, () => guess({ client: 'fast' }))
    await times(50, (n) => guess({ client: `nobody-${n}` }))
    expect(await ask()).toBe(200)
    await harness.user({ tenant: 'main', username: 'ann', password: PASSWORD })
    const login = { grant_type: 'password', username: 'ann', password: PASSWORD }
    await times(10, (n) => guess({ client: n % 2 === 0 ? 'slow' : 'slow-too' }))
    expect(await ask(CHOSEN, { client: 'slow-too' })).toBe(401)
    expect((await harness.post('/spree_oauth/token', login)).status).toBe(200)
  })
})

describe('V-60 a wrong secret of a client that can not be guessed', () => {
  const counted = async ({ store, services }: Harness, client: string) =>
    await store.listLoginFailures({ user: services.logins.buckets.ofClient('main', client) }, 10)

  test('is counted, too, and answered without waiting for that', async () => {
    const { harness, guess } = await start()
    const look = vi.spyOn(harness.store, 'readLoginFailures')
    expect((await guess({ client: 'fast' })).status).toBe(401)
    expect([look.mock.calls.length, await counted(harness, 'fast')]).toEqual([0, []])
    await harness.services.logins.noted.write()
    expect(await counted(harness, 'fast')).toHaveLength(1)
  })

  test('is counted a second later at the latest', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { harness, guess } = await start()
    await guess({ client: 'fast' })
    await vi.advanceTimersByTimeAsync(1000)
    expect(await counted(harness, 'fast')).toHaveLength(1)
    await guess({ client: 'fast', source: '192.0.2.2' })
    await vi.advanceTimersByTimeAsync(1000)
    expect(await counted(harness, 'fast')).toHaveLength(2)
  })

  test('T118 fills neither the database nor its queue, however many come', async () => {
    const { harness, guess } = await start()
    const { noted } = harness.services.logins
    const count = vi.spyOn(harness.store, 'addLoginFailure')
    await times(1000, (n) => guess({ client: `nobody-${n}`, source: null }))
    await noted.write()
    expect(count).toHaveBeenCalledTimes(20)
    await Promise.all(Array.from({ length: 1000 }, () => guess({ client: 'fast', source: null })))
    await noted.write()
    expect(count).toHaveBeenCalledTimes(21)
    await times(20, async () => {
      await guess({ client: 'fast', source: null })
      await noted.write()
    })
    expect(count).toHaveBeenCalledTimes(30)
  })

  test('is answered although it can not be counted', async () => {
    const { harness, guess } = await start()
    harness.store.addLoginFailure = () => Promise.reject(new Error('disk full'))
    const statuses = await times(20, async () => (await guess({ client: 'fast' })).status)
    expect(new Set(statuses)).toEqual(new Set([401]))
    await harness.services.logins.noted.write()
  })
})
