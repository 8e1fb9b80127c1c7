import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSeenSet } from '../../src/import/seen-set.ts'

const digest = (number: number) => new Uint8Array(createHash('sha256').update(String(number)).digest())

test('knows what it was given, and nothing else, however much it grows', () => {
  const seen = createSeenSet()
  for (let number = 0; number < 50_000; number++) seen.add(digest(number))
  let [known, unknown] = [0, 0]
  for (let number = 0; number < 50_000; number++) {
    if (seen.has(digest(number))) known += 1
    if (seen.has(digest(-1 - number))) unknown += 1
  }
  expect([known, unknown]).toEqual([50_000, 0])
})

test('takes a text for its digest, and the same twice for one', () => {
  const seen = createSeenSet()
  seen.add('7')
  seen.add('7')
  expect([seen.has('7'), seen.has(digest(7)), seen.has('8')]).toEqual([true, true, false])
})

test('tells digests apart that begin alike, and takes one of zeros', () => {
  const seen = createSeenSet()
  const zeros = new Uint8Array(32)
  const others = [5, 8, 12].map((place) => zeros.with(place, 1))
  expect(seen.has(zeros)).toBe(false)
  seen.add(zeros)
  expect([seen.has(zeros), ...others.map((other) => seen.has(other))]).toEqual([true, false, false, false])
})
