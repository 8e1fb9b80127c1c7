import { expect, test } from 'vitest'
import { crashAgainAndAgain, WORKERS } from './driver.ts'
import { sqliteUnderTest } from './sqlite.ts'

const CYCLES = 20

test('T001 T004 T007 T008 T023 a server that is killed 20 times under load has lied about nothing', async ({
  onTestFinished,
}) => {
  const underTest = sqliteUnderTest(WORKERS)
  onTestFinished(() => underTest.remove())
  const seed = Date.now() % 2 ** 32
  const { problems, ...report } = await crashAgainAndAgain(underTest, { cycles: CYCLES, seed })
  const again = `npm run test:crash -- --cycles ${CYCLES} --seed ${seed}`
  expect(problems, again).toEqual([])
  // It has really been under load, and really been interrupted.
  expect(report.answers, again).toBeGreaterThan(CYCLES * 10)
  expect(report.unknown, again).toBeGreaterThan(CYCLES)
  expect(report.checks, again).toBeGreaterThan(report.answers)
}, 240_000)
