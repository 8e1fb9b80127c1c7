/** The usage ledger of an installation: each server adds to the same rows. */
import { expect, onTestFinished, test } from 'vitest'
import { createMintkeeper, type MintkeeperConfig } from '../../src/index.ts'
import type { Mintkeeper } from '../../src/server.ts'
import { startPostgres } from '../postgres/server.ts'
import { NOW, newFile } from './nodes.ts'
import { configurationOf, get, login, post } from './servers.ts'

const WINDOW = { tenant: 'shop', surface: null, use: null, user: null, client: null, from: 0 } as const

const DATABASES = {
  'an SQLite file': async () => `sqlite:${newFile().path}`,
  PostgreSQL: async () => {
    const server = await startPostgres({ fsync: 'off' })
    onTestFinished(() => server.remove())
    return await server.createDatabase()
  },
}

async function start(database: string, more: Partial<MintkeeperConfig> = {}): Promise<Mintkeeper> {
  return await createMintkeeper(configurationOf(database, more), { clock: () => NOW * 1000 })
}

async function usageOf(server: Mintkeeper) {
  const { rows } = await server.services.store.listUsage(WINDOW, null, 1000)
  return rows.map(({ use, succeeded, failed }) => ({ use, succeeded, failed }))
}

test.each(Object.entries(DATABASES))(
  'two servers on %s lose no call, though both end at once',
  async (_, open) => {
    const database = await open()
    const servers = [await start(database), await start(database)]
    const asked = servers.flatMap((server) => [
      ...Array.from({ length: 30 }, () => post(server, '/oauth/token', { grant_type: 'client_credentials' })),
      ...Array.from({ length: 5 }, () => login(server)),
      login(server, 'wrong-password'),
      ...Array.from({ length: 3 }, () => post(server, '/oauth/introspect', { token: 'x' })),
      get(server, '/.well-known/jwks.json'),
    ])
    await Promise.all(asked)
    await Promise.all(servers.map((server) => server.close()))
    const later = await start(database)
    onTestFinished(() => later.close())
    expect(await usageOf(later)).toEqual([
      { use: 'client_credentials', succeeded: 60, failed: 0 },
      { use: 'introspection', succeeded: 6, failed: 0 },
      { use: 'password', succeeded: 10, failed: 2 },
    ])
  },
)

test('a server that is to keep no ledger has none, and forgets what there was', async () => {
  const database = `sqlite:${newFile().path}`
  const before = await start(database)
  await login(before)
  await before.close()
  const server = await start(database, { usageRetentionDays: 0, purgeIntervalSeconds: 0 })
  await login(server)
  await server.close()
  const later = await start(database)
  onTestFinished(() => later.close())
  expect(await usageOf(later)).toEqual([{ use: 'password', succeeded: 1, failed: 0 }])
})
