/**
 * T015, measured: `node test/crash/slow-disk.ts [MILLISECONDS] [CONNECTIONS]` makes each flush to the disk take so long
 * while so many clients ask for tokens, and prints how long answers took. Needs strace.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { sqliteUnderTest } from './sqlite.ts'
import { attach } from './strace.ts'
import { clientOf, firstSecretOf } from './under-test.ts'

const [delayMs = 100, connections = 64] = process.argv.slice(2).map(Number)
const LASTS_MS = 15_000
const ASKED_EVERY_MS = 10
const READERS = 8

const underTest = sqliteUnderTest(1)
const at = await underTest.start(0)
const until = performance.now() + LASTS_MS

/** Asks again and again, one answer after the other, and notes how long each took. */
async function ask(
  times: number[],
  statuses: Map<number, number>,
  send: () => Promise<Response>,
  pauseMs = 0,
) {
  while (performance.now() < until) {
    const begunAt = performance.now()
    const status = await send().then(
      async (response) => [response.status, await response.arrayBuffer()] as const,
      () => [0] as const,
    )
    times.push(performance.now() - begunAt)
    statuses.set(status[0], (statuses.get(status[0]) ?? 0) + 1)
    if (pauseMs > 0) await sleep(pauseMs)
  }
}

function print(name: string, times: number[], statuses: Map<number, number>): void {
  times.sort((one, other) => one - other)
  const at = (share: number) =>
    Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0)
  const counts = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')
  process.stdout.write(`${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms; ${counts}\n`)
}

const inject = `inject=fsync,fdatasync:delay_enter=${delayMs * 1000}`
const tracer = await attach(underTest.pid(), ['-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', inject])
try {
  const form = { client_id: clientOf(0), client_secret: firstSecretOf(0), grant_type: 'client_credentials' }
  const body = new URLSearchParams(form).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const measured = ['tokens', 'keys', 'health'].map((name) => ({
    name,
    times: [] as number[],
    statuses: new Map<number, number>(),
  }))
  const [tokens, keys, health] = measured
  const token = () => fetch(`${at.token[0]}/spree_oauth/token`, { method: 'POST', body, headers })
  await Promise.all([
    ...Array.from({ length: connections }, () => ask(tokens!.times, tokens!.statuses, token)),
    ...Array.from({ length: READERS }, async () => {
      await Promise.all([
        ask(keys!.times, keys!.statuses, () => fetch(`${at.token[0]}/.well-known/jwks.json`), ASKED_EVERY_MS),
        ask(health!.times, health!.statuses, () => fetch(`${at.admin[0]}/healthz`), ASKED_EVERY_MS),
      ])
    }),
  ])
  for (const { name, times, statuses } of measured) print(name, times, statuses)
} finally {
  await tracer.detach()
  await underTest.remove()
}
