import { describeAuditTampering } from './audit-tampering.ts'
import { connectTo, newPath, openStore } from './sqlite-file.ts'

describeAuditTampering('SQLite', async () => {
  const path = newPath()
  return {
    open: (clock) => openStore(path, { clock }),
    query: async (sql) => connectTo(path).prepare(sql).all(),
  }
})
