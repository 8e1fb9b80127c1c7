import { beforeEach, expect, test } from 'vitest'
import type { TenantRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import type { PostgresStoreOptions } from '../../src/stores/postgres/database.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { issued } from './conformance/fixture.ts'
import { openStore } from './postgres-store.ts'

const server = sharedPostgres({ fsync: 'off' })
let url: string
let other: Session
let warnings: string[]
beforeEach(async () => {
  url = await server.createDatabase()
  warnings = []
  other = await openSession(url)
  return () => other.end()
})

const open = (options: Partial<PostgresStoreOptions> = {}) =>
  openStore({ url, clock: Date.now, onWarning: (message) => warnings.push(message), ...options })

const OURS =
  "from pg_stat_activity where datname = current_database() and application_name like 'mintkeeper%'"
const LISTENING = `select 1 where 2 = (select count(*) ${OURS}
  and application_name like '%listener' and state = 'idle' and query like '%clock_timestamp%')`
const TENANT: TenantRow = {
  ...{ id: 'acme', hosts: [], issuer: 'https://acme.example/', signingAlgorithm: 'RS256', surfaces: null },
}

/** What the listener of a store hears, one after the other. */
function heard(store: Store): { next(): Promise<string | null> } {
  const told: (string | null)[] = []
  let wake = () => {}
  store.onChange((table) => {
    told.push(table)
    wake()
  })
  return {
    async next() {
      while (told.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return told.shift() as string | null
    },
  }
}

/** Does something until it succeeds. */
async function eventually(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      return void (await work())
    } catch {
      await other.query('select pg_sleep(0.01)')
    }
  }
}

test('200 requests at once open no more connections than were allowed, all of which are gone at the end', async () => {
  const store = await open({ connections: 7 })
  const row = await issued(store)
  // All have to wait, and writes that are alone in their transaction, so that as many are opened as may be.
  const holder = await openSession(url)
  await holder.query('begin; lock table tokens, denied_jwts in access exclusive mode')
  const work = Array.from({ length: 200 }, async (_, index) => {
    if (index % 2) await store.denyJwt('acme', `jwt-${index}`, row.issuedAt)
    else await store.findToken(row.key)
  })
  const opened = async () => Number((await other.query(`select count(*) as n ${OURS}`))[0]?.n)
  await other.until(`select 1 where 6 <= (select count(*) ${OURS})`)
  // One more would be there before long.
  let most = 0
  for (let look = 0; look < 500; look++) most = Math.max(most, await opened())
  await holder.query('commit')
  await holder.end()
  let isDone = false
  const done = Promise.all(work).then(() => {
    isDone = true
  })
  while (!isDone) most = Math.max(most, await opened())
  await done
  expect(most).toBeLessThanOrEqual(7)
  expect(store.statistics().pool?.size).toBeLessThanOrEqual(6)
  await store.close()
  await other.until(`select 1 where not exists (select 1 ${OURS})`)
})

test('connections that the server ends while they are idle are made again, and no request notices', async () => {
  const store = await open()
  const row = await issued(store)
  for (let round = 0; round < 3; round++) {
    const ended = await other.query(`select pid, pg_terminate_backend(pid) ${OURS}`)
    // Others may be there already.
    const pids = ended.map(({ pid }) => Number(pid)).join(', ')
    await other.until(`select 1 where not exists (select 1 ${OURS} and pid in (${pids}))`)
    await eventually(() => store.findToken(row.key))
    await eventually(() => issued(store))
  }
  expect(warnings.filter((text) => text.includes('heard of later')).length).toBeGreaterThanOrEqual(1)
})

test('connections that are ended under load cost 503 at most, and the process nothing', async () => {
  const store = await open()
  const row = await issued(store)
  let ended = false
  const outcomes = new Set<string>()
  const work = Array.from({ length: 12 }, async (_, index) => {
    while (!ended) {
      const asked = index % 2 ? store.findToken(row.key) : issued(store)
      outcomes.add(
        await asked.then(
          () => 'done',
          (error: Error) => error.name,
        ),
      )
      // Without a server, refusals come at once.
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  for (let round = 0; round < 10; round++) {
    await other.query(`select pg_sleep(0.02), pg_terminate_backend(pid) ${OURS}`)
  }
  ended = true
  await Promise.all(work)
  expect([...outcomes].toSorted()).toEqual(['StoreUnavailable', 'done'])
  await eventually(() => store.check())
})

test('a server that closes idle sessions harms nobody', async () => {
  const name = new URL(url).pathname.slice(1)
  await server.query(url, `alter database ${name} set idle_session_timeout = '20ms'`)
  const store = await open()
  await other.until(`select 1 where not exists (select 1 ${OURS} and application_name = 'mintkeeper')`)
  await eventually(() => store.check())
  await eventually(() => store.listTenants())
})

test('changes by other nodes are told, and after a gap that anything may have changed', async () => {
  const [one, two] = [await open(), await open()]
  await other.until(LISTENING)
  const changes = heard(one)
  await two.saveTenant(TENANT)
  while ((await changes.next()) !== 'tenants') {}
  await other.query(`select pg_terminate_backend(pid) ${OURS} and application_name like '%listener'`)
  // Nobody listens now.
  await two.saveTenant(TENANT)
  while ((await changes.next()) !== null) {}
  await two.saveTenant(TENANT)
  while ((await changes.next()) !== 'tenants') {}
})

test('a listener has the URL it was given, and where that leads nowhere the store works as well', async () => {
  const deaf = await open({ listenUrl: url.replace(/:\d+\//, ':1/') })
  await deaf.saveTenant(TENANT)
  expect(await deaf.listTenants()).toHaveLength(1)
  await eventually(async () => {
    expect(warnings.filter((text) => text.includes('heard of later'))).toHaveLength(1)
  })
})

test('more reads than a server can answer are refused at once', async () => {
  const store = await open()
  await other.query('begin; lock table tenants in access exclusive mode')
  const reads = Array.from({ length: 2500 }, () => store.listTenants())
  const refused = (await Promise.allSettled(reads.slice(2000))).filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(500)
  await other.query('rollback')
  const answered = await Promise.allSettled(reads.slice(0, 2000))
  expect(answered.filter(({ status }) => status === 'rejected')).toEqual([])
})
