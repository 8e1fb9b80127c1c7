import { onTestFinished } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { openPostgresStore, type PostgresStoreOptions } from '../../src/stores/postgres/database.ts'
import type { PostgresServer } from '../postgres/server.ts'

/** A store that closes with the test, if not before. That a server of tests does not flush is no news. */
export async function openStore({ onWarning, ...options }: PostgresStoreOptions): Promise<Store> {
  const store = await openPostgresStore({
    ...options,
    onWarning(message, cause) {
      if (!message.includes('fsync=off')) onWarning?.(message, cause)
    },
  })
  let isOpen = true
  const close = async () => {
    if (isOpen) await store.close()
    isOpen = false
  }
  onTestFinished(close)
  return { ...store, close }
}

/** What partitions the tokens of a database have: days, months and years such as `20260101`, in order, and `default`. */
export async function partitionsOf(server: PostgresServer, url: string): Promise<readonly string[]> {
  const rows = await server.query(
    url,
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'tokens'::regclass order by 1",
  )
  return rows.map(({ name }) => (name as string).replace('tokens_', ''))
}
