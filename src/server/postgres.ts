import { SILENT_LOG } from '../log/log.ts'
import type { Clock } from '../protocol/time.ts'
import { migratePostgres, openPostgresStore, readPostgresSchema } from '../stores/postgres/database.ts'
import { createDatabaseTime } from '../stores/postgres/database-time.ts'
import { messageOf } from '../stores/postgres/failure.ts'
import type { DatabaseConfig, DatabaseKind, OpenStore, StoreContext } from './database-kind.ts'

/** A server that many nodes share. */
export const POSTGRES: DatabaseKind = {
  open: openPostgres,
  readSchema: (config, clock) => readPostgresSchema(optionsOf(config, clock)),
  migrate: (config, clock) => migratePostgres(optionsOf(config, clock)),
}

/** How far a clock may be off before the operator is told. */
const TOLD_CLOCK_ERROR_MS = 5000

async function openPostgres(config: DatabaseConfig, context: StoreContext): Promise<OpenStore> {
  const { log = SILENT_LOG, metrics, afterRequests } = context
  const time = context.clock === undefined ? createDatabaseTime() : null
  const clock = time?.clock ?? context.clock ?? Date.now
  const store = await openPostgresStore({
    ...optionsOf(config, clock),
    migrate: config.databaseMigration === 'automatic',
    listenUrl: config.databaseListen?.reveal(),
    connections: config.databaseConnections,
    timeoutMs: config.databaseTimeoutSeconds * 1000,
    observer: metrics?.store,
    afterRequests,
    onWarning: (message, cause) => log.warn(message, cause === undefined ? {} : { cause: messageOf(cause) }),
    onTime: time?.observe,
  })
  const aheadMs = Date.now() - clock()
  if (time !== null && Math.abs(aheadMs) > TOLD_CLOCK_ERROR_MS) {
    const seconds = Math.round(aheadMs / 1000)
    log.warn('the clock of this machine is not that of the database, which counts: set both', { seconds })
  }
  return { store, clock }
}

function optionsOf({ database, databaseStatements }: DatabaseConfig, clock: Clock) {
  return { url: database.reveal(), clock, namedStatements: databaseStatements === 'named' }
}
