/** Two runs at once, and one shop in two tenants: each row comes once, and once in each. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importSpree } from '../../src/cli/commands/import-spree.ts'
import { SILENT_TERMINAL } from '../../src/cli/terminal.ts'
import { type PostgresServer, startPostgres } from '../postgres/server.ts'
import { writeGeneratedShop } from './generated-shop.ts'
import { type Imported, openShop, SAMPLE, temporaryFile, tokensOf } from './shop.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ fsync: 'off' })
})
afterAll(() => server.remove())

describe.each(['sqlite', 'postgres'])('into %s', (kind) => {
  const newDatabase = async () =>
    kind === 'sqlite' ? `sqlite:${temporaryFile('mintkeeper.db')}` : await server.createDatabase()

  test('two runs at once do the work of one, and so do two that follow', { timeout: 60_000 }, async () => {
    const database = await newDatabase()
    const shops = [await openShop({ database }), await openShop({ database })]
    const from = temporaryFile('dump.sql')
    const generated = { users: 5000, tokens: 5000, nowMs: shops[0]?.nowMs() ?? 0 }
    const sums = async (count: (report: Imported) => readonly number[]) => {
      const counts = (await Promise.all(shops.map((shop) => shop.import({ from })))).map(count)
      return counts[0]?.map((number, index) => number + (counts[1]?.[index] ?? 0))
    }
    writeGeneratedShop(from, generated)
    const added = await sums(({ user, client, token }) => [user.imported, client.imported, token.imported])
    expect(added).toEqual([5000, 1, 4500])
    writeGeneratedShop(from, { ...generated, isLater: true })
    const followed = await sums(({ user, token }) => [user.updated, user.changedHere, token.updated])
    expect(followed).toEqual([5000, 0, 500])
  })

  test('in two tenants a token is the one of each', async () => {
    const tenants = ['shop', 'test'].map((id) => ({
      id,
      hosts: [`${id}.example`],
      issuer: `https://${id}.example/`,
      surfaces: { spree: {} },
    }))
    const { mintkeeper } = await openShop({ database: await newDatabase(), tenants })
    for (const tenant of mintkeeper.directory().tenants) {
      const opened = { mintkeeper, tenant, config: null as never }
      const { data } = await importSpree(opened, { from: SAMPLE }, { ...SILENT_TERMINAL, env: {} })
      expect(data).toMatchObject({ token: { imported: 8, known: 0 } })
    }
    const status = async (tenant: string, token: string) => {
      const headers = { host: `${tenant}.example`, authorization: `Bearer ${token}` }
      const url = `https://${tenant}.example/spree_oauth/token/info`
      return (await mintkeeper.fetch(new Request(url, { headers }))).status
    }
    const [replaced, successor] = [tokensOf(8).access, tokensOf(9).access]
    for (const tenant of ['shop', 'test']) expect(await status(tenant, replaced)).toBe(200)
    // It ends the one it was issued for, where it is used, and nowhere else.
    expect(await status('test', successor)).toBe(200)
    expect([await status('test', replaced), await status('shop', replaced)]).toEqual([401, 200])
  })
})
