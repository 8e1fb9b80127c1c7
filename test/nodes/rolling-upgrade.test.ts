/** T192: servers of two versions on one PostgreSQL. The newer one differs by a step that adds a column to each table. */
import pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { STEPS, type Steps } from '../../src/stores/migrations/index.ts'
import { migratePostgres, openPostgresStore, readPostgresSchema } from '../../src/stores/postgres/database.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import {
  firstNode,
  isActive,
  login,
  NOW,
  type Node,
  PASSWORD,
  refresh,
  startNode,
  tenantOf,
} from './nodes.ts'

const NEWER: Steps = new Map([
  ...STEPS,
  [
    '9999-notes-additive',
    ({ text }) =>
      ['tokens', 'users', 'clients', 'tenants'].map(
        (table) => `alter table ${table} add column note ${text}`,
      ),
  ],
])
const clock = () => NOW * 1000

const postgres = sharedPostgres()

interface Load {
  /** How often the server that is behind the others has been asked. Throws if a request has failed. */
  rounds(): number
  /** Rejects if a request has failed. */
  stop(): Promise<void>
}

/** Has every server log in, and the next ones use what it issued, until it is stopped. */
function startLoad(nodes: readonly Node[]): Load {
  let running = true
  const rounds = nodes.map(() => 0)
  const workers = nodes.map(async (node, index) => {
    const at = (offset: number) => nodes[(index + offset) % nodes.length] as Node
    while (running) {
      const first = await login(node, 'ann')
      const refreshed = await refresh(at(1), first.refresh_token)
      expect([refreshed.status, refreshed.body]).toEqual([200, expect.any(String)])
      expect(await isActive(at(2), refreshed.json().access_token)).toBe(true)
      expect(await isActive(at(1), first.refresh_token)).toBe(false)
      rounds[index] = (rounds[index] ?? 0) + 1
    }
  })
  const ended = Promise.all(workers)
  let failure: unknown = null
  ended.catch((thrown: unknown) => {
    failure = thrown
  })
  return {
    rounds() {
      if (failure !== null) throw failure
      return Math.min(...rounds)
    },
    async stop() {
      running = false
      await ended
    },
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await condition()).toBe(true), { timeout: 20_000, interval: 20 })
}

async function startOld() {
  const url = await postgres.createDatabase()
  const old = { open: () => openPostgresStore({ url, clock }) }
  const newer = { open: () => openPostgresStore({ url, clock, steps: NEWER }) }
  const nodes = [await firstNode(old, {}), await startNode(old, tenantOf())]
  await nodes[0]?.user({ username: 'ann', password: PASSWORD })
  return { url, old, newer, nodes }
}

describe('T192 an upgrade while requests come', () => {
  test('of one server after the other, and back again, fails none of them', async () => {
    const { url, old, newer, nodes } = await startOld()
    const before = startLoad(nodes)
    await until(() => before.rounds() >= 3)
    const upgraded = await startNode(newer, tenantOf())
    expect(await readPostgresSchema({ url, clock, steps: NEWER })).toMatchObject({ pending: [] })
    const asked = before.rounds()
    await until(() => before.rounds() >= asked + 3)
    await before.stop()

    const mixed = startLoad([...nodes, upgraded])
    await until(() => mixed.rounds() >= 3)
    // One that has crashed comes back, though its version does not know the step.
    const again = await startNode(old, tenantOf())
    const back = startLoad([again, upgraded])
    await until(() => back.rounds() >= 3)
    await Promise.all([mixed.stop(), back.stop()])
  })

  test('waits for a long reader without anybody waiting for it', async () => {
    const { url, nodes } = await startOld()
    const reader = new pg.Client({ connectionString: url })
    await reader.connect()
    onTestFinished(() => reader.end())
    await reader.query('begin; select count(*) from tokens')
    const load = startLoad(nodes)
    let migrated = false
    const migration = migratePostgres({ url, clock, steps: NEWER }).then((applied) => {
      migrated = true
      return applied
    })
    const waits = `select count(*)::int from pg_stat_activity where wait_event_type = 'Lock' and query like 'alter table%'`
    await until(async () => (await postgres.query(url, waits))[0]?.count === 1)
    await until(async () => (await postgres.query(url, waits))[0]?.count === 0)
    expect(migrated).toBe(false)
    await reader.query('commit')
    expect(await migration).toEqual(['9999-notes-additive'])
    await load.stop()
  })
})

test('T192 T194 an older version starts on an additive step with a warning, and says which', async () => {
  const { url } = await startOld()
  await migratePostgres({ url, clock, steps: NEWER })
  const warnings: string[] = []
  const store = await openPostgresStore({ url, clock, onWarning: (message) => warnings.push(message) })
  await store.close()
  expect(warnings).toEqual([
    'a newer version has added to the schema (9999-notes-additive): update this one soon',
  ])
  expect(await migratePostgres({ url, clock })).toEqual([])
})
