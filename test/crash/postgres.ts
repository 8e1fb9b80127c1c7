import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMasterKey } from '../../src/crypto/seal.ts'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import { startPostgres } from '../postgres/server.ts'
import { findAuditProblems, TOKENS } from './audit.ts'
import { killServerProcess, startServerProcess } from './server-process.ts'
import { configurationFor, INVARIANTS, type UnderTest } from './under-test.ts'

const NODES = 3
const READY_MS = 60_000

/** How often what is killed is the database; else it is a server, each in its turn. */
const DATABASE_EVERY = 3

export interface PostgresUnderTest extends UnderTest {
  readonly kills: () => { readonly servers: number; readonly database: number }
}

interface Running {
  readonly child: ChildProcess
  readonly token: string
  readonly control: string
}

/** Three servers on one PostgreSQL: a server is killed, or the database with all its processes. The others go on. */
export async function postgresUnderTest(workers: number): Promise<PostgresUnderTest> {
  const postgres = await startPostgres()
  const url = await postgres.createDatabase()
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-crash-'))
  writeFileSync(join(directory, 'mintkeeper.yaml'), configurationFor(workers, url), { mode: 0o600 })
  const env = { MINTKEEPER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
  const servers: (Running | null)[] = Array.from({ length: NODES }, () => null)
  const kills = { servers: 0, database: 0 }
  let databaseRuns = true

  async function startServer(index: number, clockAheadMs: number): Promise<Running> {
    const known = servers[index]
    if (known !== null && known !== undefined) return known
    const { child, listening } = await startServerProcess(directory, { clockAheadMs, readyMs: READY_MS, env })
    const running = { child, ...(await listening) }
    servers[index] = running
    return running
  }

  /** The other nodes run, and nobody asks them for anything. */
  async function findAuditProblemsOf(tokens: Parameters<typeof findAuditProblems>[2]) {
    const store = await openPostgresStore({ url, clock: Date.now, connections: 3 })
    try {
      return await findAuditProblems(store, createMasterKey(env.MINTKEEPER_MASTER_KEY), tokens, Date.now())
    } finally {
      await store.close()
    }
  }

  async function startDatabase(): Promise<void> {
    if (!databaseRuns) await postgres.start()
    databaseRuns = true
  }

  return {
    name: `${NODES} servers on one PostgreSQL`,
    // The database says what time it is.
    movesClock: false,
    // Of a connection that is lost at COMMIT nobody knows whether it came through.
    refusesForGood: false,
    async start(clockAheadMs) {
      await startDatabase()
      const running = await Promise.all(servers.map((_, index) => startServer(index, clockAheadMs)))
      await Promise.all(running.map(({ control }) => ready(control)))
      return { token: running.map(({ token }) => token), admin: running.map(({ control }) => control) }
    },
    async kill() {
      if ((kills.servers + kills.database) % DATABASE_EVERY === DATABASE_EVERY - 1) {
        kills.database += 1
        databaseRuns = false
        return await postgres.stop('SIGKILL')
      }
      const index = kills.servers % NODES
      kills.servers += 1
      const killed = servers[index]
      servers[index] = null
      await killServerProcess(killed?.child ?? null)
    },
    async findProblems() {
      await startDatabase()
      const found = await Promise.all(
        Object.entries(INVARIANTS).map(async ([name, query]) => {
          const rows = await postgres.query(url, query)
          return rows.length === 0 ? [] : [`${name}: ${JSON.stringify(rows)}`]
        }),
      )
      return [...found.flat(), ...(await findAuditProblemsOf(await postgres.query(url, TOKENS)))]
    },
    kills: () => kills,
    async remove() {
      await Promise.all(servers.map((server) => killServerProcess(server?.child ?? null)))
      await postgres.remove()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** T015: without a restart, soon after the database is back. */
const RECOVERY_MS = 5000

async function ready(control: string): Promise<void> {
  const begunAt = performance.now()
  for (;;) {
    const status = await fetch(`${control}/readyz`).then((response) => response.status, String)
    if (status === 200) return
    if (performance.now() > begunAt + RECOVERY_MS) throw new Error(`${control} is not ready: ${status}`)
    await sleep(20)
  }
}
