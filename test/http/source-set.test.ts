/** `trustedSources`: which sources a list of addresses and networks has in it. */
import { expect, test } from 'vitest'
import { createSourceSet } from '../../src/http/edges/address-set.ts'
import { sourceOf } from '../../src/protocol/source.ts'

function isIn(list: readonly string[], address: string): boolean {
  return createSourceSet(list)(sourceOf(address) ?? '')
}

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1', '::ffff:192.0.2.1'],
  ['192.0.2.0/24', '192.0.2.200'],
  ['2001:db8:1:2::5', '2001:db8:1:2::5'],
  ['2001:db8:1:2::5', '2001:DB8:1:2:ffff::1'],
  ['2001:db8:1:2::5/128', '2001:db8:1:2::6'],
  ['2001:db8::/32', '2001:db8:ffff::1'],
  ['::1', '::1'],
])('T103 %s has %s in it', (entry, address) => {
  expect(isIn(['203.0.113.1', entry], address)).toBe(true)
})

test.each([
  ['192.0.2.1', '192.0.2.2'],
  ['192.0.2.0/24', '192.0.3.1'],
  ['2001:db8:1:2::5', '2001:db8:1:3::5'],
  ['2001:db8::/32', '2001:db9::1'],
  ['2001:db8::/32', 'unknown'],
  ['::1', '192.0.2.1'],
  ['::/0', '192.0.2.1'],
  ['192.0.2.1', '::1'],
])('T103 %s has not %s', (entry, address) => {
  expect(isIn([entry], address)).toBe(false)
})

test('nothing is in an empty list', () => {
  expect(isIn([], '127.0.0.1')).toBe(false)
})
