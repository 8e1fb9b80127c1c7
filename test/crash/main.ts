/** `npm run test:crash -- [--database postgres] --cycles 200 [--seed 1]`: the long version of `crash.test.ts`. */
import { parseArgs } from 'node:util'
import { crashAgainAndAgain, WORKERS } from './driver.ts'
import { postgresUnderTest } from './postgres.ts'
import { sqliteUnderTest } from './sqlite.ts'

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite' },
    cycles: { type: 'string', default: '200' },
    seed: { type: 'string' },
  },
})
const cycles = Number(values.cycles)
const seed = Number(values.seed ?? Date.now() % 2 ** 32)
process.stdout.write(`${cycles} cycles, --seed ${seed}\n`)

const underTest = values.database === 'postgres' ? await postgresUnderTest(WORKERS) : sqliteUnderTest(WORKERS)
const begunAt = performance.now()
try {
  const report = await crashAgainAndAgain(underTest, {
    cycles,
    seed,
    onCycle(cycle, { answers, checks }) {
      if (cycle % 10 === 0) process.stdout.write(`${cycle}: ${answers} answers, ${checks} checks\n`)
    },
  })
  const { problems, ...numbers } = report
  const seconds = Math.round((performance.now() - begunAt) / 1000)
  process.stdout.write(`${JSON.stringify({ ...numbers, problems: problems.length, seconds })}\n`)
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await underTest.remove()
}
