/** What the audit log must find out, in whatever database it is: what somebody changed who has no key. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { AuditHead, AuditReport } from '../../src/store/audit.ts'
import type { Store } from '../../src/store/store.ts'
import { auditEvent, eventsOf } from './conformance/audit.ts'
import { auditDigest, inParallel, NOW, tenantRow } from './conformance/fixture.ts'

/** A database that several nodes share, and that somebody else can change. */
export interface AuditedDatabase {
  /** A node with one connection that writes. */
  open(clock: () => number): Promise<Store>
  query(sql: string): Promise<readonly Record<string, unknown>[]>
}

const DAY_MS = 86_400_000
const DIGEST = 'A'.repeat(43)

interface Node {
  readonly store: Store
  readonly heads: AuditHead[]
}

interface Site {
  readonly one: Node
  readonly two: Node
  readonly query: AuditedDatabase['query']
  /** Moves the clock of all nodes. */
  wait(ms: number): void
  now(): number
  node(): Promise<Node>
}

async function openSite(database: AuditedDatabase): Promise<Site> {
  let nowMs = NOW * 1000
  async function node(): Promise<Node> {
    const store = await database.open(() => nowMs)
    const heads: AuditHead[] = []
    store.startAudit({ digest: auditDigest, onHead: (head) => heads.push(head) })
    return { store, heads }
  }
  return {
    one: await node(),
    two: await node(),
    query: database.query,
    wait(ms) {
      nowMs += ms
    },
    now: () => nowMs,
    node,
  }
}

/** One record an event, by one node. */
async function keep({ store }: Node, ...objects: readonly string[]): Promise<void> {
  for (const object of objects) await store.saveTenant(tenantRow(), auditEvent({ object }))
}

async function keysOf({ query }: Site, object: string): Promise<number> {
  const [row] = await query(`select key from audit where events like '%"${object}"%'`)
  return Number(row?.key)
}

function kinds({ faults }: AuditReport): readonly string[] {
  return faults.map(({ kind }) => kind)
}

