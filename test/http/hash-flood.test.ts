/** T110, T111: a flood of logins over HTTP, with real hashes. The first of a flood is held until the test lets it go. */
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import * as argon2 from '@node-rs/argon2'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createPasswords } from '../../src/crypto/password.ts'
import { createMetrics, createMintkeeper, type Mintkeeper, type RequestEntry } from '../../src/index.ts'
import { SILENT_LOG } from '../../src/log/log.ts'
import { type Listening, listen } from '../listen.ts'
import { readSeries, valueIn } from '../log/series.ts'

// The real library; one call of it can be held.
vi.mock('@node-rs/argon2', { spy: true })

const QUEUE = 8
const BCRYPT = '$2a$05$lpvm7aqqBD4OB5DzsAw.uuWWwsCaE9VxJ2TPJKNkbmlm.uMd2U/Ce'
const SECRET = 'strong-secret-0123456789abcdefghijklmnop'
const CLIENT = { client_id: 'strong', client_secret: SECRET }
const LOGIN = { grant_type: 'password', username: 'ann', password: 'right' }

let mintkeeper: Mintkeeper
let server: Server
let listening: Listening
let metrics = createMetrics()
const entries: RequestEntry[] = []

beforeEach(async () => {
  metrics = createMetrics()
  entries.length = 0
  const client = {
    grants: ['client_credentials', 'refresh_token', 'password'],
    accessToken: 'opaque',
  } as const
  mintkeeper = await createMintkeeper(
    {
      database: 'memory:',
      masterKey: Buffer.alloc(32, 7).toString('base64'),
      server: { trustedProxies: ['127.0.0.1'] },
      passwordHashConcurrency: 1,
      passwordHashQueue: QUEUE,
      defaultTenant: 'shop',
      tenants: [
        {
          id: 'shop',
          hosts: ['shop.example'],
          issuer: 'https://shop.example/',
          signingAlgorithm: 'RS256',
          surfaces: { newstore: {}, spree: {}, standard: { passwordGrant: true }, realm: {} },
          users: [{ username: 'ann', password: 'right', roles: ['newstore_admin'] }],
          clients: [
            { ...client, id: 'strong', secret: SECRET },
            { ...client, id: 'imported', secret: SECRET },
          ],
        },
      ],
    },
    { metrics, log: { ...SILENT_LOG, request: (entry) => entries.push(entry) } },
  )
  // No configuration can say this: it comes from another system's data.
  const imported = await mintkeeper.services.store.findClient('shop', 'imported')
  const [secret] = imported?.secrets ?? []
  if (imported === null || secret === undefined) throw new Error('no imported client')
  await mintkeeper.services.store.updateClient({ ...imported, secrets: [{ ...secret, hash: BCRYPT }] })
  server = createServer(mintkeeper.node)
  listening = await listen(server)
})

afterEach(async () => {
  vi.restoreAllMocks()
  await listening.close()
  await mintkeeper.close()
})

interface Answer {
  readonly status: number
  readonly retryAfter: string | null
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
  readonly json: any
}

async function post(path: string, form: Record<string, string>, source = '192.0.2.1'): Promise<Answer> {
  const response = await fetch(listening.origin + path, {
    method: 'POST',
    headers: { 'x-forwarded-for': source },
    body: new URLSearchParams(form),
  })
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    json: await response.json(),
  }
}

const login = (source: string, changes: Record<string, string> = {}) =>
  post('/spree_oauth/token', { ...LOGIN, ...changes }, source)

/** Holds the next comparison, which is the real one, until it is let go. */
async function hold(): Promise<() => void> {
  const { verify } = await vi.importActual<typeof argon2>('@node-rs/argon2')
  const { promise, resolve } = Promise.withResolvers<void>()
  vi.mocked(argon2.verify).mockImplementationOnce(async (hash, password) => {
    await promise
    return await verify(hash, password)
  })
  return resolve
}

