import { ask } from '../ask.ts'
import { TENANTS } from '../config.ts'
import type { Load, LoadTool } from '../load/load.ts'
import { ACTIVE, BATCH, CREDENTIALS } from '../scenarios.ts'
import type { Server } from '../servers.ts'
import type { Usage } from '../usage.ts'
import type { Filled } from './fill.ts'
import { TENANT } from './rows.ts'

export const OPERATIONS = ['issue', 'refresh', 'refresh-in-order', 'introspect'] as const
export type Operation = (typeof OPERATIONS)[number]

/** What one operation took in one turn. */
export interface Cost {
  readonly operation: Operation
  /** CPU time of the server for one request. */
  readonly cpuMicroseconds: number
  /** The same of the PostgreSQL server; null: there is none. */
  readonly databaseCpuMicroseconds: number | null
  readonly perSecond: number
  /** Milliseconds. */
  readonly p99: number
  /** Of the server, afterwards. */
  readonly rssMegabytes: number
}

export interface TurnOptions {
  readonly tool: LoadTool
  readonly connections: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly databaseCpuMicroseconds: () => number | null
  /** Which of so many turns this is: each refreshes tokens that no other has. */
  readonly turn: number
  readonly turns: number
}

const HEADERS = { 'Content-Type': 'application/x-www-form-urlencoded', Host: TENANTS[TENANT] }

/** Far more than any server answers. */
const MOST_A_SECOND = 60_000

/** Asks a server for each operation, on tokens from all over its database. Throws unless all is answered as it should be. */
export async function takeTurn(
  server: Server,
  filled: Filled,
  options: TurnOptions,
): Promise<readonly Cost[]> {
  await requireActive(server, filled.access.slice(0, 20))
  const costs: Cost[] = []
  for (const operation of OPERATIONS) {
    await run(server, loadOf(operation, filled, options, 0), options)
    const databaseBefore = options.databaseCpuMicroseconds()
    const before = await server.usage()
    const { requests, seconds, p99 } = await run(server, loadOf(operation, filled, options, 1), options)
    const after = await server.usage()
    const databaseAfter = options.databaseCpuMicroseconds()
    costs.push({
      operation,
      cpuMicroseconds: (cpuOf(after) - cpuOf(before)) / requests,
      databaseCpuMicroseconds:
        databaseBefore === null || databaseAfter === null
          ? null
          : (databaseAfter - databaseBefore) / requests,
      perSecond: requests / seconds,
      p99,
      rssMegabytes: after.rss / 2 ** 20,
    })
  }
  return costs
}

/** The second half of a turn is the one that is measured. */
function loadOf(operation: Operation, filled: Filled, options: TurnOptions, half: 0 | 1): Load {
  const seconds = half === 0 ? options.warmUpSeconds : options.seconds
  const common = {
    method: 'POST',
    headers: HEADERS,
    connections: options.connections,
    seconds,
    collect: null,
  } as const
  switch (operation) {
    case 'issue':
      return { ...common, path: '/oauth/token', body: `${CREDENTIALS}&${BATCH}`, values: null, carry: null }
    case 'introspect': {
      const some = Array.from({ length: seconds * MOST_A_SECOND }, () => anyOf(filled.access))
      return { ...common, path: '/oauth/introspect', body: `token={}&${BATCH}`, values: some, carry: null }
    }
    case 'refresh':
    case 'refresh-in-order': {
      const tokens = operation === 'refresh' ? filled.refresh : filled.refreshInOrder
      // Each works once. Where there are few of them, their successors follow.
      const share = Math.floor(tokens.length / options.turns / 2)
      const from = (2 * options.turn + half) * share
      return {
        ...common,
        path: '/oauth/token',
        body: `grant_type=refresh_token&refresh_token={}&${BATCH}`,
        values: tokens.slice(from, from + share),
        carry: 'refresh_token',
      }
    }
  }
}

function anyOf(values: readonly string[]): string {
  return values[Math.floor(Math.random() * values.length)] ?? ''
}

async function run(server: Server, load: Load, { tool }: TurnOptions) {
  const outcome = await tool.run(server.port, load)
  if (outcome.refused > 0)
    throw new Error(`${outcome.refused} of ${outcome.requests} were refused at ${load.path}`)
  return outcome
}

/** An introspection of a token that nobody has issued is answered sooner, and with 200 as well. */
async function requireActive(server: Server, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) {
    const question = {
      method: 'POST',
      path: '/oauth/introspect',
      headers: HEADERS,
      body: `token=${token}&${BATCH}`,
    }
    const { status, body } = await ask(server.port, question)
    if (status !== 200 || !body.includes(ACTIVE))
      throw new Error(`introspection was answered ${status}: ${body}`)
  }
}

function cpuOf({ cpu }: Usage): number {
  return cpu.user + cpu.system
}
