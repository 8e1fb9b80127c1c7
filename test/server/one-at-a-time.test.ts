import { expect, test } from 'vitest'
import { oneAtATime } from '../../src/server/one-at-a-time.ts'

test('what is asked for during a run is done once, after it', async () => {
  const ends: (() => void)[] = []
  const ask = oneAtATime(() => new Promise((resolve) => ends.push(resolve)))
  const endRun = async (index: number) => {
    ends[index]?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (let time = 0; time < 5; time++) ask()
  expect(ends).toHaveLength(1)
  await endRun(0)
  expect(ends).toHaveLength(2)
  await endRun(1)
  expect(ends).toHaveLength(2)
  ask()
  expect(ends).toHaveLength(3)
})
