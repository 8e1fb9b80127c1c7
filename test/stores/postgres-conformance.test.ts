import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { describeStore } from './conformance.ts'

const server = sharedPostgres({ fsync: 'off' })

describeStore('PostgreSQL', async (clock) =>
  openPostgresStore({ url: await server.createDatabase(), clock, dropsPartitions: false }),
)
