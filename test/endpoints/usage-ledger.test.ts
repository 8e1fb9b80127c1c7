import { expect, test } from 'vitest'
import { type AnsweredCall, createUsageLedger, type IssuedToken } from '../../src/endpoints/usage-ledger.ts'
import type { Usage } from '../../src/store/usage.ts'

/** The begin of an hour. */
const NOW = 1_767_225_600
const AGENT = 'curl/8.5.0'
const ISSUED: IssuedToken = { scope: ['read'], expiresIn: 3600 }

function call(columns: Partial<AnsweredCall> = {}): AnsweredCall {
  return {
    tenant: 'acme',
    surface: 'newstore',
    endpoint: 'token',
    grant: 'password',
    user: 'u-1',
    client: null,
    source: '192.0.2.1',
    outcome: 'ok',
    reason: null,
    ...columns,
  }
}

const REFUSED = { outcome: 'invalid_grant', reason: 'wrong_password' } as const

/** A ledger, and what became of each write. */
function recorded(save: () => Promise<void> = async () => {}) {
  const saved: (readonly Usage[])[] = []
  const failures: unknown[] = []
  let now = NOW
  const ledger = createUsageLedger({
    store: {
      async addUsage(usages) {
        await save()
        saved.push(usages)
      },
    },
    clock: () => now * 1000 + 999,
    onFailure: (cause) => failures.push(cause),
  })
  return {
    ledger,
    saved,
    failures,
    pass(seconds: number) {
      now += seconds
    },
    note: (columns: Partial<AnsweredCall> = {}, agent: string | null = AGENT, issued = ISSUED) =>
      ledger.note(call(columns), issued, agent),
  }
}

function sumOf(usages: readonly Usage[], kind: 'succeeded' | 'failed'): number {
  return usages.flatMap(({ hours }) => hours).reduce((sum, hour) => sum + hour[kind], 0)
}

test('calls are counted by hour, with what is known of them, and written once', async () => {
  const { ledger, saved, note, pass } = recorded()
  await ledger.write()
  for (let request = 0; request < 100; request++) note()
  pass(59)
  note({}, 'other', { scope: ['read', 'write'], expiresIn: 7200 })
  note(REFUSED)
  pass(3600)
  note({ source: '2001:db8::1:2' }, null)
  // A clock that goes back.
  pass(-10)
  note({ source: null })
  expect(saved).toEqual([])
  await ledger.write()
  const { tenant, surface, grant: use, user, client } = call()
  const ofHour = { hour: NOW, firstAt: NOW, lastAt: NOW + 59, expiresIn: 7200 }
  const ofNext = { hour: NOW + 3600, firstAt: NOW + 3659, lastAt: NOW + 3659, expiresIn: 3600 }
  const at = { lastAt: NOW + 3659 }
  expect(saved).toEqual([
    [
      {
        ...{ tenant, surface, use, user, client },
        hours: [
          { ...ofHour, succeeded: 101, failed: 1 },
          { ...ofNext, succeeded: 2, failed: 0 },
        ],
        facts: [
          { fact: 'source', value: '192.0.2.1', calls: 101, lastAt: NOW + 59 },
          { fact: 'source', value: '2001:db8:0:0::/64', calls: 1, ...at },
          { fact: 'agent', value: AGENT, calls: 101, lastAt: NOW + 3649 },
          { fact: 'agent', value: 'other', calls: 1, lastAt: NOW + 59 },
          { fact: 'scope', value: 'read', calls: 102, ...at },
          { fact: 'scope', value: 'read write', calls: 1, lastAt: NOW + 59 },
          { fact: 'refusal', value: 'wrong_password', calls: 1, lastAt: NOW + 59 },
        ],
      },
    ],
  ])
  await ledger.write()
  expect(saved).toHaveLength(1)
})

