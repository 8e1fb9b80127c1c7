import { afterAll, beforeAll } from 'vitest'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import { type PostgresServer, startPostgres } from '../postgres/server.ts'
import { describeStore } from './conformance.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ fsync: 'off' })
})
afterAll(() => server.remove())

describeStore('PostgreSQL', async (clock) =>
  openPostgresStore({ url: await server.createDatabase(), clock, dropsPartitions: false }),
)
