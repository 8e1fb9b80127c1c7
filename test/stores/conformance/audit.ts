import { expect, it } from 'vitest'
import type { AuditEvent, AuditQuery } from '../../../src/store/audit.ts'
import type { Store } from '../../../src/store/store.ts'
import { brownOutRow } from './brown-outs.ts'
import {
  clientRow,
  inParallel,
  issued,
  NOW,
  type Open,
  signingKeyRow,
  successorOf,
  tenantRow,
  tokenRow,
  userRow,
  write,
} from './fixture.ts'

export function auditEvent(parts: Partial<AuditEvent> = {}): AuditEvent {
  return {
    type: 'revoke',
    atMs: NOW * 1000,
    tenant: 'acme',
    actor: 'requester',
    user: 'u-1',
    client: 'shop',
    object: null,
    surface: 'standard',
    source: '192.0.2.1',
    requestId: 'r-1',
    result: 'ok',
    reason: null,
    details: null,
    ...parts,
  }
}

const ALL_EVENTS: AuditQuery = {
  tenant: null,
  types: null,
  user: null,
  client: null,
  fromMs: null,
  toMs: null,
  before: null,
  limit: 1000,
}

/** The events of a store, newest first, without their ids. */
export async function eventsOf(store: Store, query: Partial<AuditQuery> = {}): Promise<AuditEvent[]> {
  const { rows } = await store.listEvents({ ...ALL_EVENTS, ...query })
  return rows.map(({ id: _, ...event }) => event)
}

/** Changes of each kind, with the event of each; and the same once more, which changes nothing. */
const CHANGES: Readonly<
  Record<string, (store: Store, event: AuditEvent) => Promise<readonly (() => Promise<unknown>)[]>>
> = {
  async issue(store, event) {
    const parent = await issued(store)
    const row = successorOf(parent, store.nextKey())
    const spend = { key: parent.key, now: NOW }
    return [
      () => store.issue(write({ spend, row, event })),
      () => store.issue(write({ spend, row: { ...row, key: store.nextKey() }, event })),
    ]
  },
  async revokeToken(store, event) {
    const { key } = await issued(store)
    return Array(2).fill(() => store.revokeToken(key, NOW, event))
  },
  async revokeFamily(store, event) {
    const { key } = await issued(store)
    return Array(2).fill(() => store.revokeFamily(key, NOW, event))
  },
  denyJwt: async (store, event) => Array(2).fill(() => store.denyJwt('acme', 'jti', NOW, event)),
  async importTokens(store, event) {
    const row = tokenRow(store.nextKey())
    return Array(2).fill(() => store.importTokens([row], event))
  },
  insertUser: async (store, event) => Array(2).fill(() => store.insertUser(userRow(), event)),
  async updateUser(store, event) {
    await store.insertUser(userRow())
    return Array(2).fill(() => store.updateUser(userRow({ disabled: true }), event))
  },
  async deleteUser(store, event) {
    await store.insertUser(userRow())
    return Array(2).fill(() => store.deleteUser('acme', 'u-1', event))
  },
  insertClient: async (store, event) => Array(2).fill(() => store.insertClient(clientRow(), event)),
  async updateClient(store, event) {
    await store.insertClient(clientRow())
    return Array(2).fill(() => store.updateClient(clientRow({ disabled: true }), event))
  },
  async deleteClient(store, event) {
    await store.insertClient(clientRow())
    return Array(2).fill(() => store.deleteClient('acme', 'shop', event))
  },
  saveTenant: async (store, event) => [() => store.saveTenant(tenantRow(), event), async () => {}],
  insertBrownOut: async (store, event) =>
    Array(2).fill(() => store.insertBrownOut(brownOutRow(), NOW, event)),
  endBrownOut: async (store, event) =>
    Array(2).fill(() => store.endBrownOut({ ...brownOutRow(), endedAt: NOW }, event)),
  endTokens: async (store, event) => Array(2).fill(() => store.endTokens('acme', NOW, event)),
  createSigningKeys: async (store, event) =>
    Array(2).fill(() => store.createSigningKeys([signingKeyRow()], event)),
  async replaceSigningKeys(store, event) {
    await store.createSigningKeys([signingKeyRow()])
    const rows = [signingKeyRow({ state: 'retired' }), signingKeyRow({ kid: 'k-2' })]
    const change = { tenant: 'acme', algorithm: 'RS256', activeKid: 'k-1', rows } as const
    return Array(2).fill(() => store.replaceSigningKeys(change, event))
  },
  async clearLoginFailures(store, event) {
    const bucket = { user: null, source: 's', failureMs: 1000, capacityMs: 5000 }
    await store.addLoginFailure([bucket], NOW * 1000)
    return Array(2).fill(() => store.clearLoginFailures({ source: 's' }, event))
  },
}

