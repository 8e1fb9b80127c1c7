import fs, {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { DatabaseRefused } from '../../src/store/errors.ts'
import { requireDurable, requireSqliteVersion } from '../../src/stores/sqlite/connection.ts'
import {
  migrateSqlite,
  openSqliteStore,
  readSqliteSchema,
  type SqliteStoreOptions,
} from '../../src/stores/sqlite/database.ts'
import { networkFileSystem } from '../../src/stores/sqlite/file.ts'
import { inParallel, issued } from './conformance/fixture.ts'
import { clock, connectTo, newPath, openStore } from './sqlite-file.ts'

/** What an operator is told. */
async function refusalOf(path: string, options: Partial<SqliteStoreOptions> = {}): Promise<string> {
  const error = await openSqliteStore({ path, clock, ...options }).then(
    async (store) => {
      await store.close()
      return 'was opened'
    },
    (refusal: unknown) => refusal,
  )
  expect(error).toBeInstanceOf(DatabaseRefused)
  expect((error as Error).message).toContain(path)
  return (error as Error).message
}

async function newDatabase(rows = 0): Promise<string> {
  const path = newPath()
  const store = await openSqliteStore({ path, clock })
  for (let count = 0; count < rows; count++) await issued(store)
  await store.close()
  return path
}

test('T014 a garbled file is refused, and left as it is', async () => {
  const path = newPath()
  const garbage = 'this is no database, whatever its name says. '.repeat(500)
  writeFileSync(path, garbage)
  expect(await refusalOf(path)).toMatch(/damaged, or no SQLite database: restore it from a backup/)
  expect(readFileSync(path, 'utf8')).toBe(garbage)
})

test('T014 a database with a garbled page of the schema is refused', async () => {
  const path = await newDatabase()
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.fill(0xa5, 100, 4096))
  expect(await refusalOf(path)).toMatch(/damaged/)
})

test('T014 a file that was cut off is refused', async () => {
  const path = await newDatabase(200)
  truncateSync(path, 8192)
  expect(await refusalOf(path)).toMatch(/damaged/)
})

test('T014 a database that must exist is not made anew', async () => {
  const path = newPath()
  expect(await refusalOf(path, { mustExist: true })).toMatch(/no such file.*restore it from a backup/)
  expect(existsSync(path)).toBe(false)
  writeFileSync(path, '')
  expect(await refusalOf(path, { mustExist: true })).toMatch(/empty.*restore it from a backup/)
})

test('T014 a database that is gone is not made anew, with no key file to tell of it: the marker does', async () => {
  const path = await newDatabase(3)
  const marker = `${path}.made`
  expect(readFileSync(marker, 'utf8')).toMatch(/mintkeeper\.db was made here.*restore it from a backup/s)
  rmSync(path)
  expect(await refusalOf(path)).toMatch(/no such file.*restore it from a backup/)
  await expect(migrateSqlite({ path, clock })).rejects.toThrow(/no such file/)
  expect(existsSync(path)).toBe(false)
  writeFileSync(path, '')
  expect(await refusalOf(path)).toMatch(/empty.*restore it from a backup/)
  // As the marker says: to begin anew.
  rmSync(marker)
  await openStore(path)
  expect(existsSync(marker)).toBe(true)
})

test('T014 a database without a marker works as before, and gets one', async () => {
  const path = await newDatabase(1)
  rmSync(`${path}.made`)
  expect(await readSqliteSchema({ path, clock })).toMatchObject({ pending: [] })
  expect(existsSync(`${path}.made`)).toBe(false)
  const store = await openStore(path)
  await store.check()
  expect(existsSync(`${path}.made`)).toBe(true)
})

/** Copies of a database and of its log, as a killed process leaves them. */
function killedCopy(path: string): string {
  const copy = join(mkdtempSync(join(dirname(path), 'copy-')), 'copy.db')
  copyFileSync(path, copy)
  copyFileSync(`${path}-wal`, `${copy}-wal`)
  return copy
}

