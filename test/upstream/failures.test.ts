/** What the old server fails to answer: nobody is told that a password was wrong. */
import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/index.ts'
import { TENANT } from '../harness.ts'
import { readSeries } from '../log/series.ts'
import {
  addAnn,
  listen,
  login,
  noteOf,
  PASSWORD,
  REFUSED,
  reasonOf,
  refresh,
  reply,
  spreeLogin,
  startNew,
  startOld,
} from './old-server.ts'

const TOKENS = { access_token: 'e30.e30.c2ln', token_type: 'Bearer', expires_in: 86_400 }

describe('no answer is', () => {
  test.each([
    ['an error of the server', 500, { message: 'Internal Error', request_id: 'x' }],
    ['a proxy that has nobody behind it', 502, '<html>Bad Gateway</html>'],
    ['too many requests', 429, { message: 'Too Many Requests', request_id: 'x' }],
    ['another address', 301, '', { location: 'https://elsewhere.example/v0/token' }],
    ['another address that keeps the method', 307, '', { location: '/v0/refresh_token' }],
    ['a path it does not know', 404, { message: 'Not Found', request_id: 'x' }],
    ['the end of the surface', 410, { message: 'Gone', request_id: 'x' }],
    ['a firewall that refuses', 403, '<html>Request blocked</html>'],
    ['a gateway that refuses', 403, { message: 'Forbidden' }],
    ['another status', 201, TOKENS],
    ['no JSON', 200, '{"access_token":'],
    ['no object', 200, [TOKENS]],
    ['nothing', 200, ''],
    ['no token', 200, { ...TOKENS, access_token: '' }],
    ['a life that is no number', 200, { ...TOKENS, expires_in: '86400' }],
    ['no type', 200, { ...TOKENS, token_type: null }],
    ['no UTF-8', 200, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['too much', 200, { ...TOKENS, more: 'x'.repeat(65_536) }],
  ])('%s', async (_, status, body, headers?: object) => {
    const old = await listen((request, response) => {
      if (request.url !== '/v0/token') throw new Error('nobody else is to be asked')
      const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body)
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(bytes)
    })
    const here = startNew(old.url)
    const response = await login(here)
    expect([response.status, reasonOf(here), noteOf(here)]).toEqual([503, 'upstream_failed', null])
    expect(response.header('retry-after')).toBe('5')
    expect(response.json()).toEqual({
      ...{ status: 503, message: 'Service Unavailable', request_id: here.entries.at(-1)?.requestId },
    })
    expect(old.asked).toEqual(['POST /v0/token'])
    expect((await here.store.listUsers('dodici', null, 10)).rows).toEqual([])
  })

  test('what never ends, nor is it read for ever', async () => {
    const old = await listen((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const write = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
      }
      response.on('drain', write)
      write()
    })
    const here = startNew(old.url)
    expect((await login(here)).status).toBe(503)
  })

  const BROKEN: Readonly<Record<string, RequestListener>> = {
    'a connection that is closed': (request) => request.socket.destroy(),
    'what is no HTTP': (request) => request.socket.end('hello\r\n\r\n'),
    'half an answer': (_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"access_token"')
      setImmediate(() => response.destroy())
    },
  }
  test.each(Object.entries(BROKEN))('%s', async (_, handler) => {
    const old = await listen(handler)
    const here = startNew(old.url)
    expect((await login(here)).status).toBe(503)
    expect(String(here.entries.at(-1)?.cause)).toMatch(/^Error: upstream could not be asked: \w+$/)
  })

  test('a port that nobody listens on', async () => {
    const old = await listen(() => {})
    await old.close()
    const here = startNew(old.url)
    expect((await login(here)).status).toBe(503)
    expect(String(here.entries.at(-1)?.cause)).toBe('Error: upstream could not be asked: ECONNREFUSED')
  })

  test('in the words of spree, on spree', async () => {
    const old = await listen((_, response) => reply(response, 503, {}, { 'retry-after': '17' }))
    const here = startNew(old.url, { surface: 'spree' })
    const response = await spreeLogin(here)
    expect([response.status, response.header('retry-after')]).toEqual([503, '17'])
    expect(response.json().error).toBe('temporarily_unavailable')
  })

  test.each([
    ['100000', '300'],
    ['-3', '1'],
    ['Wed, 21 Oct 2026 07:28:00 GMT', '5'],
    ['0.2', '1'],
  ])('whoever waits for Retry-After: %s waits for %s s', async (said, told) => {
    const old = await listen((_, response) => reply(response, 503, {}, { 'retry-after': said }))
    expect((await login(startNew(old.url))).header('retry-after')).toBe(told)
  })
})

