import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { startOn, until, within } from './mintkeeper.ts'
import { type ServerProxy, startProxy } from './proxy.ts'
import { openSession } from './session.ts'
import { sharedPostgres } from './shared-server.ts'

const postgres = sharedPostgres({ fsync: 'off' })
let url: string
let proxy: ServerProxy
beforeEach(async () => {
  url = await postgres.createDatabase()
  proxy = await startProxy(postgres)
  return () => proxy.close()
})

const tokens = async () =>
  (await postgres.query(url, 'select count(*)::int as n from tokens'))[0]?.n as number

describe('T181 a connection that is cut between COMMIT and its answer', () => {
  test('of a token: the answer is 503, and what was written harms nobody', async () => {
    const { calls } = await startOn(proxy.by(url))
    proxy.commitsToLose = 1
    expect(await calls.issue()).toMatchObject({ status: 503, retryAfter: '1' })
    expect(proxy.commitsToLose).toBe(0)
    expect(await tokens()).toBe(1)
    expect((await calls.issue()).status).toBe(200)
  })

  test('of a refresh: repeated within the window it has the successor that was made, and no second one', async () => {
    const { calls } = await startOn(proxy.by(url))
    const { refresh_token: parent } = (await calls.issue()).json
    expect(await tokens()).toBe(1)
    proxy.commitsToLose = 1
    expect((await calls.refresh(parent)).status).toBe(503)
    // It was spent.
    expect(await postgres.query(url, 'select key from tokens where spent_at is not null')).toHaveLength(1)
    const first = await calls.refresh(parent)
    const second = await calls.refresh(parent)
    expect(first.status).toBe(200)
    expect(first.json.refresh_token).not.toBe(parent)
    expect(second.json).toMatchObject({
      access_token: first.json.access_token,
      refresh_token: first.json.refresh_token,
    })
    expect(await tokens()).toBe(2)
    expect((await calls.introspect(first.json.access_token)).json.active).toBe(true)
  })

  test('of many at once, with one refresh token: all have one successor', async () => {
    const { calls } = await startOn(proxy.by(url))
    const { refresh_token: parent } = (await calls.issue()).json
    proxy.commitsToLose = 1
    const answers = await Promise.all(Array.from({ length: 20 }, () => calls.refresh(parent)))
    const again = await Promise.all(Array.from({ length: 20 }, () => calls.refresh(parent)))
    const good = [...answers, ...again].filter(({ status }) => status === 200)
    expect(good.length).toBeGreaterThanOrEqual(20)
    expect(new Set(good.map(({ json }) => json.refresh_token)).size).toBe(1)
    expect(new Set([...answers, ...again].map(({ status }) => status))).toEqual(new Set([200, 503]))
    expect(await tokens()).toBe(2)
  })

  test('of a revocation: never 200, and it is done when it is said again', async () => {
    const { calls } = await startOn(proxy.by(url))
    const { access_token: token } = (await calls.issue()).json
    proxy.commitsToLose = 1
    expect((await calls.revoke(token)).status).toBe(503)
    expect((await calls.revoke(token)).status).toBe(200)
    expect((await calls.introspect(token)).json.active).toBe(false)
  })
})

test('T180 connections that died without a word are given up, and new ones made', async () => {
  // One to read, and one to write.
  const { calls } = await startOn(proxy.by(url), { databaseConnections: 3 })
  const { access_token: token } = (await calls.issue()).json
  proxy.mute()
  expect((await within(8000, calls.introspect(token))).status).toBe(503)
  await within(
    5000,
    until(() => calls.introspect(token), 200),
  )
  await within(5000, until(calls.issue, 200))
})

describe('T182 PostgreSQL that is slow', () => {
  test('in all it answers: 500 clients are told 503 in time, and it heals', async () => {
    const { calls, mintkeeper } = await startOn(proxy.by(url))
    expect((await calls.issue()).status).toBe(200)
    proxy.delayMs = 2000
    const answers = await within(8000, Promise.all(Array.from({ length: 500 }, () => calls.issue())))
    expect(new Set(answers.map(({ status, retryAfter }) => `${status} ${retryAfter}`))).toEqual(
      new Set(['503 1']),
    )
    expect((await calls.jwks()).status).toBe(200)
    expect(mintkeeper.services.store.statistics().waiting).toBe(0)
    proxy.delayMs = 0
    await within(5000, until(calls.issue, 200))
  })

  test('in what it writes: 500 logins are refused in time, and who asks about tokens waits for none of them', async () => {
    const { calls } = await startOn(url)
    const { access_token: token } = (await calls.issue()).json
    await postgres.query(
      url,
      `create function wait() returns trigger language plpgsql as
        'begin perform pg_sleep(2); return new; end';
      create trigger wait before insert on tokens for each row execute function wait()`,
    )
    let refused = 0
    const logins = Array.from({ length: 500 }, async () => {
      const { status } = await calls.issue()
      if (status === 503) refused += 1
      return status
    })
    const asked = await Promise.all(Array.from({ length: 100 }, () => calls.introspect(token)))
    expect(refused).toBe(0)
    expect(new Set(asked.map(({ json }) => json.active))).toEqual(new Set([true]))
    expect(new Set(await within(8000, Promise.all(logins)))).toEqual(new Set([503]))
    await postgres.query(url, 'drop trigger wait on tokens')
    await within(5000, until(calls.issue, 200))
  })

  test('for a lock that somebody keeps: it does not run out of connections meanwhile', async () => {
    const { calls } = await startOn(url, { databaseConnections: 3 })
    const { access_token: token } = (await calls.issue()).json
    const other = await openSession(url)
    onTestFinished(() => other.end())
    await other.query('begin; lock table tokens in access exclusive mode')
    for (let round = 0; round < 4; round++) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => calls.introspect(token)))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    }
    // What was given up is ended on the server too.
    await other.until(
      "select 1 where (select count(*) from pg_stat_activity where application_name like 'mintkeeper%') <= 3",
    )
    await other.query('rollback')
    await within(
      5000,
      until(() => calls.introspect(token), 200),
    )
  })
})
