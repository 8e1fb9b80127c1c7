import { describe, expect, test } from 'vitest'
import { type Answer, type Call, TOKEN_CALLS } from './calls.ts'
import { type ServerUnderTest, startOn, until, within } from './mintkeeper.ts'
import { sharedPostgres } from './shared-server.ts'

const postgres = sharedPostgres()

/** With a second for a statement: three reads, or two and a write that waits for its turn. */
const LONGEST_ANSWER_MS = 8000

interface Load {
  readonly answers: Answer[]
  /** Resolves when so many more answers have this status. */
  more(status: number, count: number): Promise<void>
  stop(): Promise<void>
}

/** Clients that issue, revoke and ask, over and over; each answer must come in time. */
function startLoad({
  calls,
}: ServerUnderTest): Load & { readonly kept: string[]; readonly revoked: string[] } {
  const answers: Answer[] = []
  const kept: string[] = []
  const revoked: string[] = []
  const waiting: { status: number; left: number; resolve: () => void }[] = []
  let stopped = false

  async function send(call: Call, token?: string): Promise<Answer> {
    const answer = await within(LONGEST_ANSWER_MS, calls[call](token))
    answers.push(answer)
    for (const waiter of waiting) {
      if (waiter.status === answer.status && --waiter.left <= 0) waiter.resolve()
    }
    return answer
  }

  async function work(index: number): Promise<void> {
    while (!stopped) {
      const { status, json } = await send('issue')
      if (status !== 200) continue
      if (index % 2 === 0) kept.push(json.access_token)
      else if ((await send('revoke', json.access_token)).status === 200) revoked.push(json.access_token)
      await send('introspect', kept.at(-1))
    }
  }
  const workers = Array.from({ length: 8 }, (_, index) => work(index))
  return {
    answers,
    kept,
    revoked,
    more: (status, count) =>
      Promise.race([
        new Promise<void>((resolve) => waiting.push({ status, left: count, resolve })),
        Promise.all(workers).then(() => {}),
      ]),
    async stop() {
      stopped = true
      await Promise.all(workers)
    },
  }
}

const OUTAGES: Readonly<Record<string, { begin(): Promise<void> | void; end(): Promise<void> | void }>> = {
  'stopped and started again': { begin: () => postgres.stop(), end: () => postgres.start() },
  'killed under load and started again': {
    begin: () => postgres.stop('SIGKILL'),
    end: () => postgres.start(),
  },
  frozen: { begin: () => postgres.freeze(), end: () => postgres.thaw() },
}

describe.each(Object.keys(OUTAGES))('T180 PostgreSQL, %s', (name) => {
  const { begin, end } = OUTAGES[name] as (typeof OUTAGES)[string]

  test('answers 503 in time and heals by itself, and nothing that was answered is lost', async () => {
    const server = await startOn(await postgres.createDatabase())
    const { calls, mintkeeper } = server
    const load = startLoad(server)
    await load.more(200, 60)
    await begin()
    await load.more(503, 8)

    for (const call of TOKEN_CALLS) {
      const { status, retryAfter, json } = await within(LONGEST_ANSWER_MS, calls[call]())
      expect([call, status, retryAfter]).toEqual([call, 503, '1'])
      if (call === 'issueNewstore') expect(json).toMatchObject({ request_id: expect.any(String) })
      else expect(json).toMatchObject({ error: 'temporarily_unavailable' })
    }
    expect((await calls.jwks()).json.keys).not.toEqual([])
    expect((await calls.metadata()).status).toBe(200)
    expect(await within(LONGEST_ANSWER_MS, mintkeeper.ready())).toBe(false)

    await end()
    await within(5000, until(calls.issue, 200))
    expect(await mintkeeper.ready()).toBe(true)
    await load.more(200, 20)
    await load.stop()
    expect(new Set(load.answers.map(({ status }) => status))).toEqual(new Set([200, 503]))
    const active = async (token: string) => (await calls.introspect(token)).json.active
    expect(await Promise.all(load.kept.map(active))).toEqual(load.kept.map(() => true))
    expect(await Promise.all(load.revoked.map(active))).toEqual(load.revoked.map(() => false))
  })
})

test('T180 a server that is closed while PostgreSQL is frozen ends all the same', async () => {
  const server = await startOn(await postgres.createDatabase())
  expect((await server.calls.issue()).status).toBe(200)
  postgres.freeze()
  try {
    const pending = server.calls.issue()
    await within(LONGEST_ANSWER_MS, server.mintkeeper.close())
    expect((await pending).status).toBe(503)
  } finally {
    postgres.thaw()
  }
})

test('T187 T011 a database that is read-only: writes are 503, nothing is revoked by word only, reads go on', async () => {
  const { calls, mintkeeper } = await startOn(await postgres.createDatabase())
  const { access_token, refresh_token } = (await calls.issue()).json
  const admin = await postgres.createDatabase()
  await postgres.query(admin, 'alter system set default_transaction_read_only = on')
  await postgres.query(admin, 'select pg_reload_conf()')
  await within(5000, until(calls.issue, 503))
  expect(await calls.revoke(access_token)).toMatchObject({ status: 503, retryAfter: '1' })
  expect(await calls.refresh(refresh_token)).toMatchObject({ status: 503, retryAfter: '1' })
  expect((await calls.introspect(access_token)).json.active).toBe(true)
  expect((await calls.jwks()).status).toBe(200)
  expect(await mintkeeper.ready()).toBe(false)

  await postgres.query(admin, 'alter system reset default_transaction_read_only')
  await postgres.query(admin, 'select pg_reload_conf()')
  await within(5000, until(calls.issue, 200))
  expect((await calls.revoke(access_token)).status).toBe(200)
  expect((await calls.introspect(access_token)).json.active).toBe(false)
})
