import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageVersion } from '../../src/cli/version.ts'
import { CONFIGURATION, createWorkplace, freePort, post, type Workplace } from '../cli/workplace.ts'
import { readSeries, type Series, valueIn } from '../log/series.ts'

const SYNC = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }
const JOE = { grant_type: 'password', username: 'joe@example.com', password: 'canary-password-of-joe' }

describe('the metrics of a server', () => {
  let place: Workplace
  beforeEach(() => {
    place = createWorkplace()
    place.write('mintkeeper.yaml', CONFIGURATION)
  })
  afterEach(() => place.remove())

  async function scrape(adminUrl: string): Promise<readonly Series[]> {
    const response = await fetch(`${adminUrl}/metrics`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    return readSeries(await response.text())
  }

  it('T174 are told by the control plane alone, which listens on the loopback address', async () => {
    const { url, adminUrl, child, said } = await place.serve(['--admin-port', String(await freePort())])
    expect(new URL(adminUrl).hostname).toBe('127.0.0.1')
    for (const path of ['/metrics', '/metrics/', '/v0/metrics', '/spree_oauth/metrics', '/oauth/metrics']) {
      const response = await fetch(`${url}${path}`)
      expect([path, response.status]).toEqual([path, 404])
      expect(await response.text()).not.toContain('mintkeeper_')
    }
    expect((await scrape(adminUrl)).length).toBeGreaterThan(50)
    if (process.platform !== 'linux') return
    // No inspector and no other door.
    const ports = [url, adminUrl].map((each) => `127.0.0.1:${new URL(each).port}`)
    expect(listeningOf(child.pid ?? 0).sort()).toEqual(ports.sort())
    // Nor after the signal at which Node opens one.
    child.kill('SIGUSR1')
    await said(/"signal":"SIGUSR1"/)
    await post(`${url}/spree_oauth/token`, { ...SYNC, ...JOE })
    expect(listeningOf(child.pid ?? 0).sort()).toEqual(ports.sort())
  })

  it('tell what happens from the request to the disk', async () => {
    const { url, adminUrl, stdout } = await place.serve(['--admin-port', String(await freePort())])
    const before = await scrape(adminUrl)
    expect((await post(`${url}/spree_oauth/token`, { ...SYNC, ...JOE })).status).toBe(200)
    expect((await post(`${url}/spree_oauth/token`, { ...SYNC, ...JOE, password: 'x' })).status).toBe(400)
    const after = await scrape(adminUrl)
    const grown = (name: string, labels = {}) =>
      (valueIn(after, name, labels) ?? 0) - (valueIn(before, name, labels) ?? 0)
    const login = { surface: 'spree', endpoint: 'token', grant_type: 'password' }
    expect(grown('mintkeeper_requests_total', { ...login, outcome: 'ok', status: '2xx' })).toBe(1)
    expect(grown('mintkeeper_requests_total', { ...login, outcome: 'invalid_grant' })).toBe(1)
    // The failed login is counted, too.
    expect(grown('mintkeeper_commit_duration_seconds_count')).toBe(2)
    expect(grown('mintkeeper_commit_writes_sum')).toBe(2)
    expect(grown('mintkeeper_commit_duration_seconds_sum')).toBeGreaterThan(0)
    expect(grown('mintkeeper_hash_queue_wait_seconds_count')).toBe(2)
    expect(valueIn(after, 'mintkeeper_signing_keys', { algorithm: 'RS256', state: 'active' })).toBe(1)
    expect(valueIn(after, 'mintkeeper_active_signing_key_age_seconds', { algorithm: 'RS256' })).toBeLessThan(
      60,
    )
    expect(valueIn(after, 'mintkeeper_token_rows', { state: 'live' })).toBe(0)
    expect(valueIn(after, 'mintkeeper_database_bytes')).toBeGreaterThan(4096)
    expect(valueIn(after, 'mintkeeper_build_info', { version: packageVersion() })).toBe(1)
    expect(valueIn(after, 'process_resident_memory_bytes')).toBeGreaterThan(2 ** 20)
    expect(valueIn(after, 'nodejs_eventloop_lag_p99_seconds')).toBeDefined()
    expect(stdout()).not.toContain('/metrics')
  })

  it('count purges', async () => {
    const { adminUrl, said } = await place.serve([
      ...['--admin-port', String(await freePort()), '--purge-interval-seconds', '1'],
    ])
    await said(/"plane":"control"/)
    await expect
      .poll(async () => valueIn(await scrape(adminUrl), 'mintkeeper_purge_runs_total'), { timeout: 10_000 })
      .toBeGreaterThan(0)
    const series = await scrape(adminUrl)
    const purgedAt = valueIn(series, 'mintkeeper_purge_last_success_timestamp_seconds') ?? 0
    expect(Math.abs(purgedAt - Date.now() / 1000)).toBeLessThan(60)
    expect(valueIn(series, 'mintkeeper_purge_failures_total')).toBe(0)
  })
})

/** Where a process listens for TCP connections, as `address:port`. */
function listeningOf(pid: number): string[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1] ?? []
      } catch {
        // It has closed meanwhile.
        return []
      }
    }),
  )
  return ['tcp', 'tcp6'].flatMap((family) =>
    readFileSync(`/proc/${pid}/net/${family}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.has(inode ?? ''))
      .map(([, local = '']) => readable(local)),
  )
}

/** `0100007F:1F90` is 127.0.0.1:8080; longer addresses stay as they are. */
function readable(local: string): string {
  const [address = '', port = ''] = local.split(':')
  const bytes = address.match(/../g) ?? []
  const text =
    bytes.length === 4
      ? bytes
          .reverse()
          .map((byte) => Number.parseInt(byte, 16))
          .join('.')
      : address
  return `${text}:${Number.parseInt(port, 16)}`
}
