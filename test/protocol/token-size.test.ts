import { expect, test } from 'vitest'
import { isLargeScope, sizeProblem } from '../../src/protocol/token-size.ts'

test('T089 roles and claims have 2048 bytes each, as they stand in tokens', () => {
  // `["…"]` and `{"a":"…"}`
  expect(sizeProblem(['x'.repeat(2044)])).toBeNull()
  expect(sizeProblem(['x'.repeat(2045)])).toMatch(/^must be smaller: .* 2048 bytes .* not for 2049$/)
  expect(sizeProblem({ a: 'x'.repeat(2040) })).toBeNull()
  expect(sizeProblem({ a: 'x'.repeat(2041) })).not.toBeNull()
  // Two bytes of UTF-8, and a character that JSON escapes.
  expect(sizeProblem(['ü'.repeat(1022)])).toBeNull()
  expect(sizeProblem(['ü'.repeat(1023)])).not.toBeNull()
  expect(sizeProblem(['"'.repeat(1023)])).not.toBeNull()
  expect([sizeProblem([]), sizeProblem({})]).toEqual([null, null])
})

test('T089 a scope of up to 500 characters fits beside them', () => {
  expect(isLargeScope(['x'.repeat(249), 'y'.repeat(250)])).toBe(false)
  expect(isLargeScope(['x'.repeat(250), 'y'.repeat(250)])).toBe(true)
})
