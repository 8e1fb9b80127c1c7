import { Agent, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Scenario } from './scenarios.ts'

export interface Load {
  readonly requests: number
  /** Answers other than 200. */
  readonly refused: number
  readonly seconds: number
  /** Milliseconds, ascending. */
  readonly latencies: Float64Array
}

/**
 * Sends one scenario's request over `connections` kept-alive connections for `seconds`, one request at a time each.
 * Works on raw sockets and reads no more of an answer than it must: load and server share two cores, and what the load
 * costs the server can not use.
 */
export async function load(
  port: number,
  scenario: Scenario,
  connections: number,
  seconds: number,
): Promise<Load> {
  const carried = scenario.first === undefined ? [] : await firstAnswers(port, scenario, connections)
  const latencies: number[] = []
  let refused = 0
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  await Promise.all(
    Array.from({ length: connections }, (_, index) =>
      drive(port, scenario, carried[index] ?? '', endsAt, (ok, milliseconds) => {
        if (!ok) refused++
        latencies.push(milliseconds)
      }),
    ),
  )
  return {
    requests: latencies.length,
    refused,
    seconds: (performance.now() - startedAt) / 1000,
    latencies: Float64Array.from(latencies).sort(),
  }
}

async function firstAnswers(
  port: number,
  { first, take, host }: Scenario,
  connections: number,
): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 })
  const post = () =>
    new Promise<string>((resolve, reject) => {
      const headers = { host, 'content-type': 'application/x-www-form-urlencoded' }
      const sent = httpRequest(
        { port, host: '127.0.0.1', path: first?.path, method: 'POST', headers, agent },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (chunk: string) => {
            text += chunk
          })
          answer.on('end', () => {
            const value: unknown = JSON.parse(text)[take ?? '']
            if (typeof value === 'string') resolve(value)
            else reject(new Error(`the first request was answered ${answer.statusCode}: ${text}`))
          })
        },
      )
      sent.on('error', reject)
      sent.end(first?.body)
    })
  const answers = await Promise.all(Array.from({ length: connections }, post))
  agent.destroy()
  return answers
}

function drive(
  port: number,
  scenario: Scenario,
  start: string,
  endsAt: number,
  report: (ok: boolean, milliseconds: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    const carry = scenario.carry === undefined ? null : `"${scenario.carry}":"`
    let bytes = requestText(scenario, start)
    let answer = ''
    let sentAt = 0
    const send = () => {
      sentAt = performance.now()
      socket.write(bytes)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (chunk: string) => {
      answer += chunk
      if (!isComplete(answer)) return
      const now = performance.now()
      report(answer.startsWith('HTTP/1.1 200'), now - sentAt)
      if (carry !== null) {
        const from = answer.indexOf(carry) + carry.length
        bytes = requestText(scenario, answer.slice(from, answer.indexOf('"', from)))
      }
      answer = ''
      if (now < endsAt) send()
      else socket.end(() => resolve())
    })
  })
}

function isComplete(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n')
  if (head === -1) return false
  const length = /content-length: (\d+)/i.exec(answer.slice(0, head))
  return answer.length >= head + 4 + Number(length?.[1] ?? 0)
}

function requestText({ method, path, host, headers, body }: Scenario, carried: string): string {
  const text = body.replace('{}', carried)
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`]
  for (const [name, value] of Object.entries(headers ?? {}))
    lines.push(`${name}: ${value.replace('{}', carried)}`)
  if (method === 'POST') {
    lines.push(
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${Buffer.byteLength(text)}`,
    )
  }
  return `${lines.join('\r\n')}\r\n\r\n${method === 'POST' ? text : ''}`
}
