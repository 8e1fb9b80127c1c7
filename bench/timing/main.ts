/**
 * `npm run bench:timing [-- --rounds 500 --database sqlite|postgres://…]`: whether it can be told by time why a request
 * is refused. Each round sends one request of each kind, in an order that is drawn, one after the other over HTTP, so
 * that whatever else the machine does falls on all kinds alike. Prints of each kind the median, and the probability
 * that one takes longer than one of the kind it must not be told from. Fails if one can be told apart.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createMintkeeper } from '../../src/index.ts'
import { benchConfig } from '../config.ts'
import { aucOf } from './auc.ts'
import { addRefused, REFUSALS, type Refusal } from './refusals.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '500' },
    database: { type: 'string', default: 'sqlite' },
    directory: { type: 'string', default: tmpdir() },
  },
})
const rounds = Number(values.rounds)

/** How many fail until one is blocked. */
const FAILURES = 10

/** Until everything is compiled, and known how slow hashes can be. */
const WARM_UP = 15

const TARGET = { low: 0.45, high: 0.55 }

/** How many addresses requests have come from. */
let sources = 0

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const directory = mkdtempSync(join(values.directory, 'mintkeeper-timing-'))
try {
  const place = values.database === 'sqlite' ? directory : values.database
  const { services, close } = await createMintkeeper(
    benchConfig(values.database === 'sqlite' ? `sqlite:${join(directory, 'bench.db')}` : values.database),
  )
  await addRefused(services)
  await close()
  const settings = { server: { trustedProxies: ['127.0.0.1'] } }
  const child = fork(new URL('../server.ts', import.meta.url), [
    'mintkeeper',
    place,
    JSON.stringify(settings),
  ])
  const { port } = await message<{ port: number }>(child)
  report(await measure(port))
  agent.destroy()
  child.disconnect()
  await new Promise((resolve) => child.once('exit', resolve))
} finally {
  rmSync(directory, { recursive: true })
}

async function measure(port: number): Promise<ReadonlyMap<Refusal, readonly number[]>> {
  const times = new Map<Refusal, number[]>(REFUSALS.map((refusal) => [refusal, []]))
  const toBeBlocked = REFUSALS.filter(({ name }) => name === 'blocked')
  for (let failure = 0; failure < FAILURES; failure++) {
    for (const refusal of toBeBlocked) await ask(port, refusal)
  }
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const refusal of shuffled(REFUSALS)) {
      const timeMs = await ask(port, refusal)
      if (round >= 0 && timeMs !== null) times.get(refusal)?.push(timeMs)
    }
  }
  return times
}

function report(times: ReadonlyMap<Refusal, readonly number[]>): void {
  for (const group of new Set(REFUSALS.map(({ group }) => group))) {
    const [first, ...others] = REFUSALS.filter((refusal) => refusal.group === group)
    if (first === undefined) continue
    const reference = times.get(first) ?? []
    console.log(`\n${group}, against: ${first.name}, ${milliseconds(reference)}`)
    for (const refusal of others) {
      const own = times.get(refusal) ?? []
      const { value, low, high } = aucOf(own, reference)
      const isApart = low > TARGET.high || high < TARGET.low
      if (isApart) process.exitCode = 1
      const interval = `${low.toFixed(3)}–${high.toFixed(3)}`
      const verdict = isApart ? ', told apart' : ''
      console.log(`| ${refusal.name} | ${milliseconds(own)} | ${value.toFixed(3)} (${interval})${verdict} |`)
    }
  }
}

function milliseconds(times: readonly number[]): string {
  const sorted = times.toSorted((one, other) => one - other)
  return `${(sorted[sorted.length >> 1] ?? Number.NaN).toFixed(2)} ms`
}

function shuffled<T>(all: readonly T[]): readonly T[] {
  return all
    .map((one) => ({ one, order: Math.random() }))
    .toSorted((first, second) => first.order - second.order)
    .map(({ one }) => one)
}

/** The milliseconds until the whole answer is there; null: it was no refusal, as one failure has just run out. */
function ask(port: number, { host, path, form, isBlocked }: Refusal): Promise<number | null> {
  const body = new URLSearchParams(form).toString()
  sources += 1
  const source = isBlocked ? '192.0.2.1' : [10, sources >> 16, (sources >> 8) & 255, sources & 255].join('.')
  const headers = {
    ...{ host, 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length },
    'x-forwarded-for': source,
  }
  return new Promise((resolve, reject) => {
    const sentAt = performance.now()
    const sent = request({ port, agent, method: 'POST', path, headers }, (response) => {
      response.resume()
      response.once('end', () => {
        const timeMs = performance.now() - sentAt
        if (response.statusCode === 400 || response.statusCode === 401) resolve(timeMs)
        else if (response.statusCode === 200 && isBlocked) resolve(null)
        else reject(new Error(`${path} answered ${response.statusCode}`))
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (sent) => resolve(sent as T))
    child.once('exit', (code) => reject(new Error(`the server has ended with ${code}`)))
  })
}