/** The answers to many logins at once, of which one is being hashed; resolves as soon as so many were refused. */
async function flood(source: string, count: number, refused: number) {
  const answers = Array.from({ length: count }, () => login(source))
  const enough = Promise.withResolvers<void>()
  let left = refused
  for (const answer of answers)
    void answer.then(({ status }) => status === 503 && --left === 0 && enough.resolve())
  if (refused > 0) await enough.promise
  return answers
}

async function count(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  return valueIn(readSeries(await metrics.text()), `mintkeeper_hash_queue_${name}`, labels)
}

/** Waits for what is under way between two sockets of this process. */
async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setImmediate(resolve))
}

/** Gives Ann another password, by its hash. */
async function havePassword(passwordHash: string): Promise<void> {
  const { store } = mintkeeper.services
  const ann = await store.findUserByLogin('shop', 'ann')
  if (ann !== null) await store.updateUser({ ...ann, passwordHash })
}

const waiting = () => mintkeeper.services.passwords.statistics().waiting

describe('T110: a flood of logins', () => {
  test('has a share of the queue, and is refused beyond it at once; others are served', async () => {
    const letGo = await hold()
    // One is hashed, half of the queue waits.
    const answers = await flood('192.0.2.1', 50, 45)
    expect(waiting()).toBe(QUEUE / 2)
    const honest = [login('192.0.2.2'), login('192.0.2.3', { password: 'wrong' })]
    await until(() => waiting() === QUEUE / 2 + 2)
    letGo()
    expect((await Promise.all(honest)).map(({ status }) => status)).toEqual([200, 400])
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(5)
    expect(await count('refusals_total', { bound: 'source' })).toBe(45)
    expect(await count('refusals_total', { bound: 'queue' })).toBe(0)
    expect(await count('length')).toBe(0)
    // Served in turns, not after all of the flood.
    const served = entries.filter(({ status }) => status !== 503).map(({ source }) => source)
    expect(served.indexOf('192.0.2.2')).toBeLessThan(4)
    expect(entries.filter(({ reason }) => reason === 'hash_queue_share')).toHaveLength(45)
    expect((await login('192.0.2.1')).status).toBe(200)
  })

  test('from all addresses of an IPv6 network has one share, and so has an address in all its spellings', async () => {
    const letGo = await hold()
    const network = Array.from({ length: 20 }, (_, at) => login(`2001:db8:1:2::${at.toString(16)}`))
    await until(() => entries.length === 15)
    const mapped = ['192.0.2.9', '::ffff:192.0.2.9', '::FFFF:c000:209', '0:0::ffff:c000:0209'].map((source) =>
      login(source),
    )
    await until(() => entries.length === 17)
    expect(waiting()).toBe(6)
    letGo()
    const statuses = (await Promise.all([...network, ...mapped])).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(7)
  })

  test('from many sources fills the queue and no more', async () => {
    const letGo = await hold()
    const answers = Array.from({ length: 40 }, (_, at) => login(`192.0.2.${at}`))
    await until(() => entries.length === 40 - QUEUE - 1)
    expect(waiting()).toBe(QUEUE)
    letGo()
    await Promise.all(answers)
    expect(await count('refusals_total', { bound: 'queue' })).toBe(31)
    expect(new Set(entries.filter(({ status }) => status === 503).map(({ reason }) => reason))).toEqual(
      new Set(['hash_queue_full']),
    )
  })

  test('leaves alone whatever needs no password', async () => {
    const standard = '/oauth/token'
    const first = await post(standard, { ...LOGIN, ...CLIENT }, '192.0.2.2')
    const letGo = await hold()
    const answers = await flood('192.0.2.1', 50, 45)
    // The same source as the flood's: only passwords have shares.
    const refreshed = await post(standard, {
      grant_type: 'refresh_token',
      refresh_token: first.json.refresh_token,
      ...CLIENT,
    })
    const own = await post(standard, { grant_type: 'client_credentials', ...CLIENT })
    const active = await post('/oauth/introspect', { token: own.json.access_token, ...CLIENT })
    const keys = await fetch(`${listening.origin}/.well-known/jwks.json`)
    expect([refreshed.status, own.status, active.json.active, keys.status]).toEqual([200, 200, true, 200])
    expect(waiting()).toBe(QUEUE / 2)
    letGo()
    await Promise.all(answers)
  })

  test.each([
    ['/v0/token', {}, { status: 503, message: 'Service Unavailable', request_id: expect.any(String) }],
    ['/spree_oauth/token', {}, { error: 'temporarily_unavailable', error_description: expect.any(String) }],
    ['/oauth/token', CLIENT, { error: 'temporarily_unavailable', error_description: expect.any(String) }],
    [
      '/auth/realms/shop/protocol/openid-connect/token',
      { grant_type: 'client_credentials', client_id: 'imported', client_secret: 'wrong' },
      { error: 'temporarily_unavailable', error_description: expect.any(String) },
    ],
  ])('is refused at %s in its shape', async (path, form, body) => {
    const letGo = await hold()
    const answers = await flood('192.0.2.1', 5, 0)
    await until(() => waiting() === QUEUE / 2)
    expect(await post(path, { ...LOGIN, ...form })).toEqual({ status: 503, retryAfter: '1', json: body })
    letGo()
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200)
  })

  test('T115: a better hash in the place of a weak one is of the share of whoever logs in', async () => {
    const cheap = { memoryCost: 64, timeCost: 1, parallelism: 1 }
    await havePassword(await createPasswords({ argon2: cheap }).hash('right'))
    const hash = vi.spyOn(mintkeeper.services.passwords, 'hash')
    expect((await login('2001:db8::7')).status).toBe(200)
    expect(hash.mock.calls.map(([password, requester]) => [password, requester?.source()])).toEqual([
      ['right', '2001:db8:0:0::/64'],
    ])
  })

  test('is not hashed for those who have gone, and nobody waits for them', async () => {
    const letGo = await hold()
    const held = login('192.0.2.2')
    await until(() => vi.mocked(argon2.verify).mock.calls.length > 0)
    let closed = 0
    server.on('connection', (socket) => socket.on('close', () => closed++))
    const body = new URLSearchParams(LOGIN).toString()
    const head = [
      'POST /spree_oauth/token HTTP/1.1',
      'Host: shop.example',
      'X-Forwarded-For: 192.0.2.1',
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
    ]
    const sockets = Array.from({ length: 4 }, () => connect(listening.port, '127.0.0.1'))
    for (const socket of sockets) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
    await until(() => waiting() === 4)
    for (const socket of sockets) socket.destroy()
    await until(() => closed === 4)
    const hashed = (await count('wait_seconds_count')) ?? 0
    letGo()
    expect((await held).status).toBe(200)
    await until(() => entries.length === 5)
    expect(entries.filter(({ reason }) => reason === 'request_aborted')).toHaveLength(4)
    expect(await count('abandoned_total')).toBe(4)
    expect(await count('wait_seconds_count')).toBe(hashed)
  })
})

describe('what is never hashed', () => {
  test.each([
    ['T111: a password of 257 bytes', { password: 'x'.repeat(257) }, 400],
    ['T111: 86 characters that are 258 bytes', { password: '✓'.repeat(86) }, 400],
    ['T110: a password of a megabyte', { password: 'x'.repeat(1_000_000) }, 413],
  ])('%s, though the queue is full', async (_, changes, status) => {
    const letGo = await hold()
    const answers = Array.from({ length: QUEUE + 1 }, (_, at) => login(`192.0.2.${at}`))
    await until(() => waiting() === QUEUE)
    const hashed = await count('wait_seconds_count')
    expect((await login('192.0.2.1', changes)).status).toBe(status)
    expect(await count('wait_seconds_count')).toBe(hashed)
    letGo()
    await Promise.all(answers)
  })

  test.each([64, 128, 256])('T111: one of %i bytes is', async (length) => {
    await havePassword(await mintkeeper.services.passwords.hash('x'.repeat(length)))
    expect((await login('192.0.2.1', { password: 'x'.repeat(length) })).status).toBe(200)
    expect((await login('192.0.2.1', { password: 'x'.repeat(length - 1) })).status).toBe(400)
  })
})
