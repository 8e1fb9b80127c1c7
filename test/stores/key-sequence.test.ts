import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKeySequence, createRandomInteger, KEY_LANES } from '../../src/stores/key-sequence.ts'
import { NOW } from './conformance/fixture.ts'

const lowest = () => 0
const highest = (belowExclusive: number) => belowExclusive - 1

test('keys grow, whatever the clock does, and are greater than the one given', () => {
  const steps = fc.array(fc.integer({ min: -10_000, max: 10_000 }), { maxLength: 200 })
  const after = fc.integer({ min: 0, max: 2 ** 52 })
  fc.assert(
    fc.property(steps, after, fc.integer({ min: 0, max: KEY_LANES - 1 }), (moves, start, lane) => {
      let nowMs = NOW * 1000
      const next = createKeySequence({
        clock: () => nowMs,
        random: createRandomInteger(),
        lane,
        after: start,
      })
      let last = start
      for (const move of moves) {
        nowMs += move
        const key = next()
        expect(key).toBeGreaterThan(last)
        expect(key % KEY_LANES).toBe(lane)
        last = key
      }
    }),
  )
})

test('two lanes never draw the same key, even at the same time with the same random numbers', () => {
  const sequences = [3, 4].map((lane) =>
    createKeySequence({ clock: () => NOW * 1000, random: lowest, lane, after: 0 }),
  )
  const keys = sequences.flatMap((next) => Array.from({ length: 1000 }, next))
  expect(new Set(keys).size).toBe(2000)
})

test('neither the first key of a millisecond nor the step to the next tells a count', () => {
  const draw = (random: (below: number) => number) => {
    const next = createKeySequence({ clock: () => NOW * 1000, random, lane: 0, after: 0 })
    return [next(), next()] as const
  }
  const [low, high] = [draw(lowest), draw(highest)]
  expect((high[0] - low[0]) / KEY_LANES).toBe(63)
  expect((low[1] - low[0]) / KEY_LANES).toBe(1)
  expect((high[1] - high[0]) / KEY_LANES).toBe(4)
})

test('a busy node runs ahead of its clock, and falls in with it again', () => {
  let nowMs = NOW * 1000
  const next = createKeySequence({ clock: () => nowMs, random: lowest, lane: 0, after: 0 })
  const first = next()
  for (let count = 0; count < 640; count++) next()
  nowMs += 20
  expect(next()).toBe(first + 20 * 64 * KEY_LANES)
})

test('the years until 2088 have keys, later ones are refused', () => {
  const at = (date: string) =>
    createKeySequence({ clock: () => Date.parse(date), random: highest, lane: 63, after: 0 })
  expect(at('2088-12-31')()).toBeLessThan(2 ** 53)
  expect(at('2100-01-01')).toThrow(RangeError)
  expect(at('1970-01-01')()).toBeGreaterThan(0)
})

test('random integers are drawn from the whole range', () => {
  const random = createRandomInteger()
  const drawn = new Set(Array.from({ length: 5000 }, () => random(64)))
  expect(drawn.size).toBe(64)
  expect(Math.max(...drawn)).toBe(63)
})

test('a key is greater than that of the row it descends from, whatever the clock of whoever drew that', () => {
  const next = createKeySequence({ clock: () => NOW * 1000, random: lowest, lane: 5, after: 0 })
  const ofAnother = createKeySequence({
    clock: () => NOW * 1000 + 3_600_000,
    random: lowest,
    lane: 63,
    after: 0,
  })()
  const child = next(ofAnother)
  expect(child).toBeGreaterThan(ofAnother)
  expect(child % KEY_LANES).toBe(5)
  expect(next()).toBeGreaterThan(child)
})
