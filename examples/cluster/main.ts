/**
 * Three nodes on one PostgreSQL, behind a load balancer: one is killed and one is stopped while clients work with them.
 *
 * In a checkout: npm ci && npm run cluster
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startPostgres } from '../../scripts/postgres-server.ts'
import { findWrong, type Load, startLoad } from './load.ts'
import { BALANCERS, type BalancerName, findBalancer, isInstalled, startBalancer } from './load-balancers.ts'
import { type ClusterNode, createNode } from './processes.ts'

const USAGE = `npm run cluster -- [options]

  --seconds N        how long the load runs, about (default 20)
  --clients N        how many clients ask at once (default 8)
  --balancer NAME    ${BALANCERS.join(', ')} (default: the first that is installed)
  --keep             leave it running until Ctrl-C`

const options = readOptions()
const say = (line: string) => process.stdout.write(`${line}\n`)
// By `exit`, which every process that was started here listens to.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-cluster-'))
process.once('exit', (code) => {
  // The logs of a failure are kept.
  if (code !== 1) rmSync(directory, { recursive: true, force: true })
})
const postgres = await startPostgres()
const databaseUrl = await postgres.createDatabase()
say(`PostgreSQL    127.0.0.1:${postgres.port}`)

const masterKey = randomBytes(32).toString('base64')
const nodes: ClusterNode[] = []
for (const name of ['node-1', 'node-2', 'node-3']) {
  nodes.push(await createNode({ name, databaseUrl, masterKey, directory }))
}
// All at once, on an empty database.
await Promise.all(nodes.map((node) => node.start()))
for (const { name, url, adminPort } of nodes) say(`${name}        ${url}, control plane on port ${adminPort}`)
const balancer = await startBalancer(options.balancer, nodes, directory)
say(`load balancer ${balancer.url} (${balancer.name})\nlogs          ${directory}\n`)

const load = startLoad(balancer.url, options.clients)
const stopTable = printTable(load, nodes)
await tellStory(load, nodes)
await load.stop()
stopTable()

const isSound = await check(load, nodes)
if (options.keep) {
  say(`\nIt goes on at ${balancer.url}. Ctrl-C ends it.`)
  await new Promise(() => setInterval(() => {}, 60_000))
}
await Promise.all([balancer.end(), ...nodes.map((node) => node.end('SIGTERM'))])
await postgres.remove()
process.exit(isSound ? 0 : 1)

async function tellStory(load: Load, [, second, third]: readonly ClusterNode[]): Promise<void> {
  if (second === undefined || third === undefined) return
  const aWhile = () => sleep((options.seconds * 1000) / 5)
  const enter = (phase: string) => {
    load.phase = phase
    say(`-- ${phase}`)
  }
  enter('three nodes')
  await aWhile()
  enter(`${second.name} is killed (SIGKILL)`)
  await second.end('SIGKILL')
  await aWhile()
  enter(`${second.name} is started again`)
  await second.start()
  await aWhile()
  enter(`${third.name} is stopped (SIGTERM)`)
  const code = await third.end('SIGTERM')
  say(`-- ${third.name} has ended with ${code}`)
  await aWhile()
  enter(`${third.name} is started again`)
  await third.start()
  await aWhile()
}

/** A line a second. */
function printTable({ ledger }: Load, nodes: readonly ClusterNode[]): () => void {
  const begun = performance.now()
  let before = 0
  say(`   time ${nodes.map(({ name }) => name.padStart(8)).join('')}   answers/s   failed   tokens`)
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - begun) / 1000)
    const answered = sum(ledger.answers)
    const states = nodes.map((node) => (node.isRunning() ? 'runs' : '--').padStart(8)).join('')
    const cells = [answered - before, sum(ledger.failures), ledger.acknowledged.size]
    const [rate = '', failed = '', tokens = ''] = cells.map(String)
    say(
      `${`${seconds} s`.padStart(7)} ${states}${rate.padStart(12)}${failed.padStart(9)}${tokens.padStart(9)}`,
    )
    before = answered
  }, 1000)
  return () => clearInterval(timer)
}

/** Asks every node about every token, and says how it went. */
async function check({ ledger }: Load, nodes: readonly ClusterNode[]): Promise<boolean> {
  const lost = new Set(ledger.denied)
  const back = new Set<string>()
  say(`\nasking every node about ${ledger.acknowledged.size + ledger.spent.size} tokens …`)
  await Promise.all(
    nodes.map(async ({ url }) => {
      for (const token of await findWrong(url, ledger.acknowledged, 'active')) lost.add(token)
      for (const token of await findWrong(url, ledger.spent, 'inactive')) back.add(token)
    }),
  )
  const tally = (counts: ReadonlyMap<string, number>) =>
    [...counts].map(([name, number]) => `${number} ${name}`).join(', ') || 'none'
  say(`
requests            ${sum(ledger.answers)}
answers by status   ${tally(ledger.answers)}
failed requests     ${sum(ledger.failures)} (${tally(ledger.failures)})
refreshes repeated  ${ledger.askedAgain}, because their answer was lost
tokens checked      ${ledger.acknowledged.size} that were answered with 200, on each of ${nodes.length} nodes
  lost              ${lost.size}
refresh tokens      ${ledger.spent.size} that were spent, on each of ${nodes.length} nodes
  good again        ${back.size}`)
  const isSound = lost.size === 0 && back.size === 0 && ledger.acknowledged.size > 0
  say(isSound ? '\nNo token was lost.' : `\nTokens were lost, or came back. The logs are in ${directory}`)
  return isSound
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((one, other) => one + other, 0)
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '20' },
        clients: { type: 'string', default: '8' },
        balancer: { type: 'string', default: findBalancer() },
        keep: { type: 'boolean', default: false },
      },
    })
    const balancer = BALANCERS.find((name) => name === values.balancer)
    if (balancer === undefined) throw new Error(`There is no load balancer called ${values.balancer}.`)
    if (!isInstalled(balancer)) throw new Error(`${balancer} is not installed.`)
    return {
      seconds: atLeastOne('--seconds', values.seconds),
      clients: atLeastOne('--clients', values.clients),
      balancer: balancer satisfies BalancerName,
      keep: values.keep,
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`)
    process.exit(2)
  }
}

function atLeastOne(name: string, text: string): number {
  const number = Number(text)
  if (!(number >= 1)) throw new Error(`${name} takes a number, 1 or more.`)
  return number
}
