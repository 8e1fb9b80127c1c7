import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { createAutocannon } from '../../bench/load/autocannon.ts'
import type { Load } from '../../bench/load/load.ts'
import { findWrk } from '../../bench/load/wrk.ts'
import { listen } from '../listen.ts'

const CONNECTIONS = 3

const LOAD: Load = {
  method: 'POST',
  path: '/token',
  headers: { Host: 'shop.example', 'X-Value': '{}' },
  body: 'value={}',
  values: null,
  carry: null,
  collect: null,
  connections: CONNECTIONS,
  seconds: 1,
}

/** A server that answers each request with a value that it has not given before; what it was asked. */
async function startCounter(status = 200) {
  const asked: string[] = []
  let given = 0
  const server = createServer(async (request, response) => {
    const { host, 'x-value': value } = request.headers
    asked.push(`${host} ${request.url} ${value} ${await text(request)}`)
    response.writeHead(status).end(JSON.stringify({ value: `given-${++given}`, other: 'other' }))
  })
  const { port, close } = await listen(server)
  onTestFinished(close)
  return { port, asked }
}

const tools = [createAutocannon(), findWrk()].filter((tool) => tool !== null)

test.concurrent.each(tools)(
  '$name carries each value that was answered into one later request',
  async (tool) => {
    const { port, asked } = await startCounter()
    const values = ['first-1', 'first-2', 'first-3', 'first-4']
    const outcome = await tool.run(port, { ...LOAD, values, carry: 'value' })
    expect(outcome.refused).toBe(0)
    expect(outcome.requests).toBeGreaterThan(10 * CONNECTIONS)
    expect(new Set(asked).size).toBe(asked.length)
    const known = new Set(values)
    for (const [index, line] of asked.entries()) {
      const [host, path, header = '', body] = line.split(' ')
      expect({ host, path, body }).toEqual({ host: 'shop.example', path: '/token', body: `value=${header}` })
      expect(known.has(header)).toBe(true)
      known.add(`given-${index + 1}`)
    }
  },
)

test.concurrent.each(tools)('$name collects what was answered', async (tool) => {
  const { port, asked } = await startCounter()
  const outcome = await tool.run(port, { ...LOAD, collect: 'value' })
  expect(new Set(asked)).toEqual(new Set(['shop.example /token {} value={}']))
  expect(outcome.collected.length).toBeGreaterThan(10 * CONNECTIONS)
  expect(new Set(outcome.collected).size).toBe(outcome.collected.length)
})

test.concurrent.each(tools)('$name says when its values are used up', async (tool) => {
  const { port } = await startCounter()
  const values = Array.from({ length: 10 }, (_, index) => `${index}`)
  await expect(tool.run(port, { ...LOAD, values })).rejects.toThrow('no values are left')
})

test.concurrent.each(tools)('$name counts what was refused', async (tool) => {
  const { port } = await startCounter(400)
  const outcome = await tool.run(port, LOAD)
  expect(outcome.refused).toBe(outcome.requests)
})
