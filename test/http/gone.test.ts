/** Clients that go away before the end of the turn in which their requests have come, and what is told of those. */
import { createServer } from 'node:http'
import {
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  createServer as createHttp2Server,
  type ServerHttp2Stream,
} from 'node:http2'
import { connect } from 'node:net'
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { createOriginOf } from '../../src/http/edges/forwarded.ts'
import { createNodeHandler, type NodeHandler } from '../../src/http/edges/node.ts'
import { createTurn } from '../../src/http/edges/turn.ts'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import { createLog } from '../../src/log/log.ts'
import type { HttpRequest } from '../../src/protocol/http.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { createHarness, TENANT } from '../harness.ts'
import { listen } from '../listen.ts'
import { request } from './wire.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const GRANT = 'grant_type=client_credentials&client_id=shop&client_secret=the-secret-of-the-shop'
const ABORTED = { level: 'info', outcome: 'invalid_request', reason: 'request_aborted', source: '127.0.0.1' }

const tenants = [{ ...TENANT, hosts: ['main.example'] }]
const harness = createHarness({ tenants })
const directory = createTenantDirectory(tenants, SURFACES, { defaultTenant: null, baseDomains: [] })
let lines: Readonly<Record<string, unknown>>[] = []
/** What the edge has shown of each request. */
let views: HttpRequest[] = []
let handler: NodeHandler

beforeAll(async () => {
  await harness.client({ id: 'shop', secret: 'the-secret-of-the-shop' })
  const log = createLog('trace', { write: (line) => void lines.push(JSON.parse(line)) })
  const app = createApp({ services: harness.services, directory: () => directory, log })
  const watched: typeof app = {
    ...app,
    handle(view, ...rest) {
      views.push(view)
      return app.handle(view, ...rest)
    },
  }
  handler = createNodeHandler(watched, createOriginOf([]), createTurn())
})
beforeEach(() => {
  lines = []
  views = []
})

/** Turns of the event loop until it holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

/** Resolves when the request is answered, with what is told of it. */
async function overHttp1(afterwards: (socket: { destroy(): unknown }) => void) {
  let answered: Promise<void> | null = null
  const { port, close } = await listen(
    createServer((incoming, outgoing) => {
      answered = handler(incoming, outgoing)
      afterwards(incoming.socket)
    }),
  )
  onTestFinished(close)
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write(request('POST /oauth/token', FORM, GRANT))
  await until(() => answered !== null)
  await answered
  socket.destroy()
  return lines
}

/** The same; `client` has the stream when the server has it. */
async function overHttp2(
  body: string,
  afterwards: (stream: ServerHttp2Stream) => void,
  client: (stream: ClientHttp2Stream) => Promise<void> = async () => {},
) {
  let answered: Promise<void> | null = null
  const { origin, close } = await listen(
    createHttp2Server((incoming, outgoing) => {
      // The two modules' requests are alike, but not to the compiler.
      answered = handler(incoming as never, outgoing as never)
      afterwards(incoming.stream)
    }),
  )
  onTestFinished(close)
  const session = connectHttp2(origin).on('error', () => {})
  const stream = session.request({
    ...{ ':method': 'POST', ':path': '/oauth/token', ':authority': 'main.example' },
    ...{ ...FORM, 'content-length': GRANT.length },
  })
  stream.on('error', () => {})
  if (body === GRANT) stream.end(body)
  else stream.write(body)
  await until(() => answered !== null)
  await client(stream)
  await answered
  session.destroy()
  return lines
}

test('HTTP/1.1: who has asked is known', async () => {
  expect(await overHttp1((socket) => socket.destroy())).toMatchObject([{ source: '127.0.0.1' }])
})

describe('HTTP/2', () => {
  test.each<[string, (stream: ServerHttp2Stream) => void]>([
    ['the request alone', (stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ['the connection', (stream) => stream.session?.destroy()],
  ])('%s: who has asked is known, and no host is blamed for the body', async (_, cut) => {
    expect(await overHttp2(GRANT, cut)).toMatchObject([ABORTED])
    expect(views.map(({ isGone }) => isGone?.())).toEqual([true])
  })

  test('half of a body is not taken for the whole', async () => {
    const cancel = async (stream: ClientHttp2Stream) => {
      await until(() => views.length > 0)
      stream.close(constants.NGHTTP2_CANCEL)
    }
    expect(await overHttp2(GRANT.slice(0, -5), () => {}, cancel)).toMatchObject([ABORTED])
  })

  test('who waits for the answer is not gone', async () => {
    expect(await overHttp2(GRANT, () => {})).toMatchObject([{ outcome: 'ok' }])
    expect(views.map(({ isGone }) => isGone?.())).toEqual([false])
  })
})

test('a request takes from its head on, not from when the turn begins it', async () => {
  const lasts = 20
  const [line] = await overHttp1(() => {
    const from = performance.now()
    while (performance.now() - from < lasts);
  })
  expect(line?.outcome).toBe('ok')
  expect(line?.durationMs).toBeGreaterThanOrEqual(lasts)
})
