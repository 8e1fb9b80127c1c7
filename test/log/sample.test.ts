import { expect, onTestFinished, test, vi } from 'vitest'
import { createSample } from '../../src/log/sample.ts'

/** A sample whose readings end when the test says so. */
function fixture() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const readings: PromiseWithResolvers<string>[] = []
  let nowMs = 0
  const ask = createSample({
    read() {
      const reading = Promise.withResolvers<string>()
      readings.push(reading)
      return reading.promise
    },
    clock: () => nowMs,
    maxAgeMs: 1000,
    waitMs: 50,
  })
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    ask,
    readings,
    settle,
    advance(ms: number) {
      nowMs += ms
      vi.advanceTimersByTime(ms)
    },
  }
}

test('one reading answers all who ask meanwhile, and for as long as it is young', async () => {
  const { ask, readings, advance } = fixture()
  const asked = [ask(), ask()]
  readings[0]?.resolve('first')
  expect(await Promise.all(asked)).toEqual(['first', 'first'])
  advance(999)
  expect(await ask()).toBe('first')
  expect(readings).toHaveLength(1)
  advance(1)
  const next = ask()
  readings[1]?.resolve('second')
  expect(await next).toBe('second')
})

test('a reading that does not end is waited for a while only, and not begun again', async () => {
  const { ask, readings, advance, settle } = fixture()
  const first = ask()
  advance(50)
  expect(await first).toBe(null)
  advance(5000)
  const second = ask()
  advance(50)
  expect(await second).toBe(null)
  expect(readings).toHaveLength(1)
  readings[0]?.resolve('late')
  await settle()
  expect(await ask()).toBe('late')
})

test('a reading that fails leaves what there was, and is not repeated at once', async () => {
  const { ask, readings, advance } = fixture()
  const first = ask()
  readings[0]?.resolve('first')
  await first
  advance(1000)
  const second = ask()
  readings[1]?.reject(new Error('gone'))
  expect(await second).toBe('first')
  advance(999)
  expect(await ask()).toBe('first')
  expect(readings).toHaveLength(2)
})

test('nobody waits longer than needed: no timer is left', async () => {
  const { ask, readings } = fixture()
  const asked = ask()
  readings[0]?.resolve('first')
  await asked
  expect(vi.getTimerCount()).toBe(0)
})