test('each tenant, surface, use, user and client is counted apart; what nobody has to ask for is not', async () => {
  const { ledger, saved, note } = recorded()
  const apart: Partial<AnsweredCall>[] = [
    {},
    { tenant: 'other' },
    { surface: 'spree' },
    { grant: 'refresh_token' },
    { grant: null },
    { user: 'u-2' },
    { client: 'shop' },
    { user: null, client: 'shop' },
    { user: null },
    ...(['introspection', 'revocation', 'info'] as const).map((endpoint) => ({ endpoint, grant: null })),
  ]
  for (const columns of [...apart, ...apart]) note(columns)
  for (const endpoint of ['jwks', 'metadata', null] as const) note({ endpoint })
  note({ tenant: null })
  await ledger.write()
  expect(saved.flat()).toHaveLength(apart.length)
  for (const usage of saved.flat()) expect(sumOf([usage], 'succeeded')).toBe(2)
  expect(saved.flat().map(({ use }) => use)).toEqual(
    expect.arrayContaining(['password', 'refresh_token', 'other', 'introspection', 'revocation', 'info']),
  )
})

test('of strangers nothing is kept but how many there were, and why they were refused', async () => {
  const { ledger, saved, note } = recorded()
  for (let request = 0; request < 50; request++) {
    note({ ...REFUSED, user: null, reason: 'unknown_user', source: `192.0.2.${request}` }, `agent ${request}`)
  }
  note({ user: null, endpoint: 'info', grant: null })
  await ledger.write()
  const [info, logins] = saved.flat()
  expect(logins?.facts).toEqual([{ fact: 'refusal', value: 'unknown_user', calls: 50, lastAt: NOW }])
  expect([logins?.hours[0]?.failed, logins?.user]).toEqual([50, null])
  expect(info?.facts).toEqual([])
})

test('all is saved in the order in which a database keeps it, however many transactions that takes', async () => {
  const { ledger, saved, note } = recorded()
  for (let request = 0; request < 200; request++) note({ user: `user-${(request * 71) % 200}` })
  await ledger.write()
  expect(saved.length).toBeGreaterThan(1)
  const users = saved.flat().map(({ user }) => user)
  expect(users).toEqual([...new Set(users)].sort())
  expect(users).toHaveLength(200)
})

test('agents are told apart up to eight, the last, in one line each, and inert', async () => {
  const { ledger, saved, note, pass } = recorded()
  const agents = () =>
    (saved.at(-1) ?? []).flatMap(({ facts }) => facts.filter(({ fact }) => fact === 'agent'))
  for (let request = 0; request < 1000; request++) {
    pass(1)
    note({}, `agent ${request}`)
  }
  await ledger.write()
  expect(agents().map(({ value }) => value)).toEqual(
    Array.from({ length: 8 }, (_, index) => `agent ${992 + index}`),
  )
  note({}, `\u0000\u001b[31mred\u202e\u2028${'x'.repeat(10_000)}`)
  note({}, ' \t ')
  note({}, '\ud83d')
  await ledger.write()
  expect(agents().map(({ value }) => value)).toEqual([`[31mred ${'x'.repeat(189)}`])
})

test('what could not be written is written the next time, with what came meanwhile, and counted once', async () => {
  let fails = true
  const failure = new Error('gone')
  const { ledger, saved, failures, note } = recorded(async () => {
    // Meanwhile.
    note()
    if (fails) throw failure
  })
  for (let user = 0; user < 120; user++) note({ user: `u-${user}` })
  note(REFUSED)
  await ledger.write()
  expect(failures).toEqual([failure])
  fails = false
  await ledger.write()
  await ledger.write()
  expect(failures).toHaveLength(1)
  expect(Math.max(...saved.map((usages) => usages.length))).toBe(50)
  const ofUser = saved.flat().filter(({ user }) => user === 'u-1')
  // One before, one during the write that failed, three during that of 121 keys, one during the last.
  expect([sumOf(ofUser, 'succeeded'), sumOf(ofUser, 'failed')]).toEqual([5, 1])
  const agents = ofUser.flatMap(({ facts }) => facts).filter(({ fact }) => fact === 'agent')
  expect(agents.reduce((sum, { calls }) => sum + calls, 0)).toBe(5)
  expect(new Set(saved.flat().map(({ user }) => user)).size).toBe(120)
})

