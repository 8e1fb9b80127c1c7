import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type PostgresPair, startPostgresPair } from '../../scripts/postgres-standby.ts'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import { CLIENT, ORIGIN } from '../postgres/calls.ts'
import { type ServerUnderTest, startOn, until, within } from '../postgres/mintkeeper.ts'
import { inParallel } from '../stores/conformance/fixture.ts'

/** A refresh token is good once, to the moment. */
const TENANT = {
  id: 'shop',
  issuer: `${ORIGIN}/`,
  surfaces: { spree: { refresh: 'rotate', reuseWindow: 0 } },
  clients: [
    { ...CLIENT, grants: ['client_credentials', 'refresh_token'], scopes: ['read'], introspect: 'any' },
  ],
} as const

/** What clients were told with 200. */
interface History {
  /** Access tokens that must be good. */
  readonly live: string[]
  readonly revoked: string[]
  /** Refresh tokens. */
  readonly spent: string[]
}

interface Load {
  readonly history: History
  /** Resolves when so many answers have this status, or it was stopped. */
  answered(status: number, count: number): Promise<void>
  stop(): Promise<void>
}

/** Clients that issue tokens and keep, revoke or refresh them, over and over. */
function startLoad({ calls }: ServerUnderTest): Load {
  const history: History = { live: [], revoked: [], spent: [] }
  const counts = new Map<number, number>()
  let stopped = false

  async function send(call: 'issue' | 'refresh' | 'revoke', token?: string) {
    const answer = await calls[call](token)
    counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1)
    return answer
  }

  async function work(index: number): Promise<void> {
    for (let round = index; !stopped; round++) {
      const { status, json } = await send('issue')
      if (status !== 200) continue
      if (round % 3 === 0) history.live.push(json.access_token)
      else if (round % 3 === 1) {
        if ((await send('revoke', json.access_token)).status === 200) history.revoked.push(json.access_token)
      } else {
        const refreshed = await send('refresh', json.refresh_token)
        if (refreshed.status !== 200) continue
        history.spent.push(json.refresh_token)
        history.live.push(refreshed.json.access_token)
      }
    }
  }
  const workers = Array.from({ length: 12 }, (_, index) => work(index))
  const stop = async () => {
    stopped = true
    await Promise.all(workers)
  }
  onTestFinished(stop)
  return {
    history,
    async answered(status, count) {
      while (!stopped && (counts.get(status) ?? 0) < count) await sleep(5)
    },
    stop,
  }
}

async function activeOf({ calls }: ServerUnderTest, tokens: readonly string[]): Promise<number> {
  const active = await Promise.all(tokens.map(async (text) => (await calls.introspect(text)).json.active))
  return active.filter(Boolean).length
}

async function redeemableOf({ calls }: ServerUnderTest, tokens: readonly string[]): Promise<number> {
  const statuses = await Promise.all(tokens.map(async (text) => (await calls.refresh(text)).status))
  expect(new Set(statuses).difference(new Set([200, 400]))).toEqual(new Set())
  return statuses.filter((status) => status === 200).length
}

/** The tokens first: who tries a refresh token again ends what came of it. */
async function expectKept(server: ServerUnderTest, { live, revoked, spent }: History): Promise<void> {
  const active = { live: await activeOf(server, live), revoked: await activeOf(server, revoked) }
  expect({ ...active, redeemable: await redeemableOf(server, spent) }).toEqual({
    live: live.length,
    revoked: 0,
    redeemable: 0,
  })
  expect(Math.min(live.length, revoked.length, spent.length)).toBeGreaterThan(10)
}

async function startPair(synchronous: boolean): Promise<PostgresPair> {
  const pair = await startPostgresPair({ synchronous })
  onTestFinished(() => pair.remove())
  return pair
}

describe('T184 a primary that is killed, whose synchronous standby is promoted', () => {
  test('has lost no token that was answered, and brings back none that was revoked or spent', async () => {
    const pair = await startPair(true)
    const url = await pair.primary.createDatabase()
    const load = startLoad(await startOn(url, { tenants: [TENANT] }))
    await load.answered(200, 400)
    await expect(openPostgresStore({ url: pair.onStandby(url), clock: Date.now })).rejects.toThrow(
      'it is a read replica, which lags behind: name the primary server',
    )
    await pair.primary.stop('SIGKILL')
    await load.answered(503, 12)
    await load.stop()
    await pair.promote()
    await expectKept(await startOn(pair.onStandby(url), { tenants: [TENANT] }), load.history)
  })

  test('has answered 503 while the standby did not confirm, and lost nothing of what it answered', async () => {
    const pair = await startPair(true)
    const url = await pair.primary.createDatabase()
    const server = await startOn(url, { tenants: [TENANT] })
    const load = startLoad(server)
    await load.answered(200, 300)
    pair.standby.freeze()
    await within(15_000, load.answered(503, 24))
    pair.standby.thaw()
    await within(5000, until(server.calls.issue, 200))

    pair.standby.freeze()
    await within(15_000, load.answered(503, 48))
    await pair.primary.stop('SIGKILL')
    await load.stop()
    // What was under way to it is gone too.
    await pair.standby.stop('SIGKILL')
    await pair.standby.start()
    await pair.promote()
    await expectKept(await startOn(pair.onStandby(url), { tenants: [TENANT] }), load.history)
  })
})

test('T184 an asynchronous standby lacks what it was not sent, all of that and nothing else', async () => {
  const pair = await startPair(false)
  const url = await pair.primary.createDatabase()
  const before = await startOn(url, { tenants: [TENANT] })
  const load = startLoad(before)
  await load.answered(200, 300)
  await load.stop()
  const issue = async () => (await before.calls.issue()).json
  const toRevoke = await inParallel(10, issue)
  const toSpend = await inParallel(11, issue)
  await pair.caughtUp()

  pair.standby.freeze()
  const issued = await inParallel(12, issue)
  const refreshed = await inParallel(11, (index) => before.calls.refresh(toSpend[index].refresh_token))
  const revoked = await inParallel(10, (index) => before.calls.revoke(toRevoke[index].access_token))
  expect(new Set([...refreshed, ...revoked].map(({ status }) => status))).toEqual(new Set([200]))
  const made = [...issued, ...refreshed.map(({ json }) => json)].map(({ access_token }) => access_token)
  expect(await activeOf(before, made)).toBe(23)
  await pair.primary.stop('SIGKILL')
  await pair.standby.stop('SIGKILL')
  await pair.standby.start()
  await pair.promote()

  const after = await startOn(pair.onStandby(url), { tenants: [TENANT] })
  const backToLife = await activeOf(
    after,
    toRevoke.map(({ access_token }) => access_token),
  )
  const unspent = await redeemableOf(
    after,
    toSpend.map(({ refresh_token }) => refresh_token),
  )
  expect({ unknown: 23 - (await activeOf(after, made)), backToLife, unspent }).toEqual({
    unknown: 23,
    backToLife: 10,
    unspent: 11,
  })
  await expectKept(after, load.history)
})
