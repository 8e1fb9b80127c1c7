import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { STEPS } from '../../src/stores/migrations/index.ts'
import { openSqliteStore, readSqliteSchema } from '../../src/stores/sqlite/database.ts'
import { inParallel } from './conformance/fixture.ts'
import { clock, connectTo, newPath, openStore } from './sqlite-file.ts'

function start(script: string, ...parameters: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** What another process reads, that opens the file and closes it. */
async function readElsewhere(path: string, sql: string): Promise<unknown> {
  const script = `const { DatabaseSync } = require('node:sqlite')
    const database = new DatabaseSync(process.argv[1])
    console.log(JSON.stringify(database.prepare(process.argv[2]).all()))
    database.close()`
  const child = spawn(process.execPath, ['-e', script, path, sql], { stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(await text(child.stdout))
}

// Whoever closes a file drops all locks that the process has on it, those of SQLite as well (POSIX).
test('a process that opens a file twice, and closes one, loses no lock and so no write', async () => {
  const path = newPath()
  const facts = "select name from facts where name like 'written%' order by name"
  const first = await openStore(path)
  const second = await openStore(path)
  // Would it take itself for the last one, it took the log away.
  expect(await readElsewhere(path, facts)).toEqual([])
  await first.saveFact('written while both are open', '1')
  expect(await readElsewhere(path, facts)).toHaveLength(1)
  await second.close()
  await readElsewhere(path, facts)
  await first.saveFact('written with one open', '1')
  expect(await readElsewhere(path, facts)).toHaveLength(2)
})

test.runIf(process.platform === 'linux')('nor does it lose that of the index of the log', async () => {
  const path = newPath()
  await openStore(path)
  const second = await openStore(path)
  const { ino } = statSync(`${path}-shm`)
  // Of this process on the byte that says that somebody uses the index: without it, who opens it next makes it anew.
  const locks = () =>
    readFileSync('/proc/locks', 'utf8').match(new RegExp(` ${process.pid} \\S+:${ino} 128 128`, 'g'))
  expect(locks()).toHaveLength(1)
  await second.close()
  expect(locks()).toHaveLength(1)
})

test('T001 kill -9 under load loses no write that was confirmed, and leaves no refresh half done', async () => {
  const path = newPath()
  const lines: string[] = []
  for (let cycle = 1; cycle <= 5; cycle++) {
    const notes = `${path}.notes-${cycle}`
    const child = start('kill-writer.ts', path, notes)
    const exit = once(child, 'exit')
    let told = 0
    for await (const chunk of child.stdout!) {
      told += String(chunk).length
      if (told > cycle * 7) child.kill('SIGKILL')
    }
    expect((await exit)[1]).toBe('SIGKILL')
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0)

    const store = await openSqliteStore({ path, clock, mustExist: true })
    // The last line may be cut off.
    lines.push(...readFileSync(notes, 'utf8').split('\n').slice(0, -1))
    expect(lines.length).toBeGreaterThan(cycle * 100)
    for (const line of lines) {
      const [what, first, second] = line.split(' ')
      const row = await store.findToken(Number(first))
      expect(row, line).not.toBeNull()
      if (what === 'issued') continue
      expect(row?.successor, line).toBe(Number(second))
      const successor = await store.findToken(Number(second))
      expect(successor?.parent, line).toBe(Number(first))
      if (what === 'revoked') expect([row?.revokedAt, successor?.revokedAt], line).not.toContain(null)
    }
    await store.close()
    const database = connectTo(path)
    expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
    // Also of those that were not confirmed: never neither of the two tokens, never both.
    const halfDone = database
      .prepare(
        `select count(*) as count from tokens parent left join tokens child on child.key = parent.successor
         where (parent.spent_at is null) <> (child.key is null)`,
      )
      .get()
    expect(halfDone).toEqual({ count: 0 })
    database.close()
  }
})

test('processes that open a new database at once all get it, and draw no key twice', async () => {
  const path = newPath()
  const printed = await inParallel(4, async () => {
    const child = start('open-once.ts', path)
    const [output, exit] = await Promise.all([text(child.stdout!), once(child, 'exit')])
    expect(exit).toEqual([0, null])
    return JSON.parse(output) as number[]
  })
  const keys = printed.flat()
  expect(new Set(keys).size).toBe(2000)
  expect(await readSqliteSchema({ path, clock })).toMatchObject({ applied: [...STEPS.keys()], pending: [] })
  const database = connectTo(path)
  expect(database.prepare('select count(*) as count from tokens').get()).toEqual({ count: 2000 })
})
