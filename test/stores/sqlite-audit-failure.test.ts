import { expect, onTestFinished, test, vi } from 'vitest'
import type { AuditEvent } from '../../src/store/audit.ts'
import { StoreConflict, StoreUnavailable } from '../../src/store/errors.ts'
import { type Operation, record } from '../../src/stores/sql/operation.ts'
import { connectionOf } from '../../src/stores/sqlite/connection.ts'
import { runAll, runGuarded } from '../../src/stores/sqlite/transaction.ts'
import { auditEvent, eventsOf } from './conformance/audit.ts'
import { auditDigest, issued, NOW, successorOf, tenantRow, write } from './conformance/fixture.ts'
import { connectTo, newPath, openWithConnection } from './sqlite-file.ts'

const LARGE = 'x'.repeat(3_000_000)

test('T162 an event whose transaction fails is not kept, what was noted is kept with the next, and the log stays whole', async () => {
  const { store, connection } = await openWithConnection(newPath())
  store.startAudit({ digest: auditDigest })
  const { key } = await issued(store)
  await store.saveTenant(tenantRow(), auditEvent({ object: 'before' }))
  const pages = Number(connection.prepare('pragma page_count').get()?.page_count)
  connection.exec(`pragma max_page_count = ${pages}`)
  store.noteEvent(auditEvent({ object: 'noted' }))
  const event = auditEvent({ object: 'failed', details: LARGE })
  await expect(store.revokeToken(key, NOW, event)).rejects.toThrow(StoreUnavailable)
  expect((await store.findToken(key))?.revokedAt).toBeNull()
  expect((await eventsOf(store)).map(({ object }) => object)).toEqual(['before'])

  connection.exec('pragma max_page_count = 1073741823')
  expect(await store.revokeToken(key, NOW, auditEvent({ object: 'again' }))).toBe(true)
  expect((await eventsOf(store)).map(({ object }) => object)).toEqual(['noted', 'again', 'before'])
  expect(await store.verifyAudit([])).toMatchObject({ records: 2, faults: [] })
})

test('T162 an event goes with the write that is taken back alone, and those of its neighbours stay', async () => {
  const { store } = await openWithConnection(newPath())
  store.startAudit({ digest: auditDigest })
  const parent = await issued(store)
  const broken = { ...successorOf(parent, store.nextKey()), surface: null as never }
  const spend = { key: parent.key, now: NOW }
  const [, failed] = await Promise.allSettled([
    store.saveTenant(tenantRow(), auditEvent({ object: 'first' })),
    store.issue(write({ spend, row: broken, event: auditEvent({ object: 'failed' }) })),
    store.saveTenant(tenantRow(), auditEvent({ object: 'second' })),
  ])
  expect(failed.status).toBe('rejected')
  expect((await eventsOf(store)).map(({ object }) => object)).toEqual(['second', 'first'])
})

test('T162 an event that an operation told of before it failed is not kept', () => {
  const connection = connectionOf(connectTo(newPath()))
  connection.execute('begin')
  const events: AuditEvent[] = []
  function* failing(): Operation<void> {
    yield* record(auditEvent({ object: 'failed' }))
    throw new StoreConflict('changed', 'afterwards')
  }
  const batch = [{ operation: () => record(auditEvent({ object: 'done' })) }, { operation: failing }]
  const error = expect.any(StoreConflict)
  expect(runAll(connection, batch, events)).toEqual([{ value: undefined }, { error }])
  expect(runGuarded(connection, failing, events)).toEqual({ error })
  expect(events.map(({ object }) => object)).toEqual(['done'])
})

test('T162 a transaction takes one record a tenant, and none without events', async () => {
  const path = newPath()
  const { store } = await openWithConnection(path)
  store.startAudit({ digest: auditDigest })
  await store.saveTenant(tenantRow())
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      store.saveTenant(tenantRow(), auditEvent({ tenant: index % 2 === 0 ? 'even' : 'odd' })),
    ),
  )
  const records = connectTo(path).prepare('select tenant from audit order by key').all()
  expect(records).toEqual([{ tenant: 'even' }, { tenant: 'odd' }])
})

test('T162 a clock that goes back while nothing runs does no harm', async () => {
  const path = newPath()
  for (const aheadMs of [86_400_000, 0]) {
    const { store } = await openWithConnection(path, { clock: () => NOW * 1000 + aheadMs })
    store.startAudit({ digest: auditDigest })
    await store.saveTenant(tenantRow(), auditEvent({ object: String(aheadMs) }))
    expect((await eventsOf(store))[0]?.object).toBe(String(aheadMs))
    expect((await store.verifyAudit([])).faults).toEqual([])
    await store.close()
  }
})

test('an event before the log was started is a bug, and nothing of its transaction is kept', async () => {
  const { store } = await openWithConnection(newPath())
  await expect(store.saveTenant(tenantRow(), auditEvent())).rejects.toThrow(StoreUnavailable)
  expect(await store.listTenants()).toEqual([])
})

test('what is noted faster than it can be written is counted, and told of', async () => {
  const { store } = await openWithConnection(newPath())
  store.startAudit({ digest: auditDigest })
  for (let count = 0; count < 10_007; count++) store.noteEvent(auditEvent())
  await store.saveTenant(tenantRow())
  expect(await eventsOf(store, { types: ['audit.suppress'] })).toMatchObject([
    { tenant: null, actor: 'server', details: '7 events, because too many waited to be written' },
  ])
})

test('what is noted is written at once where nothing else is, however much there is of it', async () => {
  const { store } = await openWithConnection(newPath())
  store.startAudit({ digest: auditDigest })
  for (let slice = 0; slice < 200; slice++) {
    for (let count = 0; count < 60; count++) store.noteEvent(auditEvent())
    await new Promise(setImmediate)
  }
  const kept = async () => (await store.verifyAudit([])).events
  await expect.poll(kept, { timeout: 10_000 }).toBeGreaterThanOrEqual(12_000)
  expect(await eventsOf(store, { types: ['audit.suppress'] })).toEqual([])
})

test('what is noted after the store was closed is lost, and tried by no timer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { store } = await openWithConnection(newPath())
  store.startAudit({ digest: auditDigest })
  await store.close()
  store.noteEvent(auditEvent())
  for (let count = 0; count < 1000; count++) store.noteEvent(auditEvent())
  await new Promise(setImmediate)
  expect(vi.getTimerCount()).toBe(0)
})