test('what was written before a write failed is not written again', async () => {
  let writes = 0
  const { ledger, saved, failures, note } = recorded(async () => {
    writes += 1
    if (writes === 2) throw new Error('gone')
  })
  for (let user = 0; user < 120; user++) note({ user: `u-${user}` })
  await ledger.write()
  expect([failures.length, saved.flat().length]).toEqual([1, 50])
  await ledger.write()
  expect([saved.flat().length, sumOf(saved.flat(), 'succeeded')]).toEqual([120, 120])
})

test('the last write waits for one that is underway, and has what came meanwhile, unless that has failed', async () => {
  for (const fails of [false, true]) {
    const starts: (() => void)[] = []
    let isFirst = true
    const { ledger, saved, note } = recorded(async () => {
      if (!isFirst) return
      isFirst = false
      await new Promise<void>((resolve) => starts.push(resolve))
      if (fails) throw new Error('gone')
    })
    note()
    const first = ledger.write()
    note({ user: 'u-2' })
    const last = ledger.end()
    starts[0]?.()
    await Promise.all([first, last])
    expect(saved.flat()).toHaveLength(fails ? 0 : 2)
  }
})

test('many keys that say the same, or each something else, have each what was said of them', async () => {
  const { ledger, saved, note } = recorded()
  // Far more texts than are held; of every other user the same.
  const agentOf = (user: number) => (user % 2 === 0 ? AGENT : `agent ${user}`)
  const sourceOf = (user: number) => `2001:db8:0:${user.toString(16)}::${user.toString(16)}`
  const scopeOf = (user: number) => ['read', ...(user % 2 === 0 ? [] : [`of-${user}`])]
  const users = Array.from({ length: 3000 }, (_, user) => user)
  for (const turn of [1, 2]) {
    for (const user of users) {
      const issued = { scope: scopeOf(user), expiresIn: turn }
      note({ user: `u-${user}`, source: sourceOf(user) }, agentOf(user), issued)
    }
  }
  await ledger.write()
  const told = new Map(saved.flat().map(({ user, facts }) => [user, facts]))
  for (const user of users) {
    const network = `2001:db8:0:${user.toString(16)}::/64`
    const twice = { calls: 2, lastAt: NOW }
    expect(told.get(`u-${user}`)).toEqual([
      { fact: 'source', value: network, ...twice },
      { fact: 'agent', value: agentOf(user), ...twice },
      { fact: 'scope', value: scopeOf(user).join(' '), ...twice },
    ])
  }
})

test('memory is bounded, and yet nothing is lost: who is too many is counted without a name', async () => {
  const ends: (() => void)[] = []
  let isOpen = false
  const { ledger, saved, note } = recorded(() =>
    isOpen ? Promise.resolve() : new Promise((resolve) => ends.push(resolve)),
  )
  for (let user = 0; user < 30_000; user++) note({ user: `u-${user}` })
  expect(ends).toHaveLength(1)
  isOpen = true
  ends[0]?.()
  await ledger.write()
  await ledger.write()
  const all = saved.flat()
  expect(sumOf(all, 'succeeded')).toBe(30_000)
  expect(all).toHaveLength(20_001)
  const unnamed = all.filter(({ user }) => user === null)
  expect([unnamed.length, sumOf(unnamed, 'succeeded')]).toEqual([1, 10_000])
  expect(unnamed[0]?.facts).toEqual([])
})

test('what is given back while there are too many is counted without a name as well', async () => {
  let fails = true
  const starts: (() => void)[] = []
  const { ledger, saved, note } = recorded(async () => {
    if (!fails) return
    await new Promise<void>((resolve) => starts.push(resolve))
    throw new Error('gone')
  })
  for (let user = 0; user < 10_000; user++) note({ user: `u-${user}` })
  note({ user: 'one more' })
  for (let user = 0; user < 9999; user++) note({ ...REFUSED, user: `v-${user}` })
  fails = false
  starts[0]?.()
  await ledger.write()
  await ledger.write()
  const all = saved.flat()
  expect([sumOf(all, 'succeeded'), sumOf(all, 'failed')]).toEqual([10_001, 9999])
  expect(all.length).toBeLessThanOrEqual(10_001)
})
