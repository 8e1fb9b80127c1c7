/** What the server does, as it is told to Prometheus. */
import { expect, onTestFinished, test, vi } from 'vitest'
import type { MetricSources } from '../../src/log/gauges.ts'
import { METRICS } from '../../src/log/metric-definitions.ts'
import { createMetrics, type Metrics } from '../../src/log/metrics.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { measured, SECRET } from './measured.ts'
import { readSeries, type Series, valueIn } from './series.ts'

const NOW = 1_767_225_600

function sources(changes: Partial<MetricSources> = {}): MetricSources {
  return {
    clock: () => NOW * 1000,
    store: () => ({ waiting: 0, logBytes: null, pool: null }),
    passwords: () => ({ waiting: 0 }),
    upstreams: () => [],
    signingKeys: async () => [],
    size: async () => ({ bytes: null, tokens: { rows: [] } }),
    ...changes,
  }
}

async function seriesOf(metrics: Metrics): Promise<readonly Series[]> {
  return readSeries(await metrics.text())
}

test('there is all that is defined, with its sentence, and nothing else', async () => {
  const text = await createMetrics({ version: '1.2.3' }).text()
  for (const { name, type, help } of Object.values(METRICS)) {
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`)
  }
  expect(text.match(/^# TYPE /gm)).toHaveLength(Object.keys(METRICS).length)
  expect(text).toContain('\nmintkeeper_build_info{version="1.2.3"} 1\n')
})

test('names follow the conventions of Prometheus', () => {
  for (const { name, type, help, buckets } of Object.values(METRICS)) {
    expect(name).toMatch(/^mintkeeper_[a-z]+(_[a-z]+)*$/)
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb)(_|$)/)
    expect(help).toMatch(/^[A-Z].*\.$/)
    expect(buckets).toEqual([...buckets].sort((one, other) => one - other))
  }
})

test('requests are counted by surface, endpoint, grant and outcome', async () => {
  const { send, metrics } = await measured()
  const login = { grant_type: 'password', username: 'ann', password: 'right' }
  const shop = { client_id: 'shop', client_secret: SECRET }
  const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString()
  const issued = JSON.parse((await send('POST', '/spree_oauth/token', form(login))).body)
  await send('POST', '/spree_oauth/token', form({ ...login, password: 'wrong' }))
  await send('POST', '/oauth/token', form({ grant_type: 'client_credentials', ...shop }))
  await send('POST', '/oauth/token', form({ grant_type: 'magic', ...shop }))
  await send('GET', '/oauth/token')
  await send('GET', '/spree_oauth/nowhere')
  await send('GET', '/.well-known/jwks.json')
  const refresh = { grant_type: 'refresh_token', refresh_token: issued.refresh_token }
  for (let round = 0; round < 2; round++) await send('POST', '/spree_oauth/token', form(refresh))
  const series = await seriesOf(metrics)
  const counted = series
    .filter(({ name }) => name === 'mintkeeper_requests_total')
    .map(({ labels, value }) => [...Object.values(labels), value].join(' '))
  expect(counted.sort()).toEqual([
    'spree none none not_found 4xx 1',
    'spree token password invalid_grant 4xx 1',
    'spree token password ok 2xx 1',
    'spree token refresh_token ok 2xx 2',
    'standard jwks none ok 2xx 1',
    'standard none none method_not_allowed 4xx 1',
    'standard token client_credentials ok 2xx 1',
    'standard token other unsupported_grant_type 4xx 1',
  ])
  const duration = 'mintkeeper_request_duration_seconds'
  expect(valueIn(series, `${duration}_count`, { surface: 'spree', endpoint: 'token' })).toBe(4)
  const sum = valueIn(series, `${duration}_sum`, { surface: 'spree', endpoint: 'token' }) ?? 0
  // Seconds, not milliseconds.
  expect(sum > 0 && sum < 4).toBe(true)
  expect(valueIn(series, 'mintkeeper_refresh_token_replays_total')).toBe(1)
  expect(valueIn(series, 'mintkeeper_refresh_token_reuses_total')).toBe(0)
})

test('the reuse of a refresh token and failures of the store have counters of their own', async () => {
  const { send, metrics, advance, store } = await measured()
  const login = 'grant_type=password&username=ann&password=right'
  const { refresh_token } = JSON.parse((await send('POST', '/spree_oauth/token', login)).body)
  const refresh = `grant_type=refresh_token&refresh_token=${refresh_token}`
  const next = JSON.parse((await send('POST', '/spree_oauth/token', refresh)).body)
  const again = `grant_type=refresh_token&refresh_token=${next.refresh_token}`
  expect((await send('POST', '/spree_oauth/token', again)).status).toBe(200)
  advance(3600)
  expect((await send('POST', '/spree_oauth/token', refresh)).status).toBe(400)
  Object.assign(store, { findUserByLogin: () => Promise.reject(new StoreUnavailable('gone')) })
  expect((await send('POST', '/spree_oauth/token', login)).status).toBe(503)
  const series = await seriesOf(metrics)
  expect(valueIn(series, 'mintkeeper_refresh_token_reuses_total')).toBe(1)
  expect(valueIn(series, 'mintkeeper_store_failures_total')).toBe(1)
})

test('uses of muted secrets are counted, refused ones and replays too', async () => {
  const { send, metrics, store } = await measured()
  const client = await store.findClient('dodici', 'shop')
  if (client === null) throw new Error('there is no shop')
  await store.updateClient({ ...client, secrets: client.secrets.map((row) => ({ ...row, muted: true })) })
  const ask = (form: Record<string, string>) =>
    send('POST', '/spree_oauth/token', new URLSearchParams({ client_id: 'shop', ...form }).toString())
  const shop = { client_secret: SECRET }
  const login = { grant_type: 'password', username: 'ann', password: 'right', ...shop }
  const { refresh_token } = JSON.parse((await ask(login)).body)
  for (let round = 0; round < 2; round++) await ask({ grant_type: 'refresh_token', refresh_token, ...shop })
  await ask({ ...login, password: 'wrong' })
  await ask({ ...login, client_secret: 'wrong' })
  const series = await seriesOf(metrics)
  expect(valueIn(series, 'mintkeeper_muted_secret_uses_total')).toBe(4)
  expect(valueIn(series, 'mintkeeper_refresh_token_replays_total')).toBe(1)
})

test('what parts of the server tell arrives, in base units', async () => {
  const metrics = createMetrics()
  metrics.store.committed(7, 2)
  metrics.passwords.started(250)
  metrics.passwords.refused('source')
  metrics.passwords.abandoned()
  metrics.purge.succeeded(42, NOW)
  metrics.purge.failed()
  metrics.reloadFailed('tenants')
  const series = await seriesOf(metrics)
  expect(valueIn(series, 'mintkeeper_commit_writes_sum')).toBe(7)
  expect(valueIn(series, 'mintkeeper_commit_duration_seconds_sum')).toBe(0.002)
  expect(valueIn(series, 'mintkeeper_hash_queue_wait_seconds_sum')).toBe(0.25)
  expect(valueIn(series, 'mintkeeper_hash_queue_refusals_total', { bound: 'source' })).toBe(1)
  expect(valueIn(series, 'mintkeeper_hash_queue_refusals_total', { bound: 'queue' })).toBe(0)
  expect(valueIn(series, 'mintkeeper_hash_queue_abandoned_total')).toBe(1)
  expect(valueIn(series, 'mintkeeper_purge_runs_total')).toBe(1)
  expect(valueIn(series, 'mintkeeper_purge_failures_total')).toBe(1)
  expect(valueIn(series, 'mintkeeper_purged_rows_total')).toBe(42)
  expect(valueIn(series, 'mintkeeper_purge_last_success_timestamp_seconds')).toBe(NOW)
  const reloads = 'mintkeeper_cache_reload_failures_total'
  expect(valueIn(series, reloads, { cache: 'tenants' })).toBe(1)
  expect(valueIn(series, reloads, { cache: 'signing_keys' })).toBe(0)
})

test('what is not known is absent', async () => {
  const metrics = createMetrics()
  const gone = () => Promise.reject(new Error('gone'))
  metrics.watch(sources({ signingKeys: gone, size: gone }))
  const names = new Set((await seriesOf(metrics)).map(({ name }) => name))
  for (const { name } of [
    ...[METRICS.poolConnections, METRICS.poolInUse, METRICS.poolWaiting],
    ...[METRICS.databaseBytes, METRICS.databaseLogBytes, METRICS.tokenRows],
    ...[METRICS.purgedAt, METRICS.signingKeys, METRICS.activeKeyAge, METRICS.buildInfo],
  ]) {
    expect(names).not.toContain(name)
  }
})

test('what is asked for is as it is at the time of the question', async () => {
  let waiting = 3
  const metrics = createMetrics()
  metrics.watch(
    sources({
      store: () => ({ waiting, logBytes: 4096, pool: { size: 10, inUse: 4, waiting: 1 } }),
      size: async () => ({
        bytes: 65_536,
        tokens: {
          rows: [
            { weight: 2.7, deadAt: NOW + 1 },
            { weight: 100, deadAt: NOW },
            { weight: 1, deadAt: NOW + 1000 },
          ],
        },
      }),
      passwords: () => ({ waiting: waiting * 2 }),
      signingKeys: async () => [
        { algorithm: 'RS256', state: 'active', createdAt: NOW - 100 },
        { algorithm: 'RS256', state: 'active', createdAt: NOW - 500 },
        { algorithm: 'ES256', state: 'active', createdAt: NOW - 5 },
        { algorithm: 'RS256', state: 'announced', createdAt: NOW - 900 },
      ],
    }),
  )
  await seriesOf(metrics)
  waiting = 5
  const series = await seriesOf(metrics)
  expect(valueIn(series, 'mintkeeper_waiting_writes')).toBe(5)
  expect(valueIn(series, 'mintkeeper_hash_queue_length')).toBe(10)
  expect(valueIn(series, 'mintkeeper_pool_connections')).toBe(10)
  expect(valueIn(series, 'mintkeeper_pool_connections_in_use')).toBe(4)
  expect(valueIn(series, 'mintkeeper_pool_waiting_requests')).toBe(1)
  expect(valueIn(series, 'mintkeeper_database_bytes')).toBe(65_536)
  expect(valueIn(series, 'mintkeeper_database_log_bytes')).toBe(4096)
  expect(valueIn(series, 'mintkeeper_token_rows', { state: 'live' })).toBe(4)
  expect(valueIn(series, 'mintkeeper_token_rows', { state: 'dead' })).toBe(100)
  expect(valueIn(series, 'mintkeeper_signing_keys', { algorithm: 'RS256', state: 'active' })).toBe(2)
  expect(valueIn(series, 'mintkeeper_signing_keys', { algorithm: 'RS256', state: 'announced' })).toBe(1)
  expect(valueIn(series, 'mintkeeper_active_signing_key_age_seconds', { algorithm: 'RS256' })).toBe(500)
  expect(valueIn(series, 'mintkeeper_active_signing_key_age_seconds', { algorithm: 'ES256' })).toBe(5)
})

test('a database that does not answer keeps nothing else from being told', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const metrics = createMetrics()
  const hanging = () => new Promise<never>(() => {})
  metrics.watch(sources({ signingKeys: hanging, size: hanging }))
  metrics.purge.failed()
  const series = seriesOf(metrics)
  vi.advanceTimersByTime(500)
  expect(valueIn(await series, 'mintkeeper_purge_failures_total')).toBe(1)
})

test('metrics of the process are there if asked for, and in the same registry', async () => {
  const names = async (metrics: Metrics) => new Set((await seriesOf(metrics)).map(({ name }) => name))
  const wanted = [
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_heap_size_used_bytes',
  ]
  const own = await names(createMetrics())
  const all = await names(createMetrics({ process: true }))
  for (const name of wanted) expect([name, own.has(name), all.has(name)]).toEqual([name, false, true])
})
