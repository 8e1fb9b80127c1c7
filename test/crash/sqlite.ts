import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { loadMasterKey } from '../../src/crypto/master-key.ts'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { findAuditProblems, TOKENS } from './audit.ts'
import { killServerProcess, startServerProcess } from './server-process.ts'
import { configurationFor, INVARIANTS, type UnderTest } from './under-test.ts'

/** T001: how long a start may take that finds a database. The first one hashes the passwords of all users. */
const READY_MS = 5000
const FIRST_READY_MS = 60_000

export interface SqliteUnderTest extends UnderTest {
  readonly file: string
  /** Of the server that runs. */
  pid(): number
  /** Resolves when it has ended, by itself or by a signal. */
  ended(): Promise<void>
}

/** One server on an SQLite file. */
export function sqliteUnderTest(workers: number, parent: string = tmpdir()): SqliteUnderTest {
  const directory = mkdtempSync(join(parent, 'mintkeeper-crash-'))
  const file = join(directory, 'data/mintkeeper.db')
  writeFileSync(join(directory, 'mintkeeper.yaml'), configurationFor(workers, `sqlite:${file}`), {
    mode: 0o600,
  })
  let server: ChildProcess | null = null
  let readyMs = FIRST_READY_MS
  let aheadMs = 0

  async function kill(): Promise<void> {
    const killed = server
    server = null
    await killServerProcess(killed)
  }

  async function findAuditProblemsOf(tokens: Parameters<typeof findAuditProblems>[2]) {
    const store = await openSqliteStore({ path: file, clock: Date.now })
    try {
      return await findAuditProblems(
        store,
        loadMasterKey({ generateAt: `${file}.key` }),
        tokens,
        Date.now() + aheadMs,
      )
    } finally {
      await store.close()
    }
  }

  return {
    name: 'SQLite',
    movesClock: true,
    refusesForGood: true,
    async start(clockAheadMs) {
      aheadMs = clockAheadMs
      const started = await startServerProcess(directory, { clockAheadMs, readyMs })
      server = started.child
      const urls = await started.listening
      readyMs = READY_MS
      return { token: [urls.token], admin: [urls.control] }
    },
    kill,
    file,
    pid: () => server?.pid ?? 0,
    async ended() {
      const running = server
      server = null
      if (running !== null && running.exitCode === null && running.signalCode === null)
        await once(running, 'exit')
    },
    async findProblems() {
      const database = new DatabaseSync(file)
      try {
        const check = database
          .prepare('pragma integrity_check')
          .all()
          .map((row) => String(row.integrity_check))
        const broken = Object.entries(INVARIANTS).flatMap(([name, query]) => {
          const found = database.prepare(query).all()
          return found.length === 0 ? [] : [`${name}: ${JSON.stringify(found)}`]
        })
        const tokens = database.prepare(TOKENS).all()
        const audited = await findAuditProblemsOf(tokens)
        return [...check.filter((line) => line !== 'ok'), ...broken, ...audited]
      } finally {
        database.close()
      }
    },
    async remove() {
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
