import { onTestFinished } from 'vitest'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import { openSession } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { describeAuditTampering } from './audit-tampering.ts'

const server = sharedPostgres({ fsync: 'off' })

describeAuditTampering('PostgreSQL', async () => {
  const url = await server.createDatabase()
  return {
    async open(clock) {
      const store = await openPostgresStore({ url, clock, connections: 3 })
      onTestFinished(() => store.close())
      return store
    },
    async query(sql) {
      const session = await openSession(url)
      onTestFinished(() => session.end())
      return await session.query(sql)
    },
  }
})
