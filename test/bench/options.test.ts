import { expect, test } from 'vitest'
import { readOptions } from '../../bench/options.ts'

test('without flags everything is measured, in three rounds', () => {
  const { isAsked, ...options } = readOptions([])
  expect(options).toMatchObject({ rounds: 3, seconds: 2, connections: 32, database: null, write: false })
  expect(isAsked('limits')).toBe(true)
})

test('a quick run is one short round, and flags count before that', () => {
  expect(readOptions(['--quick'])).toMatchObject({ rounds: 1, seconds: 1 })
  expect(readOptions(['--quick', '--rounds', '2'])).toMatchObject({ rounds: 2, seconds: 1 })
})

test('--only names parts of what is measured', () => {
  const { isAsked } = readOptions(['--only', 'limits', '--only', 'refresh'])
  expect(isAsked('limits')).toBe(true)
  expect(isAsked('oidc-provider: refresh, rotate, opaque')).toBe(true)
  expect(isAsked('start-up')).toBe(false)
})

test.each([
  ['a part of a second', ['--seconds', '0.5'], '--seconds is a whole number from 1 on'],
  ['no rounds', ['--rounds', '0'], '--rounds is a whole number from 1 on'],
  ['another database', ['--database', 'mysql'], '--database is sqlite or postgres'],
  ['an unknown flag', ['--round', '3'], "Unknown option '--round'"],
])('%s is refused', (_, args, message) => {
  expect(() => readOptions(args)).toThrow(message)
})
