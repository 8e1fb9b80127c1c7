import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLatestEntries } from '../../src/crypto/latest-entries.ts'

test('the latest entries are there, never more than twice as many, and each with its last value', () => {
  const keys = fc.array(fc.integer({ min: 0, max: 9 }).map(String))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), keys, (count, sets) => {
      const entries = createLatestEntries<number>(count)
      sets.forEach((key, index) => {
        entries.set(key, index)
        const latest = [...new Set(sets.slice(0, index + 1).toReversed())]
        for (const each of latest.slice(0, count)) {
          expect(entries.get(each)).toBe(sets.lastIndexOf(each, index))
        }
        for (const each of latest)
          expect([undefined, sets.lastIndexOf(each, index)]).toContain(entries.get(each))
        expect(latest.filter((each) => entries.get(each) !== undefined).length).toBeLessThanOrEqual(2 * count)
      })
      expect(entries.isEmpty()).toBe(sets.length === 0)
    }),
  )
})

test('what is old is forgotten the second time, as it would be after so many others', () => {
  const entries = createLatestEntries<number>(10)
  entries.set('one', 1)
  entries.forgetOld()
  entries.set('two', 2)
  expect([entries.get('one'), entries.get('two')]).toEqual([1, 2])
  entries.forgetOld()
  expect([entries.get('one'), entries.get('two')]).toEqual([undefined, 2])
  entries.forgetOld()
  expect(entries.isEmpty()).toBe(true)
})
