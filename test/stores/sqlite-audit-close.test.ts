import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { auditEvent } from './conformance/audit.ts'
import { auditDigest } from './conformance/fixture.ts'

test('what was noted is written when the database is closed, however much it is', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-audit-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  async function open() {
    const store = await openSqliteStore({ path: join(directory, 'mintkeeper.db'), clock: Date.now })
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
