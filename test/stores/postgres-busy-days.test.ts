import { beforeEach, expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { createConnector } from '../../src/stores/postgres/connector.ts'
import type { PostgresStoreOptions } from '../../src/stores/postgres/database.ts'
import { readPartitions } from '../../src/stores/postgres/partitions.ts'
import { createReaders } from '../../src/stores/postgres/readers.ts'
import { createTranslation } from '../../src/stores/postgres/statement.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { issued, NOW } from './conformance/fixture.ts'
import { openStore, partitionsOf } from './postgres-store.ts'

const DAY = 86_400
const HOUR = 3600

const server = sharedPostgres({ fsync: 'off' })
let url: string
let now: number
let dump: Session
let warnings: string[]
beforeEach(async () => {
  url = await server.createDatabase()
  now = NOW
  warnings = []
  dump = await openSession(url)
  return () => dump.end()
})

const open = (options: Partial<PostgresStoreOptions> = {}) =>
  openStore({ url, clock: () => now * 1000, onWarning: (message) => warnings.push(message), ...options })

/** An access token alone, dead within an hour. */
const short = (store: Store) =>
  issued(store, {
    ...{ refreshHash: null, refreshExpiresAt: null },
    ...{ issuedAt: now, accessExpiresAt: now + HOUR },
  })

/** Days that are dead, as many as said. */
async function deadDays(count: number): Promise<void> {
  const store = await open()
  for (let day = 0; day < count; day++) {
    await short(store)
    now += DAY
  }
  await store.close()
}

const days = () => partitionsOf(server, url)

/** How many transactions of a node were rolled back while it did something, and nobody else anything. */
async function rolledBack(work: (store: Store) => Promise<unknown>): Promise<number> {
  const before = await rollbacks()
  const store = await open()
  await work(store)
  // A session tells what it has done when it ends.
  await store.close()
  return (await rollbacks()) - before
}

async function rollbacks(): Promise<number> {
  const mine = "application_name like 'mintkeeper%' and datname = current_database()"
  // Not the dump: in a transaction this view stays as it was.
  const watcher = await openSession(url)
  await watcher.until(`select 1 where not exists (select 1 from pg_stat_activity where ${mine})`)
  await watcher.end()
  const [row] = await server.query(
    url,
    'select xact_rollback::int as n from pg_stat_database where datname = current_database()',
  )
  return row?.n as number
}

const DUMP = 'begin; lock table tokens in access share mode'

test('beside a dump or an open transaction no request for a token waits for long', async () => {
  await deadDays(4)
  // One that waited for as long as the first node may wait for its locks would be refused by the other.
  const [node, impatient] = [await open({ timeoutMs: 60_000 }), await open({ timeoutMs: 5000 })]
  now += 2 * DAY
  await dump.query(DUMP)
  let isPurging = true
  let answered = 0
  const request = async () => {
    while (isPurging) {
      await short(impatient)
      answered += 1
    }
  }
  const purged = Promise.all([node.purge(now, 1000), impatient.purge(now, 1000)]).finally(() => {
    isPurging = false
  })
  await Promise.all([request(), purged])
  expect(answered).toBeGreaterThan(0)
  expect(await days()).toContain('20260101')
  expect(warnings).toEqual([])
})

test('whoever makes or drops a day would not wait for more than a tenth of a second', async () => {
  await deadDays(4)
  await server.query(
    url,
    `create function refuse_patience() returns event_trigger language plpgsql as $$ begin
      if current_setting('lock_timeout')::interval not between '1ms' and '100ms' then
        raise exception 'it would wait for %', current_setting('lock_timeout');
      end if;
    end $$;
    create event trigger refuse_patience on ddl_command_start when tag in ('CREATE TABLE', 'DROP TABLE')
      execute function refuse_patience()`,
  )
  const store = await open()
  now += 2 * DAY
  await store.purge(now, 1000)
  expect(warnings).toEqual([])
  expect([(await days())[0], (await days()).at(-2)]).toEqual(['20260107', '20260114'])
})

test('beside a dump one day is tried in an hour, and when it is over all go', async () => {
  await deadDays(4)
  await dump.query(DUMP)
  const failures = await rolledBack(async (store) => {
    for (let minute = 0; minute < 59; minute += 10) {
      await store.purge(now, 1000)
      now += 600
    }
  })
  // Two days more are to be made, and four to be dropped.
  expect(failures).toBe(1)
  const store = await open()
  await store.purge(now, 1000)
  await dump.query('commit')
  await store.purge(now, 1000)
  expect((await days()).slice(0, 2)).toEqual(['20260101', '20260102'])
  now += HOUR
  await store.purge(now, 1000)
  expect((await days())[0]).toBe('20260105')
  expect((await days()).at(-2)).toBe('20260112')
  expect(warnings).toEqual([])
})

test('a day that is needed soon is tried each time, and the operator is told once', async () => {
  const store = await open()
  await dump.query(DUMP)
  now += 7 * DAY
  await store.purge(now, 1000)
  await store.purge(now, 1000)
  expect(warnings).toEqual([expect.stringContaining('could not be made')])
  await dump.query('commit')
  await store.purge(now, 1000)
  expect((await days()).at(-2)).toBe('20260115')
})

test('however many days there are, they are asked about one after the other', async () => {
  await deadDays(3)
  const readers = createReaders({
    connector: createConnector({
      ...{ url, timeoutMs: 5000, named: true },
      ...{ translate: createTranslation(), onWarning: () => {} },
    }),
    ...{ size: 4, timeoutMs: 5000 },
  })
  let asking = 0
  let most = 0
  const found = await readPartitions({
    read(sql, parameters) {
      asking += 1
      most = Math.max(most, asking)
      return readers.read(sql, parameters).finally(() => {
        asking -= 1
      })
    },
  })
  await readers.close()
  expect(most).toBe(1)
  expect(found.slice(0, 4).map(({ name }) => name)).toEqual([1, 2, 3, 4].map((day) => `tokens_2026010${day}`))
})

test('a role that may not drop a day goes on without, and the operator is told why, once', async () => {
  await deadDays(2)
  await server.query(
    url,
    `create role guest login; grant usage on schema public to guest;
    grant all on all tables in schema public to guest; grant all on all sequences in schema public to guest`,
  )
  const store = await open({ url: url.replace('//postgres:', '//guest:') })
  for (let round = 0; round < 3; round++) {
    await store.purge(now, 1000)
    now += HOUR
  }
  expect(warnings.filter((text) => text.includes('could not be dropped'))).toHaveLength(1)
  expect((await days())[0]).toBe('20260101')
  await short(store)
})
