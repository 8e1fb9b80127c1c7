import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

/** A primary server, and a hot standby that streams from it. */
export interface PostgresPair {
  readonly primary: PostgresServer
  readonly standby: PostgresServer
  /** The URL of the same database on the standby. */
  onStandby(url: string): string
  /** Resolves when all that the primary has written until now is on the disk of the standby. */
  caughtUp(): Promise<void>
  /** Ends the recovery of the standby, which takes writes from then on. */
  promote(): Promise<void>
  remove(): Promise<void>
}

const NAME = 'standby'

/** Starts both. Synchronous: the primary confirms no commit that is not on the disk of the standby. */
export async function startPostgresPair({ synchronous }: { synchronous: boolean }): Promise<PostgresPair> {
  const primary = await startPostgres(synchronous ? { synchronous_standby_names: NAME } : {})
  const standby = await startPostgres({
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres application_name=${NAME}`,
  })
  const urlOf = ({ port }: PostgresServer) => `postgres://postgres@127.0.0.1:${port}/postgres`

  async function until(sql: string): Promise<void> {
    while ((await primary.query(urlOf(primary), sql)).length === 0) await sleep(10)
  }

  // A copy of a server that was stopped in order is a base backup.
  await Promise.all([primary.stop(), standby.stop()])
  rmSync(standby.data, { recursive: true })
  execFileSync('cp', ['-a', primary.data, standby.data])
  writeFileSync(`${standby.data}/standby.signal`, '')
  await primary.start()
  await standby.start()
  await until(
    `select from pg_stat_replication where state = 'streaming' and sync_state = '${synchronous ? 'sync' : 'async'}'`,
  )
  return {
    primary,
    standby,
    onStandby: (url) => url.replace(`:${primary.port}/`, `:${standby.port}/`),
    async caughtUp() {
      const [{ at } = {}] = await primary.query(urlOf(primary), 'select pg_current_wal_insert_lsn() as at')
      await until(`select from pg_stat_replication where flush_lsn >= '${at}'`)
    },
    async promote() {
      await standby.query(urlOf(standby), 'select pg_promote()')
    },
    async remove() {
      await Promise.all([primary.remove(), standby.remove()])
    },
  }
}