test('T014 a database that was cut off is refused, though its log is whole', async () => {
  const path = newPath()
  const store = await openStore(path)
  for (let count = 0; count < 200; count++) await issued(store)
  connectTo(path).exec('pragma wal_checkpoint(passive)')
  const rows = await inParallel(3, () => issued(store))
  const { size } = statSync(path)
  const outcomes = new Set<string>()
  for (let missing = 100; missing < size; missing += 4096) {
    const copy = killedCopy(path)
    truncateSync(copy, size - missing)
    const found = await openSqliteStore({ path: copy, clock }).catch((error: Error) => error.message)
    if (typeof found === 'string') {
      expect(found).toMatch(/its end is missing.*Restore it from a backup|damaged, or no SQLite database/)
      outcomes.add('refused')
      continue
    }
    // What is missing is in the log.
    for (const row of rows) expect(await found.findToken(row.key)).toEqual(row)
    await found.close()
    expect(connectTo(copy).prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
    outcomes.add('whole')
  }
  expect(outcomes).toContain('refused')
})

test('T014 a database whose checkpoint was cut off by a crash is whole with its log', async () => {
  const path = newPath()
  const store = await openStore(path)
  const { size } = statSync(path)
  const rows = []
  for (let count = 0; count < 200; count++) rows.push(await issued(store))
  const log = readFileSync(`${path}-wal`)
  connectTo(path).exec('pragma wal_checkpoint(passive)')
  const copy = killedCopy(path)
  writeFileSync(`${copy}-wal`, log)
  // It wrote the first pages, and was about to append the others.
  truncateSync(copy, size)
  const found = await openStore(copy)
  for (const row of rows) expect(await found.findToken(row.key)).toEqual(row)
})

test.each([
  [':memory:', /use `memory:` for a database that ends with the process/],
  ['file::memory:', /URI, not as a path/],
  ['file:mintkeeper.db?mode=memory', /URI, not as a path/],
])('%s is no file and refused, with nothing made on the disk', async (name, advice) => {
  expect(await refusalOf(name)).toMatch(advice)
  for (const file of [name, `${name}-wal`]) expect(existsSync(file)).toBe(false)
})

test('T014 a log without its database is refused: the file was deleted under a server that was killed', async () => {
  const path = newPath()
  const store = await openStore(path)
  await issued(store)
  const copy = join(dirname(path), 'copy.db')
  copyFileSync(`${path}-wal`, `${copy}-wal`)
  expect(await refusalOf(copy)).toMatch(/no such file/)
})

test('T014 a damaged log is refused', async () => {
  const path = newPath()
  const store = await openStore(path)
  for (let count = 0; count < 5; count++) await issued(store)
  const copy = killedCopy(path)
  const log = readFileSync(`${path}-wal`)
  log[200] = (log[200] ?? 0) ^ 1
  writeFileSync(`${copy}-wal`, log)
  expect(await refusalOf(copy)).toMatch(/log .*-wal is damaged/)
})

test('a log that another process takes away when it was just seen is none', async () => {
  const path = newPath()
  const row = await issued(await openStore(path))
  const copy = killedCopy(path)
  const other = connectTo(copy)
  other.exec('select count(*) from tokens')
  const { statSync: look } = fs
  const spy = vi.spyOn(fs, 'statSync').mockImplementation((...looked: Parameters<typeof look>) => {
    const seen = look(...looked)
    // The last who closes a database copies its log into it, and deletes that.
    if (looked[0] === `${copy}-wal` && other.isOpen) other.close()
    return seen
  })
  onTestFinished(() => {
    spy.mockRestore()
    syncBuiltinESMExports()
  })
  syncBuiltinESMExports()
  const found = await openStore(copy)
  expect(other.isOpen).toBe(false)
  expect(await found.findToken(row.key)).toEqual(row)
})

test('a database of another program is refused, and left as it is', async () => {
  const path = newPath()
  const other = connectTo(path)
  other.exec('create table notes (text)')
  expect(await refusalOf(path)).toMatch(/another program/)
  await expect(migrateSqlite({ path, clock })).rejects.toThrow(/another program/)
  expect(other.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'delete' })
})

test('a schema that is newer than this version is refused', async () => {
  const path = await newDatabase()
  connectTo(path).exec("insert into schema_steps values ('0002-later', 0), ('0003-last', 0)")
  expect(await refusalOf(path)).toMatch(/newer .*0002-later, 0003-last.*run the newer version/)
  await expect(migrateSqlite({ path, clock })).rejects.toThrow(/newer/)
  await expect(readSqliteSchema({ path, clock })).rejects.toThrow(/newer/)
})

test('a schema that lacks steps is refused if they may not be applied', async () => {
  const path = newPath()
  expect(await refusalOf(path, { migrate: false })).toMatch(
    /lacks 0001-initial, .*: run `mintkeeper migrate up`/,
  )
})

test('a directory that can not be made is refused', async () => {
  const path = await newDatabase()
  expect(await refusalOf(join(path, 'below-a-file', 'mintkeeper.db'))).toMatch(/can not be used/)
})

test('what is no file is refused', async () => {
  expect(await refusalOf(dirname(newPath()))).toMatch(/can not be used \(it is no file\)/)
})

test('T009 a file that was locked for good is refused', async () => {
  const path = await newDatabase()
  const other = connectTo(path)
  other.exec('pragma locking_mode = exclusive; begin exclusive')
  expect(await refusalOf(path, { busyTimeoutMs: 0 })).toMatch(/another process holds its lock/)
})

test('T010 a connection that does not flush is refused', () => {
  const database = new DatabaseSync(':memory:')
  expect(() => requireDurable(database)).toThrow(/journal_mode is memory, not wal/)
  const path = newPath()
  const other = connectTo(path)
  other.exec('pragma journal_mode = wal; pragma synchronous = normal')
  expect(() => requireDurable(other)).toThrow(/synchronous is 1, not 2/)
  other.exec('pragma synchronous = full')
  requireDurable(other)
})

test('T010 a file whose setting changes with the first write is refused', async () => {
  const path = newPath()
  const exec = DatabaseSync.prototype.exec
  const spy = vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql) {
    exec.call(this, sql.replace('synchronous = full', 'synchronous = normal'))
  })
  onTestFinished(() => spy.mockRestore())
  expect(await refusalOf(path)).toMatch(/can not work durably here: synchronous is 1, not 2/)
})

test.each([
  ['NFS', 0x6969],
  ['SMB', 0x517b],
  ['CIFS', 0xff534d42],
  ['CIFS', 0xff534d42 | 0],
  ['SMB2', 0xfe534d42],
])('T010 %s is known as a network file system by its number', (name, type) => {
  expect(networkFileSystem(type)).toBe(name)
  expect(networkFileSystem(statfsSync(tmpdir()).type)).toBeNull()
})

test.each([
  ['3.51.2', true],
  ['3.50.99', true],
  ['2.99.99', true],
  ['3.51.3', false],
  ['3.52.0', false],
  ['4.0.0', false],
])('T010 SQLite %s is refused: %s', (version, refused) => {
  const check = () => requireSqliteVersion(version)
  if (refused) expect(check).toThrow(/3\.51\.3.*newer version of Node/)
  else check()
})
