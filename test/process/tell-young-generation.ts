/**
 * For `--import`: writes on standard error how large V8's young generation is whenever the process gets SIGUSR2, before
 * and after 64 MB that outlive its collections have been made in it.
 */
import { getHeapSpaceStatistics } from 'node:v8'

process.on('SIGUSR2', () => {
  const before = youngMegabytes()
  const kept: unknown[] = []
  while (kept.length < 1_000_000) kept.push({ number: kept.length })
  process.stderr.write(`young ${JSON.stringify({ before, after: youngMegabytes(), kept: kept.length })}\n`)
})

function youngMegabytes(): number {
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')
  return (young?.space_size ?? Number.NaN) / 2 ** 20
}
