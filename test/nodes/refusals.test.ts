/** Refused requests of whole servers on real databases: kept across restarts, for a time, and never too many. */
import { expect, onTestFinished, test } from 'vitest'
import { purgeExpired } from '../../src/admin/operations/purge.ts'
import { findRefusal, refusalsLeftOut } from '../../src/admin/operations/refusals.ts'
import { createMintkeeper, type MintkeeperConfig } from '../../src/index.ts'
import type { Mintkeeper } from '../../src/server.ts'
import { startPostgres } from '../postgres/server.ts'
import { NOW, newFile } from './nodes.ts'
import { configurationOf, post, SYNC } from './servers.ts'

const DAY = 86_400

const DATABASES = {
  'an SQLite file': async () => `sqlite:${newFile().path}`,
  PostgreSQL: async () => {
    const server = await startPostgres({ fsync: 'off' })
    onTestFinished(() => server.remove())
    return await server.createDatabase()
  },
}

async function start(
  database: string,
  more: Partial<MintkeeperConfig> = {},
  now: () => number = () => NOW,
): Promise<Mintkeeper> {
  return await createMintkeeper(configurationOf(database, more), { clock: () => now() * 1000 })
}

const CREDENTIALS = { grant_type: 'client_credentials' }

/** The id of a request that is refused. */
async function refused(server: Mintkeeper, id = SYNC.id): Promise<string> {
  const { status, headers } = await post(server, '/oauth/token', CREDENTIALS, { id, secret: 'wrong' })
  expect(status).toBe(401)
  return headers.get('x-request-id') ?? ''
}

const rows = async ({ services }: Mintkeeper) =>
  (await services.store.listRefusals('any', null, 100_000)).rows

test.each(Object.entries(DATABASES))(
  'two servers on %s keep theirs, though both end at once',
  async (_, open) => {
    const database = await open()
    const servers = [await start(database), await start(database)]
    const asked = servers.flatMap((server) => Array.from({ length: 10 }, () => refused(server)))
    const ids = await Promise.all(asked)
    await Promise.all(servers.map((server) => server.close()))
    const later = await start(database)
    onTestFinished(() => later.close())
    for (const id of ids) {
      const found = await findRefusal(later.operations, { id: 'shop' }, id)
      expect(found).toMatchObject({ client: 'sync', reason: 'wrong_client_secret', earlier: 0 })
    }
  },
)

test.each(Object.entries(DATABASES))('T118 T173 a flood of 10 000 on %s keeps a few', async (_, open) => {
  const server = await start(await open())
  const { store } = server.services
  for (let part = 0; part < 100; part++) {
    // Ids that nobody has, each another one.
    await Promise.all(Array.from({ length: 100 }, (_, index) => refused(server, `nobody-${part}-${index}`)))
  }
  const honest = await post(server, '/oauth/token', { grant_type: 'nonsense' })
  expect((await post(server, '/oauth/token', CREDENTIALS)).status).toBe(200)
  await expect
    .poll(async () => (await store.findRefusals('any', idOf(honest), 1)).length, { timeout: 20_000 })
    .toBe(1)
  expect(await rows(server)).toHaveLength(21)
  expect(await refusalsLeftOut(server.operations, { id: 'shop' })).toEqual({
    count: 9980,
    lastAt: new Date(NOW * 1000).toISOString(),
  })
  await server.close()
})

test.each(Object.entries(DATABASES))(
  'T118 what is too old on %s is purged, and what is too much',
  async (_, open) => {
    let now = NOW
    const server = await start(await open(), { purgeIntervalSeconds: 0 }, () => now)
    onTestFinished(() => server.close())
    const { store } = server.services
    const kept = async () => (await rows(server)).length
    const [old] = [await refused(server)]
    await expect.poll(kept, { timeout: 20_000 }).toBe(1)
    const [row] = await rows(server)
    if (row === undefined) throw new Error('no row')
    now += 6 * DAY
    for (let part = 0; part < 401; part++)
      await store.addRefusals(Array(50).fill({ ...row, atMs: now * 1000 }), [])
    await purgeExpired(server.operations, { refusalRetentionDays: 7 })
    // The oldest of 20 051 has gone with those that are too many.
    expect(await kept()).toBe(20_000)
    expect(await findRefusal(server.operations, 'any', old)).toMatchObject({ earlier: 100 })
    now += 2 * DAY
    await purgeExpired(server.operations, { refusalRetentionDays: 7 })
    expect(await kept()).toBe(20_000)
    now += 6 * DAY
    // By hand, as a server takes its time.
    expect(await store.purgeRefusals((now - 7 * DAY) * 1000, 20_000, 19_990)).toBe(19_990)
    await purgeExpired(server.operations, { refusalRetentionDays: 7 })
    expect(await kept()).toBe(0)
  },
)

test('a server that is to keep none has none, and forgets what there was', async () => {
  const database = `sqlite:${newFile().path}`
  const before = await start(database)
  await refused(before)
  await before.close()
  const server = await start(database, { refusalRetentionDays: 0, purgeIntervalSeconds: 0 })
  await refused(server)
  await server.close()
  const later = await start(database, { purgeIntervalSeconds: 0 }, () => NOW + 1)
  onTestFinished(() => later.close())
  expect(await rows(later)).toHaveLength(1)
  await purgeExpired(later.operations, { refusalRetentionDays: 0 })
  expect(await rows(later)).toEqual([])
})

test('what is answered well is noted nowhere', async () => {
  const database = `sqlite:${newFile().path}`
  const server = await start(database)
  for (let count = 0; count < 5; count++) await post(server, '/oauth/token', CREDENTIALS)
  await server.close()
  const later = await start(database)
  onTestFinished(() => later.close())
  expect(await rows(later)).toEqual([])
})

function idOf(answer: Response): string {
  return answer.headers.get('x-request-id') ?? ''
}
