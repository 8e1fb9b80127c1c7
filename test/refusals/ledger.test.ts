/** What is kept of many refusals, and what while the database fails: never more than there is room for. */
import { describe, expect, test } from 'vitest'
import type { Reason } from '../../src/protocol/errors.ts'
import { createRefusalLedger, type NotedRequest } from '../../src/refusals/refusal-ledger.ts'
import { createRefusalShare, type RefusedParty } from '../../src/refusals/refusal-share.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Refusal, RefusalsLeftOut } from '../../src/store/refusals.ts'

const START = 1_767_225_600_000

interface Noted extends NotedRequest {
  readonly id: number
}

function noted(id: number, changes: Partial<Noted> = {}): Noted {
  return { id, tenant: 'main', source: null, reason: 'wrong_password', atMs: START, size: 10, ...changes }
}

function setUp({ keeps = () => true }: { readonly keeps?: () => boolean } = {}) {
  const saved: Refusal[] = []
  const leftOut: RefusalsLeftOut[] = []
  const failures: unknown[] = []
  const planned: (() => void)[] = []
  const turns: string[] = []
  const state = { fails: false, isBroken: false }
  const ledger = createRefusalLedger<Noted>({
    store: {
      async addRefusals(refusals, counts) {
        if (state.fails) throw new StoreUnavailable('no disk')
        expect(refusals.length).toBeLessThanOrEqual(50)
        saved.push(...refusals)
        leftOut.push(...counts)
      },
    },
    share: { take: keeps },
    async examine({ id, tenant, atMs }) {
      if (state.isBroken) throw new TypeError('a bug')
      return { requestId: String(id), tenant, atMs } as Refusal
    },
    aSecondLater: (run) => void planned.push(run),
    nextTurn: async () => void turns.push('a turn'),
    onFailure: (cause) => void failures.push(cause),
  })
  return { ledger, saved, leftOut, failures, planned, turns, state }
}

const count = (leftOut: readonly RefusalsLeftOut[]) => leftOut.reduce((sum, each) => sum + each.count, 0)

describe('the ledger of refusals', () => {
  test('writes within a second, once for all that came', async () => {
    const { ledger, saved, planned, turns } = setUp()
    for (let id = 0; id < 120; id++) ledger.note(noted(id))
    expect([saved.length, planned.length]).toEqual([0, 1])
    planned[0]?.()
    await ledger.write()
    expect(saved.map(({ requestId }) => Number(requestId))).toEqual([...Array(120).keys()])
    // Requests are answered in between.
    expect(turns).toHaveLength(120)
    ledger.note(noted(120))
    expect(planned).toHaveLength(2)
  })

  test('T118 of 10 000 keeps 200 to look at, and counts the others by tenant and minute', async () => {
    const { ledger, saved, leftOut } = setUp()
    for (let id = 0; id < 10_000; id++) {
      ledger.note(noted(id, { tenant: id % 2 === 0 ? 'main' : null, atMs: START + id * 10 }))
    }
    await ledger.write()
    expect(saved).toHaveLength(200)
    expect(leftOut.map(({ tenant, atMs }) => [tenant, atMs - START])).toEqual(
      expect.arrayContaining([
        ['main', 0],
        [null, 0],
        ['main', 60_000],
        [null, 60_000],
      ]),
    )
    expect([leftOut.length, count(leftOut)]).toEqual([4, 9800])
  })

  test('T118 holds no more than a million characters of bodies', async () => {
    const { ledger, saved, leftOut } = setUp()
    for (let id = 0; id < 100; id++) ledger.note(noted(id, { size: 64 * 1024 }))
    await ledger.write()
    expect([saved.length, count(leftOut)]).toEqual([16, 84])
    ledger.note(noted(100, { size: 64 * 1024 }))
    await ledger.write()
    expect(saved).toHaveLength(17)
  })

  test('keeps what could not be saved for the next time, as far as there is room', async () => {
    const { ledger, saved, leftOut, state, failures, planned } = setUp()
    state.fails = true
    for (let second = 0; second < 10; second++) {
      for (let id = 0; id < 200; id++) ledger.note(noted(second * 200 + id))
      await ledger.write()
    }
    // Once, and not each second.
    expect([saved.length, failures.length]).toEqual([0, 1])
    expect(planned.length).toBeGreaterThan(0)
    state.fails = false
    await ledger.end()
    expect([saved.length, count(leftOut)]).toEqual([1000, 1000])
  })

  test('ends with one try', async () => {
    const { ledger, state, failures } = setUp()
    state.fails = true
    ledger.note(noted(1))
    void ledger.write()
    await ledger.end()
    expect(failures).toHaveLength(1)
  })

  test('a bug that meets one refusal costs no other', async () => {
    const { ledger, saved, leftOut, state, failures } = setUp()
    state.isBroken = true
    ledger.note(noted(1))
    await ledger.write()
    state.isBroken = false
    ledger.note(noted(2))
    await ledger.write()
    expect([saved.length, count(leftOut), failures.length]).toEqual([1, 1, 1])
    state.fails = true
    ledger.note(noted(3))
    await ledger.write()
    expect(failures).toHaveLength(2)
  })

  test('leaves out what is beyond the share', async () => {
    const { ledger, saved, leftOut } = setUp({ keeps: () => false })
    ledger.note(noted(1))
    await ledger.write()
    expect([saved, leftOut]).toEqual([[], [{ tenant: 'main', atMs: START, count: 1 }]])
  })
})

describe('the share of refusals', () => {
  const party = (changes: Partial<RefusedParty> = {}): RefusedParty => ({
    ...{ tenant: 'main', source: '192.0.2.1', reason: 'wrong_password' },
    ...changes,
  })
  const taken = (times: number, take: (index: number) => boolean) =>
    Array.from({ length: times }, (_, index) => take(index)).filter(Boolean).length

  test('T118 of one source and reason is 20 at once, then one in ten seconds', () => {
    const share = createRefusalShare()
    expect(taken(10_000, () => share.take(party(), START))).toBe(20)
    expect(taken(3600, (second) => share.take(party(), START + second * 1000))).toBe(359)
  })

  test('T118 others are told of all the same: another reason, source or tenant', () => {
    const share = createRefusalShare()
    taken(1000, () => share.take(party(), START))
    expect(share.take(party({ reason: 'unknown_user' }), START)).toBe(true)
    expect(share.take(party({ source: '192.0.2.2' }), START)).toBe(true)
    expect(share.take(party({ tenant: null }), START)).toBe(true)
  })

  test('T118 of one source is 100 at once, then one a second, whatever the reasons', () => {
    const share = createRefusalShare()
    const flood = (index: number) => party({ reason: `reason_${index % 60}` as Reason })
    expect(taken(10_000, (index) => share.take(flood(index), START))).toBe(100)
    expect(taken(10_000, (index) => share.take(flood(index), START + 10_000))).toBe(10)
    expect(share.take(party({ source: '192.0.2.2' }), START + 10_000)).toBe(true)
  })

  test('T118 of a tenant is 200 at once, then two a second, whatever the sources', () => {
    const share = createRefusalShare()
    const flood = (index: number) => party({ source: `198.51.${index >> 8}.${index & 255}` })
    expect(taken(10_000, (index) => share.take(flood(index), START))).toBe(200)
    expect(taken(10_000, (index) => share.take(flood(index), START + 10_000))).toBe(20)
    expect(share.take(party({ tenant: 'other' }), START)).toBe(true)
  })
})
