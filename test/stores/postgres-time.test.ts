import { expect, test } from 'vitest'
import { createDatabaseTime } from '../../src/stores/postgres/database-time.ts'

/** A process whose own clock is wrong, asking a database that is right. */
function processWith({ ownMs }: { readonly ownMs: number }) {
  let steadyMs = 7000
  const time = createDatabaseTime(
    () => steadyMs,
    () => ownMs,
  )
  return {
    clock: time.clock,
    pass: (ms: number) => {
      steadyMs += ms
    },
    /** Asks, and the answer takes so long to come and go. */
    ask(databaseMs: number, roundTripMs: number) {
      steadyMs += roundTripMs
      time.observe(databaseMs, steadyMs - roundTripMs, steadyMs)
    },
  }
}

test('until the database was asked, the machine’s own time counts; then the database’s', () => {
  const { clock, ask, pass } = processWith({ ownMs: 300_000 })
  expect(clock()).toBe(300_000)
  ask(1_000_000, 2)
  expect(clock()).toBe(1_000_001)
  pass(60_000)
  expect(clock()).toBe(1_060_001)
})

test('a slow answer, which may be of any time within, changes nothing that was known better', () => {
  const { clock, ask, pass } = processWith({ ownMs: 0 })
  ask(1_000_000, 2)
  pass(10_000)
  ask(1_010_003, 3000)
  expect(clock()).toBe(1_013_001)
})

test('a clock of the database that is set, or another database in its place, is followed', () => {
  const { clock, ask, pass } = processWith({ ownMs: 0 })
  ask(1_000_000, 2)
  pass(5000)
  ask(1_605_000, 2)
  expect(Math.abs(clock() - 1_605_001)).toBeLessThanOrEqual(1)
  pass(5000)
  ask(1_010_000, 2)
  expect(Math.abs(clock() - 1_010_001)).toBeLessThanOrEqual(1)
})
