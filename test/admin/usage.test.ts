import { describe, expect, it } from 'vitest'
import { trendOf } from '../../src/admin/operations/usage-trend.ts'
import type { UsageKey } from '../../src/store/usage.ts'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'
import { addHistory, DAY, each, HOSTILE_AGENT } from './usage-history.ts'

const TODAY = 20_454

function trend(calls: readonly number[], ofToday = 0) {
  const days = calls.map((count, index) => [TODAY - calls.length + index, count] as const)
  return trendOf(new Map([...days, [TODAY, ofToday]]), TODAY)
}

describe('a trend', () => {
  it('is that of the last weeks, and ends where the line is at zero', () => {
    expect(trend(each(28, (day) => 560 - 10 * day))).toEqual({
      lastWeek: 2240,
      weekBefore: 2730,
      slope: -10,
      zeroOn: (TODAY + 28) * DAY,
    })
    // What was before, and today, which is not over, change nothing.
    const more = [...each(50, () => 9000), ...each(28, (day) => 560 - 10 * day)]
    expect(trend(more, 5).slope).toBe(-10)
    expect(trend(more, 5).zeroOn).toBe((TODAY + 28) * DAY)
  })

  it('takes weekends for what they are', () => {
    const workdays = each(28, (day) => (day % 7 < 5 ? 100 - day : 0))
    const { slope, zeroOn } = trend(workdays)
    expect(slope).toBeLessThan(0)
    expect(zeroOn).toBeGreaterThan((TODAY + 7) * DAY)
    expect(trend(each(28, (day) => (day % 7 < 5 ? 100 : 0))).zeroOn).toBeNull()
  })

  it('is at zero today at the earliest', () => {
    expect(trend([...each(14, () => 100), ...each(13, () => 0), 1]).zeroOn).toBe(TODAY * DAY)
  })

  it.each([
    ['rises', each(28, (day) => day)],
    ['stays', each(28, () => 7)],
    ['falls for years', each(28, (day) => 1000 - day)],
  ])('has no end where it %s', (_, calls) => {
    expect(trend(calls).zeroOn).toBeNull()
  })

  it('has no end where there are no calls any more, nor a slope where it is too early to tell', () => {
    expect(trend([...each(21, () => 9), ...each(7, () => 0)])).toMatchObject({ lastWeek: 0, zeroOn: null })
    const few = each(13, (day) => 13 - day)
    expect(trend(few)).toEqual({ lastWeek: 28, weekBefore: 63, slope: null, zeroOn: null })
    expect(trend([14, ...few]).slope).toBe(-1)
    expect(trend([])).toEqual({ lastWeek: 0, weekBefore: 0, slope: null, zeroOn: null })
  })
})

async function setUp(): Promise<AdminHarness> {
  const harness = await createAdminHarness()
  await harness.user({ id: 'u-batch', username: 'batch', claims: { newstore_id: 'B7' } })
  await harness.user({ id: 'u-robot', username: 'robot@example.com' })
  await harness.client({ id: 'batch-client', name: 'Batch', claims: { newstore_id: 'B7' } })
  await harness.client({ id: 'a-batch-that-is-off', claims: { newstore_id: 'B7' }, disabled: true })
  await harness.client({ id: 'robot-login', name: 'robot@example.com', grants: ['password'] })
  await addHistory(harness.store, harness.now() + 9 * 3600)
  harness.advance(9 * 3600)
  return harness
}

