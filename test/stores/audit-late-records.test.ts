import { expect, test } from 'vitest'
import { type AuditReader, createAuditReader } from '../../src/stores/sql/audit-records.ts'
import { verifyRecords } from '../../src/stores/sql/audit-verification.ts'
import { auditEvent } from './conformance/audit.ts'
import { auditDigest, NOW, tenantRow } from './conformance/fixture.ts'
import { connectTo, newPath, openStore } from './sqlite-file.ts'

/** A reader that has passed by where some records are when these are committed. */
function passesBy(reader: AuditReader, late: readonly string[]): AuditReader {
  return {
    ...reader,
    async *all() {
      for await (const record of reader.all()) {
        if (!late.some((object) => record.events.includes(`"${object}"`))) yield record
      }
    },
  }
}

test.each([[['b1']], [['b2']], [['b1', 'b2', 'b3']], [['a2', 'b3']], [['a5']]])(
  'T162 records that another node commits after a later one was looked at are no faults: %j',
  async (late) => {
    const path = newPath()
    let nowMs = NOW * 1000
    async function open() {
      const store = await openStore(path, { clock: () => nowMs })
      store.startAudit({ digest: auditDigest })
      return async (...objects: readonly string[]) => {
        for (const object of objects) await store.saveTenant(tenantRow(), auditEvent({ object }))
      }
    }
    const [one, two] = [await open(), await open()]
    await one('a1', 'a2', 'a3', 'a4')
    await two('b1', 'b2', 'b3')
    nowMs += 61_000
    await one('a5', 'a6')
    const database = connectTo(path)
    const reader = createAuditReader({
      async read(sql, parameters) {
        const statement = database.prepare(sql)
        statement.setReturnArrays(true)
        return statement.all(...parameters) as never
      },
    })
    const report = await verifyRecords(passesBy(reader, late), auditDigest, [])
    expect(report).toEqual({ records: 9, events: 9, faults: [] })
  },
)
