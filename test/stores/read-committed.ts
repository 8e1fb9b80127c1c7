/**
 * A database that commits every statement and lets others commit between any two of one operation: as much as an
 * operation may assume of isolation (`src/stores/sql/operation.ts`).
 */
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { createAuditJournal } from '../../src/stores/sql/audit-journal.ts'
import { KEEP_NOTHING } from '../../src/stores/sql/kept-rows.ts'
import { isRecordedEvent, type SqlDriver } from '../../src/stores/sql/operation.ts'
import { createSqlStore } from '../../src/stores/sql/store.ts'
import { connectionOf } from '../../src/stores/sqlite/connection.ts'
import { migrateSqlite } from '../../src/stores/sqlite/database.ts'
import { clock, newPath } from './sqlite-file.ts'

export interface Interleaved {
  readonly driver: SqlDriver
  readonly store: Store
  /**
   * Has `other` done before the next operation that has so many sends its statement number `before`, counted from 0.
   * What that operation wrote is not taken back when it throws, so look at its outcome.
   */
  interleave(before: number, other: () => Promise<unknown>): void
}

export async function openInterleaved(): Promise<Interleaved> {
  const path = newPath()
  await migrateSqlite({ path, clock })
  const database = new DatabaseSync(path)
  onTestFinished(() => database.close())
  const connection = connectionOf(database)
  let next: { readonly before: number; readonly other: () => Promise<unknown> } | null = null
  const driver: SqlDriver = {
    generationOf: KEEP_NOTHING,
    currentGenerationOf: KEEP_NOTHING,
    read: async (sql, parameters) => connection.run({ sql, parameters, returns: 'rows' }) as never,
    async write(operation) {
      const running = operation()
      let step = running.next()
      for (let count = 0; step.done !== true; count++) {
        if (count === next?.before) {
          const { other } = next
          next = null
          await other()
        }
        if (isRecordedEvent(step.value)) throw new Error('there is no audit log here')
        step = running.next(connection.run(step.value))
      }
      return step.value
    },
    writeTogether: (operation) => driver.write(operation),
  }
  let key = 0
  const store = createSqlStore({
    driver,
    journal: createAuditJournal(),
    nextKey: () => ++key,
    lane: 0,
    statistics: () => ({ transactions: 0, writes: 0, waiting: 0, logBytes: null, pool: null }),
    readBytes: async () => ({ bytes: null, freeBytes: null }),
    close: async () => {},
  })
  return {
    driver,
    store,
    interleave(before, other) {
      next = { before, other }
    },
  }
}
