import { expect, test } from 'vitest'
import { aucOf } from '../../bench/timing/auc.ts'

test('is the part of all pairs in which the one of the class takes longer, ties counting half', () => {
  expect(aucOf([2, 4], [1, 3]).value).toBe(0.75)
  expect(aucOf([1, 2, 2], [2, 2, 9]).value).toBe(2 / 9)
  expect(aucOf([5, 5], [5]).value).toBe(0.5)
  expect([aucOf([1, 2], [3, 4]).value, aucOf([3, 4], [1, 2]).value]).toEqual([0, 1])
})

test('lies within an interval that becomes narrower with what is known', () => {
  const times = (count: number, more = 0) =>
    Array.from({ length: count }, (_, n) => ((n * 37) % count) / count + more)
  const few = aucOf(times(50), times(50))
  const many = aucOf(times(5000), times(5000))
  expect(few).toMatchObject({ value: 0.5, low: expect.closeTo(0.387, 2), high: expect.closeTo(0.613, 2) })
  expect(many).toMatchObject({ value: 0.5, low: expect.closeTo(0.489, 3), high: expect.closeTo(0.511, 3) })
  expect(aucOf(times(500, 0.2), times(500)).low).toBeGreaterThan(0.6)
})
