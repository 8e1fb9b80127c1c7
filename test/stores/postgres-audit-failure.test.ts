import { expect, onTestFinished, test } from 'vitest'
import { type Connection, connect } from '../../src/stores/postgres/connection.ts'
import { createTranslation } from '../../src/stores/postgres/statement.ts'
import { runTransaction } from '../../src/stores/postgres/transaction.ts'
import { createAuditJournal } from '../../src/stores/sql/audit-journal.ts'
import { type Operation, record } from '../../src/stores/sql/operation.ts'
import { openSession } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { auditEvent, eventsOf } from './conformance/audit.ts'
import { auditDigest, inParallel, issued, NOW, tenantRow } from './conformance/fixture.ts'
import { openStore } from './postgres-store.ts'

const server = sharedPostgres({ fsync: 'off' })

async function open() {
  const url = await server.createDatabase()
  const store = await openStore({ url, clock: Date.now, connections: 5 })
  store.startAudit({ digest: auditDigest })
  const other = await openSession(url)
  onTestFinished(() => other.end())
  return { url, store, other }
}

test('T162 if a record can not be written nothing of its transaction is kept, what was noted is kept with the next, and the log stays whole', async () => {
  const { store, other } = await open()
  const { key } = await issued(store)
  await store.saveTenant(tenantRow(), auditEvent({ object: 'before' }))
  await other.query(`alter table audit add constraint hindered check (events not like '%hindered%')`)
  store.noteEvent(auditEvent({ object: 'noted' }))
  await expect(store.revokeToken(key, NOW, auditEvent({ object: 'hindered' }))).rejects.toThrow()
  expect((await store.findToken(key))?.revokedAt).toBeNull()
  expect(await store.revokeToken(key, NOW, auditEvent({ object: 'again' }))).toBe(true)
  expect((await eventsOf(store)).map(({ object }) => object)).toEqual(['noted', 'again', 'before'])
  expect((await store.verifyAudit([])).faults).toEqual([])
})

test('T162 the log is whole though sessions are cut at any moment, and tells of what was done and of nothing else', async () => {
  const { store, other } = await open()
  const rows = await inParallel(300, () => issued(store))
  let isRevoking = true
  const revoking = Promise.allSettled(
    rows.map(async ({ key }, index) => {
      await new Promise((resolve) => setTimeout(resolve, index % 100))
      await store.revokeToken(key, NOW, auditEvent({ object: String(key) }))
    }),
  ).finally(() => {
    isRevoking = false
  })
  while (isRevoking) {
    await other.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'mintkeeper' and query like 'insert into audit%' or query = 'commit'`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await revoking
  await expect.poll(() => store.check().then(() => true)).toBe(true)
  expect((await store.verifyAudit([])).faults).toEqual([])
  const told = new Set((await eventsOf(store)).map(({ object }) => object))
  for (const { key } of rows) {
    const isRevoked = (await store.findToken(key))?.revokedAt !== null
    expect(told.has(String(key)), String(key)).toBe(isRevoked)
  }
})

test('T162 records are sent together with the commit, at no round trip of their own, without those of operations that failed', async () => {
  const { store, url } = await open()
  const session = await connect(
    { url, timeoutMs: 5000, named: true, translate: createTranslation() },
    () => {},
  )
  onTestFinished(() => session.close())
  const told: string[] = []
  const connection: Connection = {
    ...session,
    async run(statement) {
      told.push(`sent ${statement.sql.slice(0, 11)}`)
      const result = await session.run(statement)
      told.push(`answered ${statement.sql.slice(0, 11)}`)
      return result
    },
    async execute(commands) {
      told.push(`sent ${commands}`)
      return await session.execute(commands)
    },
  }
  const journal = createAuditJournal()
  journal.start({ digest: auditDigest, nextKey: store.nextKey })
  const audit = journal.openChain()
  const operations = [() => record(auditEvent()), () => record(auditEvent({ tenant: 'other' }))]
  await runTransaction(connection, { begin: 'begin', operations, audit })
  told.length = 0
  await runTransaction(connection, { begin: 'begin', operations, audit })
  expect(told.slice(0, 4)).toEqual(['sent begin', 'sent insert into', 'sent insert into', 'sent commit'])
  expect(await eventsOf(store)).toHaveLength(4)
  function* failing(): Operation<void> {
    yield* record(auditEvent({ object: 'failed' }))
    throw new Error('afterwards')
  }
  await runTransaction(connection, { begin: 'begin', operations: [...operations, failing], audit })
  expect(await eventsOf(store)).toHaveLength(6)
  told.length = 0
  await runTransaction(connection, { begin: 'begin', operations: [() => record(null)], audit })
  expect(told).toEqual(['sent begin', 'sent commit'])
})
