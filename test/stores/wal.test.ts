import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isWalDamaged } from '../../src/stores/sqlite/wal.ts'
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
    expect(isWalDamaged(log)).toBe(false)
    for (let end = 0; end < log.length; end += 997) expect(isWalDamaged(log.subarray(0, end))).toBe(false)
    expect(isWalDamaged(new Uint8Array())).toBe(false)
    expect(isWalDamaged(log.fill(0, 0, 32))).toBe(false)
  })

  test('of which the last transaction did not reach the disk is not damaged', () => {
    const log = logOf(TRANSACTIONS, reused)
    const last = 32 + (TRANSACTIONS - 1) * FRAME
    for (const offset of [last, last + 8, last + 20, last + 24, last + 4000]) {
      expect(isWalDamaged(spoilt(log, offset))).toBe(false)
    }
  })

  test('of which an earlier transaction is spoilt is damaged', () => {
    const log = logOf(TRANSACTIONS, reused)
    for (let transaction = 0; transaction < TRANSACTIONS - 2; transaction++) {
      const start = 32 + transaction * FRAME
      for (const offset of [start, start + 4, start + 9, start + 17, start + 24, start + FRAME - 1]) {
        expect(isWalDamaged(spoilt(log, offset)), `offset ${offset}`).toBe(true)
      }
    }
  })

  test('with a spoilt header is damaged', () => {
    const log = logOf(TRANSACTIONS, reused)
    for (let offset = 0; offset < 32; offset++) expect(isWalDamaged(spoilt(log, offset))).toBe(true)
  })
})
