import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Store } from '../../src/store/store.ts'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { tokenRow } from '../row.ts'
import type { Limit } from './limit.ts'

/** As many as there are connections by default. */
export const GROUP = 32

/** Rows of a key, three short columns and a hash, at the right edge of a table without indexes, flushed in groups. */
export function sqliteInserts(directory: string): Limit {
  const database = new DatabaseSync(join(directory, 'inserts.db'))
  database.exec('pragma journal_mode = wal; pragma synchronous = full')
  database.exec(
    'create table rows (key integer primary key, client text, issued_at integer, expires_at integer, hash blob) strict',
  )
  const insert = database.prepare('insert into rows values (?, ?, ?, ?, ?)')
  const begin = database.prepare('begin immediate')
  const commit = database.prepare('commit')
  const hash = new Uint8Array(32).fill(1)
  let key = 0
  return {
    work() {
      begin.run()
      for (let count = 0; count < GROUP; count++)
        insert.run(++key, 'client', 1_800_000_000, 1_800_003_600, hash)
      commit.run()
      return GROUP
    },
    end: () => database.close(),
  }
}

/** Tokens issued by the server's own store, without anything around it. */
export async function sqliteWrites(directory: string): Promise<Limit> {
  return storeWrites(await openSqliteStore({ path: join(directory, 'store.db'), clock: Date.now }))
}

export function storeWrites(store: Store): Limit {
  const row = tokenRow(0, 0)
  return {
    async work() {
      const writes = Array.from({ length: GROUP }, () =>
        store.issue({ spend: null, extend: null, row: { ...row, key: store.nextKey() }, rehash: null }),
      )
      await Promise.all(writes)
      return GROUP
    },
    end: () => store.close(),
  }
}
