/** T103: whatever one requester can call itself by is one source. */
import { BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sourceOf } from '../../src/protocol/source.ts'

describe('sourceOf', () => {
  test('nobody is nobody', () => {
    expect(sourceOf(null)).toBeNull()
  })

  test('an IPv4 address is itself', () => {
    expect(sourceOf('192.0.2.7')).toBe('192.0.2.7')
  })

  test.each([
    '2001:db8:0:1::7',
    '2001:db8:0:1:0:0:0:7',
    '2001:0DB8:0000:0001:0000:0000:0000:0007',
    '2001:db8::1:0:0:0.0.0.7',
    '2001:db8::1:0:0:0:7%eth0',
  ])('T103: an IPv6 address is its /64, in every spelling: %s', (spelling) => {
    expect(sourceOf(spelling)).toBe('2001:db8:0:1::/64')
  })

  test.each([
    '::ffff:192.0.2.7',
    '::ffff:192.0.2.7%eth0',
    '::FFFF:c000:207',
    '0:0:0:0:0:ffff:192.0.2.7',
    '0::ffff:c000:0207',
  ])('T103: an IPv4 address in the clothes of IPv6 is the IPv4 address: %s', (spelling) => {
    expect(sourceOf(spelling)).toBe('192.0.2.7')
  })

  test.each([
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
    ['fe80::1%lo', 'fe80:0:0:0::/64'],
    // What only looks like IPv4, in other networks than ::ffff:0:0/96.
    ['::192.0.2.7', '0:0:0:0::/64'],
    ['::1:ffff:192.0.2.7', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ])('%s is %s', (address, source) => {
    expect(sourceOf(address)).toBe(source)
  })

  test('T103: 200 addresses of one network are one source, and another network is another', () => {
    const addresses = Array.from({ length: 200 }, (_, at) => `2001:db8:1:2:${at.toString(16)}::${at}`)
    expect(new Set(addresses.map(sourceOf))).toEqual(new Set(['2001:db8:1:2::/64']))
    expect(sourceOf('2001:db8:1:3::')).not.toBe(sourceOf('2001:db8:1:2::'))
  })

  test('two IPv6 addresses, however spelt, are one source if and only if they are in one /64', () => {
    fc.assert(
      fc.property(spelling(), spelling(), (one, other) => {
        const network = new BlockList()
        network.addSubnet(one, 64, 'ipv6')
        expect(sourceOf(one) === sourceOf(other)).toBe(network.check(other, 'ipv6'))
      }),
    )
  })
})

/** Of two such addresses one pair in six is in one network. Zeros are left out where they can be. */
function spelling(): fc.Arbitrary<string> {
  const [near, far] = [fc.constantFrom('0', '1', '0001'), fc.constantFrom('0', '0001', 'A', 'ffff')]
  return fc.tuple(near, near, near, far, far, far, far).map((groups) => {
    // Another start than that of IPv4's addresses.
    const text = ['2001', ...groups].join(':')
    return text.replace(/(:0)+$/, '::').replace(/^((?:(?!::).)*?):0:0:(?!.*::)/, '$1::')
  })
}