describe('the usage', () => {
  it('says who asks for what, with what is known of it', async () => {
    const { admin, now } = await setUp()
    const { status, body } = await admin('GET', `${BASE}/usage`)
    expect(status).toBe(200)
    const today = Math.floor(now() / DAY)
    expect(
      body.items.map(({ surface, use, user, client }: UsageKey) => [surface, use, user, client]),
    ).toEqual([
      ['newstore', 'password', 'u-batch', null],
      ['newstore', 'password', 'u-robot', null],
      ['spree', 'refresh_token', 'u-app', null],
      ['standard', 'client_credentials', null, 'batch-client'],
    ])
    const [batch, robot, app, machine] = body.items
    expect(batch).toMatchObject({
      username: 'batch',
      succeeded: 11_900,
      failed: 0,
      firstAt: (today - 28) * DAY + 9 * 3600 + 1,
      lastAt: (today - 1) * DAY + 9 * 3600 + 2,
      lastWeek: 2240,
      weekBefore: 2730,
      tokensPerLife: 560,
      asksEachTime: true,
      deprecated: true,
      successor: { client: 'batch-client', because: 'newstore_id' },
      scopes: ['read', 'write'],
      sources: [{ value: '192.0.2.7', calls: 9, lastAt: now() - 3600 }],
      agents: [{ value: HOSTILE_AGENT, calls: 9 }],
    })
    expect(batch.days).toHaveLength(28)
    expect(batch.days[27]).toEqual({ day: (today - 1) * DAY, succeeded: 290, failed: 0 })
    // A client that may only log in, too, can not take over.
    expect(robot).toMatchObject({ asksEachTime: false, successor: null, lastWeek: 0, tokensPerLife: 2 })
    expect(app).toMatchObject({ username: null, failed: 20, asksEachTime: false, deprecated: true })
    expect(app.refusals).toMatchObject([{ value: 'refresh_token_expired', calls: 20 }])
    expect(machine).toMatchObject({ clientName: 'Batch', deprecated: false, successor: null })
  })

  it('has a summary of each way, with its trend, on the first page', async () => {
    const { admin, now } = await setUp()
    const today = Math.floor(now() / DAY)
    const { body } = await admin('GET', `${BASE}/usage?limit=1`)
    const { since, until, uses } = body.summary
    expect([since, until]).toEqual([(today - 90) * DAY, now()])
    expect(uses.map(({ surface, use }: UsageKey) => `${surface} ${use}`)).toEqual([
      'newstore password',
      'spree refresh_token',
      'standard client_credentials',
    ])
    const [password, refresh, machines] = uses
    expect(password).toMatchObject({ succeeded: 11_920, lastWeek: 2240, weekBefore: 2730, deprecated: true })
    expect(password.slope).toBeLessThan(-10)
    expect(password.zeroOn).toBeGreaterThan(now())
    expect([password.hours[3], password.hours[9], password.hours.length]).toEqual([20, 11_900, 24])
    expect(refresh).toMatchObject({ succeeded: 100, failed: 20, slope: 0, zeroOn: null })
    expect(machines).toMatchObject({ slope: 10, zeroOn: null, deprecated: false })
    const second = await admin('GET', `${BASE}/usage?limit=1&cursor=${encodeURIComponent(body.next)}`)
    expect(second.body.summary).toBeNull()
    expect(second.body.items).toMatchObject([{ user: 'u-robot' }])
  })

  it('is complete, whatever the size of its pages, and no cursor is good for another list', async () => {
    const { admin } = await setUp()
    const users: string[] = []
    let next: string | null = ''
    while (next !== null) {
      const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`
      const { body } = await admin('GET', `${BASE}/usage?limit=1${cursor}`)
      users.push(...body.items.map(({ user, client }: UsageKey) => user ?? client))
      next = body.next
    }
    expect(users).toEqual(['u-batch', 'u-robot', 'u-app', 'batch-client'])
    const { body } = await admin('GET', `${BASE}/usage?limit=1`)
    const other = await admin(
      'GET',
      `${BASE}/usage?limit=1&use=password&cursor=${encodeURIComponent(body.next)}`,
    )
    expect(other.status).toBe(400)
  })

  it('is filtered, and goes back as far as it is asked to; the trend does so in any case', async () => {
    const { admin, now } = await setUp()
    const usersOf = async (query: string) =>
      (await admin('GET', `${BASE}/usage?${query}`)).body.items.map(
        ({ user, client }: UsageKey) => user ?? client,
      )
    expect(await usersOf('surface=spree')).toEqual(['u-app'])
    expect(await usersOf('use=password')).toEqual(['u-batch', 'u-robot'])
    expect(await usersOf('user=u-robot')).toEqual(['u-robot'])
    expect(await usersOf('client=batch-client')).toEqual(['batch-client'])
    const { body } = await admin('GET', `${BASE}/usage?use=password&since=${now() - 2 * DAY}`)
    expect(body.items).toMatchObject([{ user: 'u-batch', succeeded: 590, lastWeek: 2240, weekBefore: 2730 }])
    expect(body.items[0].days).toHaveLength(2)
    expect(body.summary.uses[0].days).toHaveLength(2)
    expect(body.summary.uses[0]).toMatchObject({ succeeded: 590, weekBefore: 2730 })
    expect(body.summary.uses[0].hours[9]).toBe(590)
    expect(await usersOf(`since=${now() + DAY}`)).toEqual([])
    for (const query of ['surface=x', 'use=x', 'since=x', 'since=-1']) {
      expect((await admin('GET', `${BASE}/usage?${query}`)).status).toBe(400)
    }
    expect((await admin('GET', '/admin/v1/tenants/nobody/usage')).status).toBe(404)
  })
})
