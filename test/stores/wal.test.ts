import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readWal } from '../../src/stores/sqlite/wal.ts'
import { newPath } from './sqlite-file.ts'

const FRAME = 24 + 4096

/** The log of a few transactions of one page each; the one before it in the same file was longer if `reused`. */
function logOf(transactions: number, reused: boolean): Buffer {
  const path = newPath()
  const database = new DatabaseSync(path)
  onTestFinished(() => database.close())
  database.exec('pragma journal_mode = wal; create table t (n integer)')
  if (reused) {
    for (let n = 0; n < 12; n++) database.exec(`insert into t values (${n})`)
    database.exec('pragma wal_checkpoint(full)')
  } else database.exec('pragma wal_checkpoint(truncate)')
  for (let n = 0; n < transactions; n++) database.exec(`insert into t values (${n})`)
  return readFileSync(`${path}-wal`)
}

function spoilt(log: Buffer, offset: number): Buffer {
  const copy = Buffer.from(log)
  copy[offset] = (copy[offset] ?? 0) ^ 0x10
  return copy
}

describe.each([false, true])('a log (of a file used before: %s)', (reused) => {
  const TRANSACTIONS = 5

  test('that is whole, or ends anywhere, is not damaged', () => {
    const log = logOf(TRANSACTIONS, reused)
    expect(log.length).toBeGreaterThanOrEqual(32 + TRANSACTIONS * FRAME)
    expect(readWal(log).isDamaged).toBe(false)
    for (let end = 0; end < log.length; end += 997)
      expect(readWal(log.subarray(0, end)).isDamaged).toBe(false)
    expect(readWal(new Uint8Array()).isDamaged).toBe(false)
    expect(readWal(log.fill(0, 0, 32)).isDamaged).toBe(false)
  })

  test('of which the last transaction did not reach the disk is not damaged', () => {
    const log = logOf(TRANSACTIONS, reused)
    const last = 32 + (TRANSACTIONS - 1) * FRAME
    for (const offset of [last, last + 8, last + 20, last + 24, last + 4000]) {
      expect(readWal(spoilt(log, offset)).isDamaged).toBe(false)
    }
  })

  test('of which an earlier transaction is spoilt is damaged', () => {
    const log = logOf(TRANSACTIONS, reused)
    for (let transaction = 0; transaction < TRANSACTIONS - 2; transaction++) {
      const start = 32 + transaction * FRAME
      for (const offset of [start, start + 4, start + 9, start + 17, start + 24, start + FRAME - 1]) {
        expect(readWal(spoilt(log, offset)).isDamaged, `offset ${offset}`).toBe(true)
      }
    }
  })

  test('with a spoilt header is damaged', () => {
    const log = logOf(TRANSACTIONS, reused)
    for (let offset = 0; offset < 32; offset++) expect(readWal(spoilt(log, offset)).isDamaged).toBe(true)
  })
})

describe('a log of a machine that loses its power again and again', () => {
  const TABLES = 12
  const HEADER = 32

  interface Image {
    readonly database: Buffer
    readonly log: Buffer
  }

  /** What is on the disk after `use`, as a process leaves it that is killed. What it was before is given. */
  function killedAfter(before: Image | null, use: (database: DatabaseSync) => void): Image {
    const path = newPath()
    if (before !== null) {
      writeFileSync(path, before.database)
      writeFileSync(`${path}-wal`, before.log)
    }
    const database = new DatabaseSync(path)
    use(database)
    const after = { database: readFileSync(path), log: readFileSync(`${path}-wal`) }
    database.close()
    return after
  }

  /** A transaction that takes as many frames, and inserts a number that no other does. */
  function transaction(frames: number, number: number) {
    return (database: DatabaseSync) => {
      database.exec('pragma synchronous = full; begin')
      for (let table = 0; table < frames; table++) database.exec(`insert into t${table} values (${number})`)
      database.exec('commit')
    }
  }

  const first = () =>
    killedAfter(null, (database) => {
      database.exec('pragma journal_mode = wal')
      for (let table = 0; table < TABLES; table++) database.exec(`create table t${table} (n integer)`)
      database.exec('pragma wal_checkpoint(truncate)')
      for (let count = 0; count < 3; count++) transaction(1, count)(database)
    })

  /** The image with the frames given (counted from 0) as they were before, that is not written. */
  function torn(before: Image, after: Image, frames: readonly number[]): Image {
    const log = Buffer.from(after.log)
    const old = Buffer.concat([before.log, Buffer.alloc(log.length)])
    for (const frame of frames) {
      const start = HEADER + frame * FRAME
      old.copy(log, start, start, start + FRAME)
    }
    return { database: after.database, log }
  }

  function rowsOf(image: Image): number[] {
    const rows: number[] = []
    killedAfter(image, (database) => {
      rows.push(
        ...database
          .prepare('select n from t0 order by rowid')
          .all()
          .map((row) => Number(row.n)),
      )
      expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
    })
    return rows
  }

  test('is not damaged, though ends of several transactions are left behind the first bad frame', () => {
    let image = first()
    // Each loses its first frames, and the next is written over it.
    image = torn(image, killedAfter(image, transaction(10, 10)), [3])
    expect(readWal(image.log).isDamaged).toBe(false)
    image = killedAfter(image, transaction(2, 11))
    expect(readWal(image.log).isDamaged).toBe(false)
    image = torn(image, killedAfter(image, transaction(5, 12)), [5, 6])
    expect(readWal(image.log).isDamaged).toBe(false)
    image = torn(image, killedAfter(image, transaction(3, 13)), [5])
    expect(readWal(image.log).isDamaged).toBe(false)
    expect(rowsOf(image)).toEqual([0, 1, 2, 11])
  })

  test('is not damaged, whatever frames of the last transactions reached the disk', () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: TABLES }), fc.integer({ min: 0, max: 4095 })), {
      minLength: 1,
      maxLength: 5,
    })
    const start = first()
    fc.assert(
      fc.property(sizes, (crashes) => {
        let image = start
        let frames = 3
        const confirmed = [0, 1, 2]
        for (const [crash, [size, lost]] of crashes.entries()) {
          const missing = Array.from({ length: size }, (_, index) => index).filter(
            (index) => (lost >> index) & 1,
          )
          const after = killedAfter(image, transaction(size, 10 + crash))
          image = torn(
            image,
            after,
            missing.map((index) => frames + index),
          )
          expect(readWal(image.log).isDamaged).toBe(false)
          if (missing.length === 0) {
            frames += size
            confirmed.push(10 + crash)
          }
        }
        expect(rowsOf(image)).toEqual(confirmed)
        // But what was confirmed may not be lost.
        const spoiltLog = spoilt(image.log, HEADER + 100)
        expect(readWal(spoiltLog).isDamaged).toBe(true)
      }),
      { numRuns: 40 },
    )
  })
})
