import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, type Workplace } from './workplace.ts'

let place: Workplace
beforeEach(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  await place.run(['apply'])
})
afterEach(() => place.remove())

const LOGIN = ['token', 'issue', '--user', 'joe@example.com', '--surface', 'spree']

describe('storage', () => {
  it('tells rows, bytes, what was written and what will be', async () => {
    for (let count = 0; count < 3; count++) await place.json(LOGIN)
    const report = await place.json(['storage'])
    expect(report).toMatchObject({
      bytes: expect.any(Number),
      freeBytes: 0,
      purgeIsBehind: false,
      tokens: { isExact: true, rows: 3, live: 3, dead: 0, overdue: 0, writtenInDay: 3 },
      forecast: { bytes: expect.any(Number) },
    })
    expect(report.tables).toContainEqual({ table: 'clients', rows: 2, isAll: true })
    expect(report.tokens.days[0].rows).toBe(3)
    const { code, stdout, stderr } = await place.run(['storage'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^database +sqlite:data\/mintkeeper\.db$/m)
    expect(stdout).toMatch(/^size +[\d.]+ KiB, of which 0 B are free for new rows$/m)
    expect(stdout).toMatch(/^token rows +3: 3 live, 0 dead$/m)
    expect(stdout).toMatch(/^forecast +[\d ]+ rows, [\d.]+ [KM]iB at \d{4}-/m)
  })

  it('warns when the purge is behind, until it has been done', async () => {
    await place.json(LOGIN)
    place.sql('update tokens set access_expires_at = 1, refresh_expires_at = 1')
    const { code, stderr } = await place.run(['storage'])
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^warning: 1 dead rows should have been deleted/),
    ])
    expect((await place.json(['storage'])).purgeIsBehind).toBe(true)
    await place.run(['purge'])
    expect((await place.json(['storage'])).purgeIsBehind).toBe(false)
  })
})
