/** T056: a life that is none stops the start, and is refused by the admin API. */
import { expect, it } from 'vitest'
import { BASE, createAdminHarness } from '../admin/harness.ts'
import { problemsOf, withClient, withSurface } from './configurations.ts'

const NO_LIVES: readonly unknown[] = [
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 31,
  1.5,
  '1h',
  '3600',
  true,
  [60],
  {},
]

const SURFACES = ['newstore', 'spree', 'standard', 'realm'].flatMap((surface) =>
  ['expiresIn', 'refreshExpiresIn', 'refreshIdleExpiresIn', 'reuseWindow'].map(
    (key) => [surface, key] as const,
  ),
)

it.each(SURFACES)('T056 of the surface %s: %s', (surface, key) => {
  for (const value of NO_LIVES) {
    // A window of nothing is strictly single-use.
    if (key === 'reuseWindow' && value === 0) continue
    const [problem, ...others] = problemsOf(withSurface(surface, { [key]: value }))
    expect([value, others]).toEqual([value, []])
    expect(problem).toContain(`tenants[0].surfaces.${surface}.${key}: must be a whole number of seconds from`)
  }
  expect(problemsOf(withSurface(surface, { [key]: 60 }))).toEqual([])
})

it('T056 of a client', async () => {
  const { admin } = await createAdminHarness()
  await admin('POST', `${BASE}/clients`, { body: { id: 'c' } })
  for (const value of NO_LIVES) {
    const [problem, ...others] = problemsOf(withClient({ expiresIn: value }))
    expect([value, others]).toEqual([value, []])
    expect(problem).toContain('tenants[0].clients[0].expiresIn: must be a whole number of seconds from 1')
    // JSON has neither NaN nor infinity: they would be sent as null, which is no life of its own.
    if (typeof value === 'number' && !Number.isFinite(value)) continue
    for (const [method, path] of [
      ['POST', `${BASE}/clients`],
      ['PATCH', `${BASE}/clients/c`],
      ['POST', `${BASE}/clients/c/secrets`],
    ] as const) {
      const answer = await admin(method, path, { body: { expiresIn: value } })
      expect([value, path, answer.status, answer.body.problems?.[0].path]).toEqual([
        value,
        path,
        400,
        'expiresIn',
      ])
    }
  }
})
