import { expect, test } from 'vitest'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { auditEvent } from './conformance/audit.ts'
import { auditDigest } from './conformance/fixture.ts'
import { newPath } from './sqlite-file.ts'

test('what was noted is written when the database is closed, however much it is', async () => {
  const path = newPath()
  async function open() {
    const store = await openSqliteStore({ path, clock: Date.now })
    store.startAudit({ digest: auditDigest })
    return store
  }
  const store = await open()
  for (let count = 0; count < 3000; count++) store.noteEvent(auditEvent())
  await store.close()
  const next = await open()
  expect(await next.verifyAudit([])).toMatchObject({ events: 3000, faults: [] })
  await next.close()
})
