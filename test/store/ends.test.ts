import { expect, test } from 'vitest'
import { refreshEnd } from '../../src/store/ends.ts'

test.each([
  [null, null, null],
  [5, null, 5],
  [null, 7, 7],
  [5, 7, 5],
  [7, 5, 5],
  [0, null, 0],
])('a refresh token that ends at %s in a family that ends at %s ends at %s', (own, family, end) => {
  expect(refreshEnd({ refreshExpiresAt: own, familyExpiresAt: family })).toBe(end)
})
