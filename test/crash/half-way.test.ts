/** Kills inside of what a server does seldom: its first start, a change of the schema, a purge. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { generatedAdminToken } from '../../src/cli/serve/admin-token.ts'
import { sha256 } from '../../src/crypto/digest.ts'
import { createRandom } from '../../src/crypto/random.ts'
import { createMintkeeper } from '../../src/server.ts'
import { migrateSqlite, openSqliteStore, readSqliteSchema } from '../../src/stores/sqlite/database.ts'
import { newDirectory } from '../directory.ts'
import { NOW, tokenRow, write } from '../stores/conformance/fixture.ts'
import { bootConfiguration, PURGE_AT } from './half-way-fixture.ts'
import { DISK_CALLS, whyNoStrace } from './strace.ts'

const SCRIPT = join(import.meta.dirname, 'half-way.ts')
const noStrace = await whyNoStrace()

function newPath(): string {
  return join(newDirectory(), 'data', 'mintkeeper.db')
}

interface Child {
  readonly process: ChildProcess
  said(): string
  /** Resolves when it is gone. */
  readonly gone: Promise<unknown>
}

function start(what: string, path: string, tracer: readonly string[] = []): Child {
  const [command = '', ...args] = [...tracer, process.execPath, SCRIPT, what, path]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  return { process: child, said: () => said, gone: once(child, 'close') }
}

/** The child dies at its n-th call to the disk. */
function dyingAt(call: number): readonly string[] {
  const trace = ['-e', `trace=${DISK_CALLS}`, '-e', `inject=${DISK_CALLS}:signal=SIGKILL:when=${call}`]
  return ['strace', '-f', '-o', '/dev/null', ...trace]
}

function expectWhole(path: string): void {
  const database = new DatabaseSync(path)
  expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
  database.close()
}

describe('T005 a first start that is killed', () => {
  /** The next start makes what is missing, and nothing twice. */
  async function expectNextStart(path: string, shown: readonly string[]): Promise<void> {
    const mintkeeper = await createMintkeeper(bootConfiguration(path))
    const tokens = [...shown]
    const show = (token: string) => void tokens.push(token)
    const { store, keys } = mintkeeper.services
    const digest = await generatedAdminToken(store, createRandom(), { show, takeBack: () => tokens.pop() })
    // Whoever was shown it last has the one that counts.
    expect(Buffer.from(digest)).toEqual(Buffer.from(sha256(tokens.at(-1) ?? '')))
    const rows = await store.listSigningKeys('main')
    expect(rows.map(({ state }) => state).toSorted()).toEqual(['active', 'announced'])
    const jwt = await keys.sign('main', 'ES256', 'at+jwt', { sub: 'x' })
    expect(await keys.verify('main', jwt)).toMatchObject({ claims: { sub: 'x' } })
    const client = await store.findClient('main', 'shop')
    expect(client?.secrets).toHaveLength(1)
    await mintkeeper.close()
    expectWhole(path)
  }

  const tokensOf = (said: string) => [...said.matchAll(/^token (\S+)$/gm)].map(([, token]) => token ?? '')

  test('at 50 moments leaves nothing half-made', async () => {
    const begunAt = performance.now()
    await start('boot', newPath()).gone
    const wholeMs = performance.now() - begunAt
    let killed = 0
    for (let round = 0; round < 50; round++) {
      const path = newPath()
      const child = start('boot', path)
      // Most of the time goes by before anything is made.
      const timer = setTimeout(() => child.process.kill('SIGKILL'), wholeMs * (0.5 + round * 0.01))
      await child.gone
      clearTimeout(timer)
      if (!child.said().includes('done')) killed += 1
      await expectNextStart(path, tokensOf(child.said()))
    }
    expect(killed).toBeGreaterThan(5)
  }, 180_000)

  test.skipIf(noStrace !== null)(
    `at its calls to the disk leaves nothing half-made${noStrace === null ? '' : ` (${noStrace})`}`,
    async () => {
      for (let call = 1; ; call += 7) {
        const path = newPath()
        const child = start('boot', path, dyingAt(call))
        await child.gone
        await expectNextStart(path, tokensOf(child.said()))
        if (child.said().includes('done')) break
      }
    },
    180_000,
  )
})

test.skipIf(noStrace !== null)(
  `T006 a change of the schema that is killed at its calls to the disk is done by the next${noStrace === null ? '' : ` (${noStrace})`}`,
  async () => {
    for (let call = 1; ; call += 5) {
      const path = newPath()
      const child = start('migrate', path, dyingAt(call))
      await child.gone
      const isDone = child.said().includes('done')
      await migrateSqlite({ path, clock: Date.now })
      expect((await readSqliteSchema({ path, clock: Date.now })).pending).toEqual([])
      const store = await openSqliteStore({ path, clock: Date.now })
      await store.check()
      await store.close()
      expectWhole(path)
      if (isDone) break
    }
  },
  180_000,
)

test('T008 a purge that is killed deletes nothing that lives, and the next one goes on', async () => {
  const path = newPath()
  const store = await openSqliteStore({ path, clock: () => NOW * 1000 })
  const rows = Array.from({ length: 3000 }, (_, index) =>
    // Every tenth lives on.
    tokenRow(store.nextKey(), {
      accessExpiresAt: index % 10 === 0 ? PURGE_AT + 1 : NOW + 10,
      refreshExpiresAt: NOW + 20,
    }),
  )
  await Promise.all(rows.map((row) => store.issue(write({ row }))))
  await store.close()
  const database = new DatabaseSync(path)
  const count = () => Number(database.prepare('select count(*) as count from tokens').get()?.count)
  const counts = [count()]
  for (let round = 1; round <= 5; round++) {
    const child = start('purge', path)
    child.process.stdout?.on('data', () => {
      if (child.said().length >= round) child.process.kill('SIGKILL')
    })
    await child.gone
    counts.push(count())
    const found = await openSqliteStore({ path, clock: () => NOW * 1000 })
    for (const row of rows) {
      if (row.accessExpiresAt === PURGE_AT + 1) expect(await found.findToken(row.key)).toEqual(row)
    }
    await found.close()
  }
  expect(counts).toEqual(counts.toSorted((one, other) => other - one))
  expect(counts[1]).toBeLessThan(3000)
  const child = start('purge', path)
  await child.gone
  expect(child.said()).toContain('done')
  expect(count()).toBe(300)
  database.close()
  expectWhole(path)
}, 60_000)
