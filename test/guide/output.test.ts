import { expect, test } from 'vitest'
import { findDifference } from './output.ts'

test.each([
  ['one\ntwo\n', 'one\ntwo\n'],
  ['one\n', '\none\n\n'],
  ['{"token":"…","expires_in":60}\n', '{"token":"abc","expires_in":60}\n'],
  ['one\n…\nfour\n', 'one\ntwo\nthree\nfour\n'],
  ['one\n…\n', 'one\ntwo\n'],
  ['NAME  LIVES\n…     60\n', 'NAME     LIVES\nsomebody    60\n'],
  ['   FOUND\nusers  5\n', '          FOUND\nusers         5   \n'],
  ['a.c (1)\n', 'a.c (1)\n'],
])('%j is %j', (said, printed) => {
  expect(findDifference(said, printed)).toBeNull()
})

test.each([
  ['one\ntwo\n', 'one\nTWO\n', { line: 1, said: 'two', printed: 'TWO' }],
  ['one\n', 'one\ntwo\n', { line: 1, said: null, printed: 'two' }],
  ['one\ntwo\n', 'one\n', { line: 1, said: 'two', printed: null }],
  ['a…c\n', 'ac\n', { line: 0, said: 'a…c', printed: 'ac' }],
  ['a…c\n', 'a\nc\n', { line: 0, said: 'a…c', printed: 'a' }],
  ['one\n…\ntwo\n', 'one\ntwo\n', { line: 2, said: 'two', printed: null }],
  ['a b\n', 'a  b\n', { line: 0, said: 'a b', printed: 'a  b' }],
  ['a.c\n', 'abc\n', { line: 0, said: 'a.c', printed: 'abc' }],
  ['something\n', '', { line: 0, said: 'something', printed: '' }],
])('%j is not %j', (said, printed, difference) => {
  expect(findDifference(said, printed)).toEqual(difference)
})
