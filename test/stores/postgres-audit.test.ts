import { onTestFinished } from 'vitest'
import { openSession } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { describeAuditTampering } from './audit-tampering.ts'
import { openStore } from './postgres-store.ts'

const server = sharedPostgres({ fsync: 'off' })

describeAuditTampering('PostgreSQL', async () => {
  const url = await server.createDatabase()
  return {
    // Hundreds of writes at once take their time on a busy machine.
    open: (clock) => openStore({ url, clock, connections: 3, timeoutMs: 20_000 }),
    async query(sql) {
      const session = await openSession(url)
      onTestFinished(() => session.end())
      return await session.query(sql)
    },
  }
})
