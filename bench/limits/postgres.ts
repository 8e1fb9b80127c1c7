import pg from 'pg'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import type { Limit } from './limit.ts'
import { GROUP, storeWrites } from './sqlite.ts'

/** As `sqliteInserts`, by one statement of many rows a transaction, over one connection. */
export async function postgresInserts(url: string): Promise<Limit> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(
    'create table bench_rows (key bigint primary key, client text, issued_at bigint, expires_at bigint, hash bytea)',
  )
  const text = `insert into bench_rows select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[])`
  const hash = Buffer.alloc(32, 1)
  const repeated = <T>(value: T) => Array<T>(GROUP).fill(value)
  const [clients, times, ends, hashes] = [
    repeated('client'),
    repeated(1_800_000_000),
    repeated(1_800_003_600),
    repeated(hash),
  ]
  let last = 0
  return {
    async work() {
      const keys = Array.from({ length: GROUP }, () => ++last)
      await client.query({ name: 'insert', text, values: [keys, clients, times, ends, hashes] })
      return GROUP
    },
    async end() {
      // A store refuses a database with tables of others.
      await client.query('drop table bench_rows')
      await client.end()
    },
  }
}

/** As `sqliteWrites`. */
export async function postgresWrites(url: string): Promise<Limit> {
  return storeWrites(await openPostgresStore({ url, clock: Date.now }))
}