export function describeAuditTampering(name: string, openDatabase: () => Promise<AuditedDatabase>): void {
  const openFilled = async () => {
    const site = await openSite(await openDatabase())
    await keep(site.one, 'a1', 'a2', 'a3', 'a4')
    await keep(site.two, 'b1', 'b2')
    site.wait(61_000)
    await keep(site.one, 'a5', 'a6')
    return site
  }

  describe(`T162 the audit log in ${name}`, () => {
    test('is whole, with several nodes, events of several tenants and notes', async () => {
      const site = await openFilled()
      const stores = [site.one.store, site.two.store]
      await inParallel(60, async (index) => {
        const store = stores[index % 2] as Store
        const tenant = ['acme', 'other', null][index % 3] as string | null
        store.noteEvent(auditEvent({ tenant }))
        await store.saveTenant(tenantRow(), auditEvent({ tenant }))
      })
      const report = await site.one.store.verifyAudit([...site.one.heads, ...site.two.heads])
      expect(report).toMatchObject({ events: 128, faults: [] })
      expect((await eventsOf(site.two.store)).length).toBe(128)
    })

    test.each([
      ['a changed event', `update audit set events = replace(events, '"ok"', '"no"') where key = KEY`],
      ['an event that was taken out', `update audit set events = '[]' where key = KEY`],
      ['a record moved to another tenant', `update audit set tenant = 'acne' where key = KEY`],
      ['a record moved to another time', 'update audit set key = key - 1000000 where key = KEY'],
      ['a record of another chain', 'update audit set chain = chain + 1 where key = KEY'],
      ['a record with a digest of its own', `update audit set digest = '${DIGEST}' where key = KEY`],
      ['a record that forgets the one before', 'update audit set previous_key = null where key = KEY'],
    ])('finds %s', async (_, sql) => {
      const site = await openFilled()
      const key = await keysOf(site, 'a2')
      await site.query(sql.replace('KEY', String(key)))
      const { faults } = await site.one.store.verifyAudit([])
      expect(faults[0]?.kind).toBe('changed')
    })

    test('finds two records that were swapped', async () => {
      const site = await openFilled()
      const [one, other] = [await keysOf(site, 'a2'), await keysOf(site, 'b2')]
      await site.query(`update audit set key = 1 where key = ${one}`)
      await site.query(`update audit set key = ${one} where key = ${other}`)
      await site.query(`update audit set key = ${other} where key = 1`)
      expect(kinds(await site.one.store.verifyAudit([]))).toEqual(['changed', 'changed'])
    })

    test('finds two records whose contents were swapped', async () => {
      const site = await openFilled()
      const [one, other] = [await keysOf(site, 'a2'), await keysOf(site, 'a3')]
      const [{ events } = {}] = await site.query(`select events from audit where key = ${one}`)
      await site.query(
        `update audit set events = (select events from audit where key = ${other}) where key = ${one}`,
      )
      await site.query(`update audit set events = '${events}' where key = ${other}`)
      expect(kinds(await site.one.store.verifyAudit([]))).toEqual(['changed', 'changed'])
    })

    test('finds a record inserted by somebody without the key, and says where', async () => {
      const site = await openFilled()
      const key = await keysOf(site, 'a6')
      await site.query(`insert into audit
        select key + 1000, tenant, chain, key, digest, digest, heads, events from audit where key = ${key}`)
      const report = await site.one.store.verifyAudit([])
      expect(report.faults).toEqual([{ kind: 'changed', key: key + 1000, toldBy: null }])
    })

    test('finds a record taken away from the middle, and says which one tells of it', async () => {
      const site = await openFilled()
      const [gone, next] = [await keysOf(site, 'a3'), await keysOf(site, 'a4')]
      await site.query(`delete from audit where key = ${gone}`)
      const report = await site.one.store.verifyAudit([])
      expect(report.faults).toEqual([{ kind: 'missing', key: gone, toldBy: next }])
    })

    test('finds the end of a chain cut off, once another has seen it', async () => {
      const site = await openFilled()
      const [gone, anchor] = [await keysOf(site, 'b2'), await keysOf(site, 'a5')]
      await site.query(`delete from audit where key = ${gone}`)
      const report = await site.one.store.verifyAudit([])
      expect(report.faults).toEqual([{ kind: 'missing', key: gone, toldBy: anchor }])
    })

    test('finds a whole chain taken away, once another has seen it', async () => {
      const site = await openFilled()
      const [first, last] = [await keysOf(site, 'b1'), await keysOf(site, 'b2')]
      await site.query(`delete from audit where chain = ${first}`)
      const { faults } = await site.one.store.verifyAudit([])
      expect(faults).toEqual([{ kind: 'missing', key: last, toldBy: await keysOf(site, 'a5') }])
    })

    test('finds the end of the chain of a node that has gone, which the next one has seen', async () => {
      const site = await openFilled()
      await site.one.store.close()
      site.wait(DAY_MS)
      await keep(await site.node(), 'c1')
      await site.query(`delete from audit where key = ${await keysOf(site, 'a6')}`)
      expect(kinds(await site.two.store.verifyAudit([]))).toEqual(['missing'])
    })

    test('finds the end of all chains cut off only by a head that was kept elsewhere', async () => {
      const site = await openFilled()
      const heads = [...site.one.heads, ...site.two.heads]
      expect(heads).toHaveLength(3)
      const key = await keysOf(site, 'a5')
      await site.query(`delete from audit where key >= ${key}`)
      const { store } = site.one
      expect((await store.verifyAudit([])).faults).toEqual([])
      expect((await store.verifyAudit(heads)).faults).toEqual([{ kind: 'missing', key, toldBy: null }])
      expect((await store.verifyAudit([`${await keysOf(site, 'a1')}.${DIGEST}`])).faults).toHaveLength(1)
    })

    test('is whole while many are writing', async () => {
      const site = await openFilled()
      const writing = inParallel(400, async (index) => {
        await new Promise((resolve) => setTimeout(resolve, index % 100))
        await keep(index % 2 === 0 ? site.one : site.two, `w${index}`)
      })
      let isWriting = true
      void writing.finally(() => {
        isWriting = false
      })
      while (isWriting) {
        expect((await site.two.store.verifyAudit([])).faults).toEqual([])
        await nextTurn()
      }
      await writing
      expect((await site.two.store.verifyAudit([])).events).toBe(408)
    })

    test('goes on after an end was cut off, and that is found', async () => {
      const site = await openFilled()
      const gone = await keysOf(site, 'a6')
      await site.query(`delete from audit where key = ${gone}`)
      await keep(site.one, 'a7')
      const { faults } = await site.one.store.verifyAudit([])
      expect(faults).toEqual([{ kind: 'missing', key: gone, toldBy: await keysOf(site, 'a7') }])
    })

    test('deletes what is older than it is kept, says so once a day, and is whole afterwards', async () => {
      const site = await openFilled()
      const { store } = site.one
      site.wait(2 * DAY_MS)
      await keep(site.one, 'a7')
      expect(await store.purgeAudit(site.now(), 3 * DAY_MS, 100)).toBe(0)
      expect(await store.purgeAudit(site.now(), DAY_MS, 3)).toBe(3)
      expect(await store.purgeAudit(site.now(), DAY_MS, 100)).toBe(5)
      expect(await site.two.store.purgeAudit(site.now(), DAY_MS, 100)).toBe(0)
      expect(await eventsOf(store)).toMatchObject([
        { type: 'audit.expire', tenant: null, actor: 'server', details: '2026-01-02T00:00:00.000Z' },
        { object: 'a7' },
      ])
      expect((await store.verifyAudit([])).faults).toEqual([])
    })

    test('is whole while old records are being deleted', async () => {
      const site = await openFilled()
      site.wait(2 * DAY_MS)
      await keep(site.one, 'a7')
      await site.one.store.purgeAudit(site.now(), DAY_MS, 3)
      const restarted = await site.node()
      expect(await restarted.store.purgeAudit(site.now(), DAY_MS, 1)).toBe(1)
      expect((await restarted.store.verifyAudit([])).faults).toEqual([])
      expect((await eventsOf(restarted.store, { types: ['audit.expire'] })).length).toBe(1)
    })

    test('finds what was taken away from what is to be kept, whatever has expired or is said to', async () => {
      const site = await openFilled()
      site.wait(2 * DAY_MS)
      await keep(site.one, 'a7', 'a8', 'a9')
      await site.one.store.purgeAudit(site.now(), DAY_MS, 100)
      await site.query(`delete from audit where key = ${await keysOf(site, 'a8')}`)
      await site.query(`insert into audit select key + 1000, tenant, chain, key, digest, digest, heads,
        replace(events, '2026-01-02', '2027-01-02') from audit where events like '%audit.expire%'`)
      expect(kinds(await site.one.store.verifyAudit([])).toSorted()).toEqual(['changed', 'missing'])
    })
  })
}
