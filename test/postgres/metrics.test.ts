import { expect, test } from 'vitest'
import { createMetrics, createMintkeeper } from '../../src/index.ts'
import { readSeries, valueIn } from '../log/series.ts'
import { sharedPostgres } from './shared-server.ts'

const server = sharedPostgres()

test('the pool, commits and sizes are told, and while the database is frozen all that needs no database', async () => {
  const metrics = createMetrics()
  const mintkeeper = await createMintkeeper(
    {
      database: await server.createDatabase(),
      masterKey: Buffer.alloc(32, 7).toString('base64'),
      databaseConnections: 5,
      tenants: [{ id: 'main', issuer: 'https://main.example/', signingAlgorithm: 'ES256' }],
    },
    { metrics },
  )
  try {
    const series = readSeries(await metrics.text())
    const connections = valueIn(series, 'mintkeeper_pool_connections') ?? 0
    expect(connections >= 1 && connections <= 5).toBe(true)
    expect(valueIn(series, 'mintkeeper_pool_connections_in_use')).toBeLessThanOrEqual(connections)
    expect(valueIn(series, 'mintkeeper_pool_waiting_requests')).toBe(0)
    expect(valueIn(series, 'mintkeeper_commit_duration_seconds_count')).toBeGreaterThan(0)
    expect(valueIn(series, 'mintkeeper_commit_writes_sum')).toBeGreaterThan(0)
    expect(valueIn(series, 'mintkeeper_database_bytes')).toBeGreaterThan(100_000)
    expect(valueIn(series, 'mintkeeper_token_rows', { state: 'live' })).toBe(0)
    expect(valueIn(series, 'mintkeeper_signing_keys', { algorithm: 'ES256', state: 'active' })).toBe(1)
    expect(valueIn(series, 'mintkeeper_database_log_bytes')).toBeUndefined()

    server.freeze()
    const waiting = mintkeeper.ready()
    const inUse = async () => valueIn(readSeries(await metrics.text()), 'mintkeeper_pool_connections_in_use')
    await expect.poll(inUse).toBeGreaterThan(0)
    server.thaw()
    expect(await waiting).toBe(true)
  } finally {
    server.thaw()
    await mintkeeper.close()
  }
})
