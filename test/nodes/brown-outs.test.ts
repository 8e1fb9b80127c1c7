/** R134: what an operator starts or ends by way of one server, all others do, too; and no configuration undoes it. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { endBrownOut, listBrownOuts, startBrownOut } from '../../src/admin/operations/brown-outs.ts'
import type { MintkeeperConfig } from '../../src/index.ts'
import type { Mintkeeper } from '../../src/server.ts'
import { newPath } from '../stores/sqlite-file.ts'
import { onPostgres } from './postgres.ts'
import { configurationOf, SHOP, startServer } from './servers.ts'

const postgres = onPostgres()
const NOW = 1_767_225_600
/** How old the tenants may be where nobody tells of changes, in seconds. */
const MAX_AGE = 5

const text = (time: number) => new Date(time * 1000).toISOString().replace('.000', '')
const CONFIGURED = { from: text(NOW + 1000), to: text(NOW + 2000) }
const CONFIGURED_ID = 'newstore-20260101T001640Z-20260101T003320Z'

let nowMs: number
const clock = () => nowMs
const inSeconds = (seconds: number) => Math.floor(nowMs / 1000) + seconds

function configuration(database: string, newstore: object = {}): MintkeeperConfig {
  const surfaces = { newstore: { brownOuts: [CONFIGURED], ...newstore }, spree: {} }
  return configurationOf(database, { tenants: [{ ...SHOP, surfaces }] })
}

async function statusOf(server: Mintkeeper, path = '/v0/token'): Promise<number> {
  const body = new URLSearchParams({ grant_type: 'password', ...SHOP.users[0] })
  return (await server.fetch(new Request(`http://localhost${path}`, { method: 'POST', body }))).status
}

const KINDS = [
  {
    name: 'three servers on one PostgreSQL, within a second',
    size: 3,
    // The clock stands still: whatever is heard of is heard of from the database.
    pass: () => {},
    eventually: async (look: () => Promise<void>) => await vi.waitFor(look, { timeout: 1000, interval: 10 }),
    newDatabase: async () => (await postgres.newDatabase()).url,
  },
  {
    name: 'two servers on one SQLite file, with the first request after five seconds',
    size: 2,
    pass: () => {
      nowMs += MAX_AGE * 1000
    },
    eventually: (look: () => Promise<void>) => look(),
    newDatabase: async () => `sqlite:${newPath()}`,
  },
]

describe.each(KINDS)('$name', ({ size, pass, eventually, newDatabase }) => {
  let database: string
  let servers: readonly Mintkeeper[]
  let first: Mintkeeper
  beforeEach(async () => {
    nowMs = NOW * 1000
    database = await newDatabase()
    first = await startServer(configuration(database), clock)
    const others = Array.from({ length: size - 1 }, () => startServer(configuration(database), clock))
    servers = [first, ...(await Promise.all(others))]
    for (const server of servers) expect(await statusOf(server)).toBe(200)
  })

  /** At once by way of which it was done, and soon by way of the others. */
  async function all(status: number, path?: string): Promise<void> {
    expect(await statusOf(first, path)).toBe(status)
    pass()
    for (const server of servers) {
      await eventually(async () => expect(await statusOf(server, path)).toBe(status))
    }
  }

  test('a brown-out begins and ends, and another surface goes on', async () => {
    const { operations } = first
    const { id } = await startBrownOut(operations, 'shop', { surface: 'newstore', to: inSeconds(600) })
    await all(410)
    await all(200, '/spree_oauth/token')
    await endBrownOut(operations, 'shop', id)
    await all(200)
  })

  test('one of a user, by way of another server than the one that ends it', async () => {
    const input = { surface: 'newstore' as const, to: inSeconds(600), users: ['ann'] }
    const { id } = await startBrownOut(first.operations, 'shop', input)
    await all(410)
    first = servers.at(-1) ?? first
    await endBrownOut(first.operations, 'shop', id)
    await all(200)
  })

  test('a configuration that is applied ends none and revives none', async () => {
    const { operations } = first
    const { id } = await startBrownOut(operations, 'shop', { surface: 'newstore', to: inSeconds(600) })
    await endBrownOut(operations, 'shop', CONFIGURED_ID)
    // Another life of tokens makes the server that starts apply it; the same again does not.
    for (const settings of [{ expiresIn: 60 }, { expiresIn: 60 }, {}]) {
      await startServer(configuration(database, settings), clock)
      expect((await listBrownOuts(operations, 'shop')).map((each) => [each.id, each.state])).toEqual([
        [id, 'running'],
        [CONFIGURED_ID, 'ended'],
      ])
      await all(410)
    }
    await endBrownOut(operations, 'shop', id)
    nowMs = (NOW + 1500) * 1000
    await all(200)
  })

  test('one of the configuration begins and ends by the clock, and early when told', async () => {
    nowMs = (NOW + 999) * 1000
    expect(await statusOf(first)).toBe(200)
    nowMs += 1000
    for (const server of servers) expect(await statusOf(server)).toBe(410)
    await endBrownOut(first.operations, 'shop', CONFIGURED_ID)
    await all(200)
  })
})