/** Time that passes when it is told to. */
function handTime() {
  const state = { nowMs: 0, waiting: new Map<() => void, number>() }
  return {
    options: {
      steadyMs: () => state.nowMs,
      later(ms: number, run: () => void) {
        state.waiting.set(run, state.nowMs + ms)
        return () => void state.waiting.delete(run)
      },
    },
    waiting: () => state.waiting.size,
    pass(ms: number) {
      state.nowMs += ms
      for (const [run, atMs] of state.waiting) if (atMs <= state.nowMs) run()
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

test('a server that says nothing is given up after timeoutSeconds, and its connection with it', async () => {
  let closed = false
  const old = await listen((request) => request.socket.on('close', () => (closed = true)))
  const time = handTime()
  const here = startNew(old.url, { settings: { timeoutSeconds: 7 }, upstreamOptions: time.options })
  const answer = login(here)
  await until(() => old.asked.length === 1)
  time.pass(6999)
  expect(time.waiting()).toBe(1)
  time.pass(1)
  expect((await answer).status).toBe(503)
  expect(reasonOf(here)).toBe('upstream_timeout')
  expect(String(here.entries.at(-1)?.cause)).toBe('Error: upstream did not answer within 7 s')
  await until(() => closed)
  expect(time.waiting()).toBe(0)
})

test('so is one that begins an answer and does not end it', async () => {
  const old = await listen((_, response) => void response.writeHead(200).write('{"access_'))
  const time = handTime()
  const here = startNew(old.url, { upstreamOptions: time.options })
  const answer = login(here)
  await until(() => old.asked.length === 1)
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  time.pass(5000)
  expect((await answer).status).toBe(503)
  expect(reasonOf(here)).toBe('upstream_timeout')
})

test('who has failed too often is left alone, is tried by one, and asked again when it is back', async () => {
  const old = await startOld()
  await addAnn(old)
  let isDown = true
  let held: Promise<void> | null = null
  const between = await listen((request, response) => {
    if (isDown) return reply(response, 503, {})
    void (held ?? Promise.resolve()).then(async () => {
      const chunks: Uint8Array[] = []
      for await (const chunk of request) chunks.push(chunk)
      const { status, body } = await old.harness.send({
        path: request.url ?? '',
        headers: { 'content-type': request.headers['content-type'] ?? '' },
        body: Buffer.concat(chunks).toString(),
      })
      reply(response, status, body)
    })
  })
  const time = handTime()
  const metrics = createMetrics()
  const here = startNew(between.url, {
    settings: { failures: 3, pauseSeconds: 20 },
    upstreamOptions: { ...time.options, observer: metrics.upstream },
  })
  for (let count = 0; count < 3; count++) await login(here)
  expect(between.asked).toHaveLength(3)
  expect(here.states()).toEqual([{ surface: 'newstore', isOpen: true }])
  time.pass(500)
  const refused = await login(here)
  expect([refused.status, refused.header('retry-after'), reasonOf(here)]).toEqual([
    503,
    '20',
    'upstream_open',
  ])
  expect(between.asked).toHaveLength(3)

  isDown = false
  const { promise, resolve } = Promise.withResolvers<void>()
  held = promise
  time.pass(19_500)
  const trial = login(here)
  await until(() => between.asked.length === 4)
  expect([(await login(here)).status, reasonOf(here)]).toEqual([503, 'upstream_open'])
  resolve()
  expect((await trial).status).toBe(200)
  expect(here.states()).toEqual([{ surface: 'newstore', isOpen: false }])
  expect((await login(here, 'somebody else')).status).toBe(403)

  const counted = readSeries(await metrics.text()).filter(
    ({ name }) => name === 'mintkeeper_upstream_requests_total',
  )
  expect(counted.map(({ labels, value }) => [labels.question, labels.result, value])).toEqual([
    ['password', 'answered', 1],
    ['password', 'refused', 1],
    ['password', 'failed', 3],
    ['password', 'open', 2],
  ])
})

test('a refusal is an answer: it opens nothing', async () => {
  const old = await listen((_, response) => reply(response, 403, REFUSED))
  const here = startNew(old.url, { settings: { failures: 2 } })
  for (let count = 0; count < 5; count++) expect((await login(here, `user-${count}`)).status).toBe(403)
  expect(old.asked).toHaveLength(5)
})

test('no more are under way than the settings say; as many wait, and the rest is refused', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const old = await listen((_, response) => void promise.then(() => reply(response, 403, REFUSED)))
  const here = startNew(old.url, { settings: { concurrency: 2 } })
  const ask = (number: number) =>
    here.send({
      path: '/v0/refresh_token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `grant_type=refresh_token&refresh_token=unknown-${number}`,
      source: `192.0.2.${number}`,
    })
  const answers = Array.from({ length: 10 }, (_, number) => ask(number))
  await until(() => here.entries.length === 6)
  expect(here.entries.map(({ reason }) => reason)).toEqual(Array(6).fill('upstream_busy'))
  await until(() => old.asked.length === 2)
  resolve()
  expect((await Promise.all(answers)).map(({ status }) => status).sort()).toEqual([
    ...Array(4).fill(403),
    ...Array(6).fill(503),
  ])
  expect(old.asked).toHaveLength(4)
})

test('two that are each other’s old server do not ask for ever', async () => {
  const beyond = await listen(() => {})
  const tenant = {
    ...TENANT,
    hosts: ['127.0.0.1'],
    surfaces: { newstore: { upstream: { url: beyond.url } } },
  }
  const old = await startOld({ tenants: [tenant], upstream: startNew(beyond.url).upstreams })
  expect((await login(startNew(old.url))).status).toBe(403)
  expect([old.asked.length, beyond.asked.length]).toEqual([1, 0])
})

test('what is under way when the server stops is answered, and nobody is asked any more', async () => {
  const old = await listen(() => {})
  const here = startNew(old.url)
  const answer = login(here)
  await until(() => old.asked.length === 1)
  here.upstreams.close()
  expect((await answer).status).toBe(503)
  expect(String(here.entries.at(-1)?.cause)).toBe('Error: the server stops')
  expect((await refresh(here, 'x'.repeat(45))).status).toBe(503)
  expect(old.asked).toHaveLength(1)
})

test('what was learned needs no old server, whatever becomes of it', async () => {
  const old = await startOld()
  await addAnn(old)
  const here = startNew(old.url, { settings: { failures: 1 } })
  expect((await login(here)).status).toBe(200)
  await old.close()
  expect((await login(here, 'nobody')).status).toBe(503)
  expect((await login(here)).status).toBe(200)
  expect((await login(here, 'ann@example.com', `${PASSWORD}!`)).status).toBe(403)
})
