import { onTestFinished } from 'vitest'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { describeAuditTampering } from './audit-tampering.ts'
import { connectTo, newPath } from './sqlite-file.ts'

describeAuditTampering('SQLite', async () => {
  const path = newPath()
  return {
    async open(clock) {
      const store = await openSqliteStore({ path, clock })
      onTestFinished(() => store.close())
      return store
    },
    query: async (sql) => connectTo(path).prepare(sql).all(),
  }
})
