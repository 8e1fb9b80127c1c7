import autocannon from 'autocannon'
import type { Scenario } from './scenarios.ts'

export interface Load {
  readonly requests: number
  /** Answers other than 200. */
  readonly refused: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

const FORM = 'application/x-www-form-urlencoded'

/** Sends one scenario's request over `connections` kept-alive connections for `seconds`, one at a time on each. */
export async function load(
  port: number,
  scenario: Scenario,
  connections: number,
  seconds: number,
): Promise<Load> {
  const { method, path, host, carry } = scenario
  // What requests carry; those under way have taken theirs out, so that no two carry the same.
  const carried = scenario.first === undefined ? [] : await firstAnswers(port, scenario, connections)
  let refused = 0
  const result = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections,
    duration: seconds,
    requests: [
      {
        method,
        path,
        headers: { host, ...(method === 'POST' && { 'content-type': FORM }), ...scenario.headers },
        body: scenario.body,
        ...(scenario.first !== undefined && {
          setupRequest: (request) => {
            const value = (carry === undefined ? carried[0] : carried.pop()) ?? ''
            const headers = Object.entries(request.headers ?? {}).map(([name, text]) => [
              name,
              filled(text, value),
            ])
            return { ...request, headers: Object.fromEntries(headers), body: filled(scenario.body, value) }
          },
        }),
        onResponse: (status, body) => {
          if (status !== 200) refused++
          else if (carry !== undefined) carried.push(JSON.parse(body)[carry])
        },
      },
    ],
  })
  const { requests, duration, latency, errors } = result
  return {
    requests: requests.total,
    refused: refused + errors,
    seconds: duration,
    p50: latency.p50,
    p99: latency.p99,
  }
}

function filled(text: string | string[] | undefined, value: string): string {
  return String(text ?? '').replace('{}', value)
}

async function firstAnswers(port: number, { first, take, host }: Scenario, count: number): Promise<string[]> {
  const result: string[] = []
  await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: 2,
    amount: count,
    requests: [
      {
        method: 'POST',
        path: first?.path ?? '/',
        headers: { host, 'content-type': FORM },
        body: first?.body ?? '',
        onResponse: (status, body) => {
          if (status !== 200) throw new Error(`the first request was answered ${status}: ${body}`)
          result.push(JSON.parse(body)[take ?? ''])
        },
      },
    ],
  })
  return result
}
