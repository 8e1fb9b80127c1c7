import autocannon from 'autocannon'
import type { Load, LoadOutcome, LoadTool } from './load.ts'

/** autocannon, in this process. Its latencies are whole milliseconds. */
export function createAutocannon(): LoadTool {
  return { name: 'autocannon', run }
}

async function run(port: number, load: Load): Promise<LoadOutcome> {
  const { method, path, headers, body } = load
  const values = [...(load.values ?? [])]
  let next = 0
  const collected: string[] = []
  const member = load.collect ?? load.carry
  const wanted = load.collect === null ? values : collected
  let lacking = false
  const result = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: load.connections,
    duration: load.seconds,
    timeout: 60,
    requests: [
      {
        method,
        path,
        headers,
        body,
        ...(load.values !== null && {
          setupRequest: (request) => {
            const value = values[next++]
            lacking ||= value === undefined
            const entries = Object.entries(headers).map(([name, text]) => [
              name,
              text.replace('{}', `${value}`),
            ])
            return { ...request, headers: Object.fromEntries(entries), body: body.replace('{}', `${value}`) }
          },
        }),
        ...(member !== null && {
          onResponse: (status, text) => {
            if (status === 200) wanted.push(JSON.parse(text)[member])
          },
        }),
      },
    ],
  })
  if (lacking) throw new Error('no values are left')
  return {
    requests: result.requests.total,
    refused: result.non2xx + result.errors,
    seconds: result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    p999: result.latency.p99_9,
    collected,
  }
}
