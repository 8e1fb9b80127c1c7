import { expect, test } from 'vitest'
import { crashAgainAndAgain, WORKERS } from './driver.ts'
import { postgresUnderTest } from './postgres.ts'

/** Two kills each: one under load, and one after the questions. */
const CYCLES = 5

test('T001 T023 three servers on one PostgreSQL, of which servers and database are killed in turn, have lied about nothing', async ({
  onTestFinished,
}) => {
  const underTest = await postgresUnderTest(WORKERS)
  onTestFinished(() => underTest.remove())
  const seed = Date.now() % 2 ** 32
  const { problems, ...report } = await crashAgainAndAgain(underTest, { cycles: CYCLES, seed })
  const again = `npm run test:crash -- --database postgres --cycles ${CYCLES} --seed ${seed}`
  expect(problems, again).toEqual([])
  const { servers, database } = underTest.kills()
  expect([servers >= 6, database >= 3], again).toEqual([true, true])
  expect(report.answers, again).toBeGreaterThan(CYCLES * 10)
  expect(report.unknown, again).toBeGreaterThan(CYCLES)
  expect(report.checks, again).toBeGreaterThan(report.answers)
}, 240_000)
