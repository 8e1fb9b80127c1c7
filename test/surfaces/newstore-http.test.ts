/** The surface behind a real socket; see newstore.test.ts for everything else. */
import { createServer, request } from 'node:http'
import { connect } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { createOriginOf } from '../../src/http/edges/forwarded.ts'
import { createNodeHandler } from '../../src/http/edges/node.ts'
import { createTurn } from '../../src/http/edges/turn.ts'
import { listen } from '../listen.ts'
import { createNewstore, form, LOGIN, PASSWORD, USERNAME } from './newstore-exchange.ts'

const { harness } = createNewstore({ other: {} })

let port: number

beforeAll(async () => {
  await harness.user({ username: USERNAME, password: PASSWORD })
  const handle = createNodeHandler(harness.app, createOriginOf([]), createTurn())
  const listening = await listen(createServer((incoming, outgoing) => void handle(incoming, outgoing)))
  port = listening.port
  return listening.close
})

interface Answer {
  readonly status: number | undefined
  readonly body: string
  readonly continued: boolean
}

function post(headers: Readonly<Record<string, string>>, chunks: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path: '/v0/token', method: 'POST', headers })
    let continued = false
    const send = () => {
      for (const chunk of chunks) sent.write(chunk)
      sent.end()
    }
    sent.on('continue', () => {
      continued = true
      send()
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode, body, continued }))
    })
    if (headers.expect === undefined) send()
    else sent.flushHeaders()
  })
}

const HOST = { host: 'dodici.x.newstore.net' }
const TYPE = { 'content-type': 'application/x-www-form-urlencoded' }

test('R005 the tenant is that of the Host header, not of the address', async () => {
  expect((await post({ ...HOST, ...TYPE }, [form(LOGIN)])).status).toBe(200)
  expect((await post({ host: 'other.x.newstore.net', ...TYPE }, [form(LOGIN)])).status).toBe(403)
  expect((await post({ ...TYPE }, [form(LOGIN)])).status).toBe(404)
})

test('R006 X-Forwarded-Host of a stranger counts for nothing', async () => {
  const headers = { host: 'other.x.newstore.net', 'x-forwarded-host': 'dodici.x.newstore.net', ...TYPE }
  expect((await post(headers, [form(LOGIN)])).status).toBe(403)
})

test('R031 a chunked body is read, whatever the chunks', async () => {
  const body = form(LOGIN)
  const headers = { ...HOST, ...TYPE, 'transfer-encoding': 'chunked' }
  expect((await post(headers, [...body])).status).toBe(200)
  expect((await post(headers, [body, '&x=%C3', '%BC'])).status).toBe(200)
})

test('R031 Expect: 100-continue is answered', async () => {
  const body = form(LOGIN)
  const headers = { ...HOST, ...TYPE, expect: '100-continue', 'content-length': String(body.length) }
  expect(await post(headers, [body])).toMatchObject({ status: 200, continued: true })
})

test('R030 a chunked body that never ends is 413', async () => {
  const chunks = Array.from({ length: 40 }, () => 'x'.repeat(4096))
  const answer = await post({ ...HOST, ...TYPE, 'transfer-encoding': 'chunked' }, chunks)
  expect([answer.status, JSON.parse(answer.body).message]).toEqual([413, 'Content Too Large'])
})

test('R010 T140 the absolute form of a target is read, and its host counts (RFC 9112 §3.2.2)', async () => {
  const body = form(LOGIN)
  const head = (target: string, host: string) =>
    `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
  const [ours, evil] = ['dodici.x.newstore.net', 'evil.example']
  for (const host of [ours, evil]) {
    expect(await raw(head(`http://${ours}/v0/token`, host))).toMatch(/^HTTP\/1.1 200 /)
    expect(await raw(head(`http://${evil}/v0/token`, host))).toMatch(/^HTTP\/1.1 404 /)
    expect(await raw(head(`http://${ours}?x=/v0/token`, host))).toMatch(/^HTTP\/1.1 404 /)
  }
})

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (part) => {
      answer += part
    })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}
