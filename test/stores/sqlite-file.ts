import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished, vi } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../src/stores/sqlite/database.ts'
import { newDirectory } from '../directory.ts'
import { NOW } from './conformance/fixture.ts'

export const clock = () => NOW * 1000

/** A path in a directory of its own, which goes with the test. */
export function newPath(): string {
  return join(newDirectory(), 'mintkeeper.db')
}

/** A store that closes with the test. */
export async function openStore(path: string, options: Partial<SqliteStoreOptions> = {}): Promise<Store> {
  const store = await openSqliteStore({ path, clock, ...options })
  onTestFinished(() => store.close())
  return store
}

/** A connection of another program, which closes with the test. */
export function connectTo(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  return database
}

/** Also gives the store's own connection, to ask and to hinder it, and the statements it prepares. */
export async function openWithConnection(path: string, options: Partial<SqliteStoreOptions> = {}) {
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare')
  onTestFinished(() => prepare.mockRestore())
  const store = await openStore(path, options)
  const connection = prepare.mock.contexts.at(-1) as DatabaseSync
  return { store, connection, prepare }
}
