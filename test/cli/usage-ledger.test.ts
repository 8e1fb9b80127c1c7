import { statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { zeroText } from '../../src/cli/usage/words.ts'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { addHistory, DAY } from '../admin/usage-history.ts'
import { CONFIGURATION, createWorkplace, post, type Workplace } from './workplace.ts'

let place: Workplace
beforeEach(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  await place.run(['apply'])
})
afterEach(() => place.remove())

/** As if it had been called for four weeks until the begin of today. */
async function fill(): Promise<void> {
  const store = await openSqliteStore({ path: place.path('data/mintkeeper.db'), clock: Date.now })
  await addHistory(store, Math.floor(Date.now() / 1000 / DAY) * DAY)
  await store.close()
}

describe('usage', () => {
  it('of nobody says so', async () => {
    const { code, stdout } = await place.run(['usage'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Nobody has called since \d{4}-\d\d-\d\d\./)
    expect(await place.json(['usage'])).toMatchObject({ callers: [], callersInAll: 0, summary: { uses: [] } })
  })

  it('knows what a server was asked, as soon as that has ended', async () => {
    const server = await place.serve()
    const login = { grant_type: 'password', username: 'joe@example.com', password: 'canary-password-of-joe' }
    expect((await post(`${server.url}/v0/token`, login)).status).toBe(200)
    expect((await post(`${server.url}/v0/token`, { ...login, password: 'wrong' })).status).toBe(403)
    server.child.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
    const { callers } = await place.json(['usage', '--grant', 'password'])
    expect(callers).toMatchObject([
      {
        surface: 'newstore',
        username: 'joe@example.com',
        succeeded: 1,
        failed: 1,
        sources: [{ value: '127.0.0.1', calls: 1 }],
        agents: [{ value: 'node', calls: 1 }],
        refusals: [{ value: 'wrong_password', calls: 1 }],
      },
    ])
    // Today is in no trend yet, but whoever has called today is not silent.
    const { stdout } = await place.run(['usage'])
    expect(stdout).toMatch(/^newstore +password +1 +1 +0 +0 +too early to tell +not in sight$/m)
    expect(stdout).toMatch(/^Still by deprecated ways in the last 7 days: 1 caller, /m)
  })

  it('calls silent what was not heard of in seven whole days, nor today', () => {
    const [today, now] = [100 * DAY, 100 * DAY + 3600]
    const called = (day: number, succeeded: number, lastWeek = 0) =>
      zeroText({ zeroOn: null, lastWeek, days: [{ day, succeeded, failed: 9 }] }, now)
    expect(called(today - 8 * DAY, 5)).toBe('silent')
    expect(called(today, 0)).toBe('silent')
    expect(called(today, 1)).toBe('not in sight')
    expect(called(today - 7 * DAY, 5, 5)).toBe('not in sight')
  })

  it('says who is still there, where it goes, and when there is nobody any more', async () => {
    await fill()
    const { code, stdout, stderr } = await place.run(['usage'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^newstore +password +11 920 +0 +2 240 +2 730 +-10 a day +\d{4}-\d\d-\d\d$/m)
    expect(stdout).toMatch(/^spree +refresh_token +100 +20 +35 +35 +stays +not in sight$/m)
    expect(stdout).toMatch(
      /^u-batch +newstore +password .* password grant; keeps no token: 560 in the life of one$/m,
    )
    expect(stdout).toMatch(/^client batch-client +standard +client_credentials .* keeps no token/m)
    expect(stdout).toMatch(/^Still by deprecated ways in the last 7 days: 2 callers, of which 0 /m)
  })

  it('is filtered, and tells how many were left out', async () => {
    await fill()
    const users = async (...filters: string[]) =>
      (await place.json(['usage', ...filters])).callers.map(
        ({ user, client }: { user: string | null; client: string | null }) => user ?? client,
      )
    expect(await users('--surface', 'spree')).toEqual(['u-app'])
    expect(await users('--grant', 'client_credentials')).toEqual(['batch-client'])
    expect(await users('--since', '3d')).toEqual(['u-batch', 'u-app', 'batch-client'])
    const few = await place.run(['usage', '--limit', '1'])
    expect(few.stderr).toBe('3 more are left out: see --limit.\n')
    for (const wrong of [
      ['--grant', 'x'],
      ['--surface', 'x'],
      ['--since', 'x'],
      ['--limit', '0'],
    ]) {
      expect((await place.run(['usage', ...wrong])).code).toBe(2)
    }
  })

  it('writes a page that only its owner may read', async () => {
    await fill()
    const { code, stdout } = await place.run(['usage', '--html', 'usage.html'])
    expect([code, stdout]).toEqual([0, `Wrote the usage of dodici to ${place.path('usage.html')}.\n`])
    expect(place.read('usage.html')).toMatch(/^<!DOCTYPE html>/)
    expect(statSync(place.path('usage.html')).mode & 0o777).toBe(0o600)
    // One that was there stays readable for nobody else either.
    place.write('shared.html', '', 0o644)
    expect((await place.run(['usage', '--html', 'shared.html'])).code).toBe(0)
    expect(place.read('shared.html')).toMatch(/^<!DOCTYPE html>/)
    expect(statSync(place.path('shared.html')).mode & 0o777).toBe(0o600)
    const refused = await place.run(['usage', '--html', 'no/such/directory.html'])
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('no such file')])
    expect(refused.stderr).toContain('Name a file in a directory')
  })
})