export function describeAudit(open: Open): void {
  it.each(Object.entries(CHANGES))(
    'T032 keeps the event of %s if and only if it changes anything',
    async (name, of) => {
      const store = await open()
      const event = auditEvent({ object: name })
      const [first, again] = (await of(store, event)) as [() => Promise<unknown>, () => Promise<unknown>]
      await first()
      expect(await eventsOf(store)).toEqual([event])
      await again().catch(() => {})
      expect(await eventsOf(store)).toEqual([event])
    },
  )

  it('T032 keeps one event of fifty parallel revocations of a token, of a family and of a JWT', async () => {
    const store = await open()
    const one = await issued(store)
    const other = await issued(store)
    await inParallel(50, () => store.revokeToken(one.key, NOW, auditEvent({ object: 'token' })))
    await inParallel(50, () => store.revokeFamily(other.key, NOW, auditEvent({ object: 'family' })))
    await inParallel(50, () => store.denyJwt('acme', 'jti', NOW, auditEvent({ object: 'JWT' })))
    expect((await eventsOf(store)).map(({ object }) => object)).toEqual(['JWT', 'family', 'token'])
  })

  it('T032 keeps one event of fifty parallel refreshes that spend the same row', async () => {
    const store = await open()
    const parent = await issued(store)
    await inParallel(50, (index) => {
      const row = successorOf(parent, store.nextKey())
      const event = auditEvent({ type: 'refresh', object: String(index) })
      return store.issue(write({ spend: { key: parent.key, now: NOW }, row, event }))
    })
    expect(await eventsOf(store)).toHaveLength(1)
  })

  it('T162 keeps every part of an event, and every character', async () => {
    const store = await open()
    const event = auditEvent({
      type: 'login',
      actor: 'operator:ann',
      user: 'u "\\\u0000\n\u{1f511}',
      client: '',
      object: 'o',
      surface: null,
      source: '2001:db8::1',
      requestId: null,
      result: 'invalid_grant',
      reason: 'wrong_password',
      details: 'read write',
    })
    await store.saveTenant(tenantRow(), event)
    expect(await eventsOf(store)).toEqual([event])
  })

  it('lists the events of a tenant, and those of none with all', async () => {
    const store = await open()
    for (const tenant of ['acme', null, 'other']) await store.saveTenant(tenantRow(), auditEvent({ tenant }))
    expect((await eventsOf(store, { tenant: 'acme' })).map(({ tenant }) => tenant)).toEqual(['acme'])
    expect((await eventsOf(store)).map(({ tenant }) => tenant)).toEqual(['other', null, 'acme'])
  })

  it('lists the events of a type, a user, a client and a time, and no others', async () => {
    const store = await open()
    const atMs = NOW * 1000 + 500
    const meant = auditEvent({ type: 'login', user: 'u-2', client: 'till', atMs })
    await store.saveTenant(tenantRow(), meant)
    await store.saveTenant(tenantRow(), auditEvent())
    const queries: Partial<AuditQuery>[] = [
      { types: ['login', 'issue'] },
      { user: 'u-2' },
      { client: 'till' },
      { fromMs: atMs },
    ]
    for (const query of queries) expect(await eventsOf(store, query)).toEqual([meant])
    expect(await eventsOf(store, { toMs: atMs })).toEqual([auditEvent()])
    expect(await eventsOf(store, { types: ['login'], user: 'u-1' })).toEqual([])
  })

  it('pages through all events, each once, though many were kept together', async () => {
    const store = await open()
    await inParallel(25, (index) => store.saveTenant(tenantRow(), auditEvent({ object: String(index) })))
    await Promise.all([
      ...Array.from({ length: 25 }, (_, index) => store.noteEvent(auditEvent({ object: `noted ${index}` }))),
      store.saveTenant(tenantRow()),
    ])
    const seen: (string | null)[] = []
    for (let before: string | null = null; ; ) {
      const page = await store.listEvents({ ...ALL_EVENTS, before, limit: 7 })
      seen.push(...page.rows.map(({ object }) => object))
      before = page.next
      if (before === null) break
    }
    expect(seen).toHaveLength(50)
    expect(new Set(seen).size).toBe(50)
    expect(seen).toEqual((await eventsOf(store)).map(({ object }) => object))
  })

  it('keeps an event that belongs to no change with the next transaction', async () => {
    const store = await open()
    store.noteEvent(auditEvent({ object: 'noted' }))
    await store.saveTenant(tenantRow())
    expect((await eventsOf(store)).map(({ object }) => object)).toEqual(['noted'])
  })

  it('keeps an event that belongs to no change, though nothing else is written', async () => {
    const store = await open()
    store.noteEvent(auditEvent())
    await expect.poll(() => eventsOf(store), { timeout: 10_000 }).toEqual([auditEvent()])
  })

  it('deletes as many old records at once as it is asked to, if there are so many', async () => {
    let nowMs = NOW * 1000
    const store = await open(() => nowMs)
    // Of one transaction, for each tenant has its own.
    for (let tenant = 0; tenant < 401; tenant++) store.noteEvent(auditEvent({ tenant: `t${tenant}` }))
    await expect.poll(async () => (await store.verifyAudit([])).events, { timeout: 10_000 }).toBe(401)
    nowMs += 3 * 86_400_000
    expect(await store.purgeAudit(nowMs, 86_400_000, 400)).toBe(400)
    expect(await store.purgeAudit(nowMs, 86_400_000, 400)).toBe(1)
  })
}
