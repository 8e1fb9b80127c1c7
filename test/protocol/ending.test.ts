import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endingOf, endOfSpan, joined } from '../../src/protocol/ending.ts'

const span = fc
  .record({ from: fc.integer({ min: 0, max: 40 }), length: fc.integer({ min: 1, max: 15 }) })
  .map(({ from, length }) => ({ from, to: from + length }))

describe('spans', () => {
  test('that overlap or meet are one; what is between them stays', () => {
    const spans = [
      { from: 30, to: 40 },
      { from: 0, to: 10 },
      { from: 10, to: 12 },
      { from: 5, to: 8 },
      { from: 13, to: 14 },
    ]
    expect(joined(spans)).toEqual([
      { from: 0, to: 12 },
      { from: 13, to: 14 },
      { from: 30, to: 40 },
    ])
  })

  test('joined are the same time, in order, with pauses', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 8 }), (spans) => {
        const one = joined(spans)
        for (let now = -1; now < 60; now++) {
          const isIn = spans.some(({ from, to }) => now >= from && now < to)
          const end = endOfSpan(one, now)
          expect([now, end !== null]).toEqual([now, isIn])
          // Whoever comes back then is not sent away again for what began in between.
          if (end !== null) expect(endOfSpan(one, end)).toBeNull()
        }
        for (const [index, { from }] of one.entries()) {
          expect(from).toBeGreaterThan(one[index - 1]?.to ?? -1)
        }
      }),
    )
  })
})

describe('an ending', () => {
  test('is nothing where there is neither a sunset nor a brown-out', () => {
    expect(endingOf(null, [])).toBeNull()
  })

  test('tells brown-outs of everybody from those of some', () => {
    const ofAll = { from: 1, to: 2 }
    const ofOne = { from: 1, to: 3, users: ['ann'] }
    expect(endingOf(null, [ofOne, ofAll])).toEqual({
      sunset: Number.POSITIVE_INFINITY,
      spans: [ofAll],
      ofUsers: [ofOne],
    })
    expect(endingOf(5, [])).toEqual({ sunset: 5, spans: [], ofUsers: [] })
  })
})
