/** T102, T140, T141: where a request comes from, and whom it is for, as far as it can be believed. */
import { describe, expect, test } from 'vitest'
import { createOriginOf } from '../../src/http/edges/forwarded.ts'

type Headers = Readonly<Record<string, string>>

function originOf(trusted: readonly string[], peer: string | undefined, headers: Headers) {
  return createOriginOf(trusted)(peer, (name) => headers[name])
}

const HOST = { host: 'shop.example' }

describe('without trusted proxies', () => {
  test.each<Headers>([
    { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
    {
      forwarded: 'for=203.0.113.9;host=evil.example',
      'x-real-ip': '203.0.113.9',
      'cf-connecting-ip': '203.0.113.9',
    },
    { 'true-client-ip': '203.0.113.9', 'x-original-url': '/admin', 'x-host': 'evil.example' },
  ])('nothing but peer and Host counts: %j', (headers) => {
    expect(originOf([], '192.0.2.7', { ...HOST, ...headers })).toEqual({
      host: 'shop.example',
      source: '192.0.2.7',
    })
  })

  test('neither need be known', () => {
    expect(originOf([], undefined, {})).toEqual({ host: null, source: null })
  })

  test('an IPv4 address that came over IPv6 is the IPv4 address', () => {
    expect(originOf([], '::ffff:192.0.2.7', HOST).source).toBe('192.0.2.7')
    expect(originOf([], '2001:db8::7', HOST).source).toBe('2001:db8::7')
  })
})

describe('with trusted proxies', () => {
  const PROXIES = ['10.0.0.0/8', '127.0.0.1', '2001:db8:aaaa::/48']

  test.each([
    ['10.0.0.1', true],
    ['10.255.255.255', true],
    ['11.0.0.0', false],
    ['9.255.255.255', false],
    ['127.0.0.1', true],
    ['127.0.0.2', false],
    ['::ffff:10.1.2.3', true],
    ['::ffff:127.0.0.2', false],
    ['2001:db8:aaaa:1::1', true],
    ['2001:DB8:AAAA:0:0:0:0:1', true],
    ['2001:db8:aaab::1', false],
    ['::1', false],
    ['', false],
    ['unix', false],
  ])('%s is one: %s', (peer, trusted) => {
    const headers = { ...HOST, 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'other.example' }
    const plain = peer.replace('::ffff:', '')
    expect(originOf(PROXIES, peer, headers)).toEqual(
      trusted ? { host: 'other.example', source: '203.0.113.9' } : { host: 'shop.example', source: plain },
    )
  })

  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['evil, 203.0.113.9', '203.0.113.9'],
    ['198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['127.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['198.51.100.1,203.0.113.9,10.0.0.2 ,\t127.0.0.1', '203.0.113.9'],
    ['203.0.113.9, ::ffff:10.0.0.2', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['203.0.113.9, ::ffff:a00:2', '203.0.113.9'],
    ['2001:db8::9, 2001:db8:aaaa::1', '2001:db8::9'],
    // Whoever wrote these, they name nobody: what the proxy itself is known by stands for them.
    ['203.0.113.9, unknown', '10.0.0.1'],
    ['203.0.113.9, 198.51.100.1:4711', '198.51.100.1'],
    ['203.0.113.9:1, 10.0.0.2:65535', '203.0.113.9'],
    ['[2001:db8::9]:4711, [::ffff:10.0.0.2]:80', '2001:db8::9'],
    ['[2001:db8::9]', '2001:db8::9'],
    ['203.0.113.9, 198.51.100.1:', '10.0.0.1'],
    ['203.0.113.9, 198.51.100.1:x', '10.0.0.1'],
    ['203.0.113.9, 999.51.100.1:80', '10.0.0.1'],
    ['203.0.113.9, [2001:db8::9%eth0]:80', '10.0.0.1'],
    ['203.0.113.9, [2001:db8::9', '10.0.0.1'],
    ['203.0.113.9,', '10.0.0.1'],
    ['203.0.113.9, 010.0.0.2', '10.0.0.1'],
    ['203.0.113.9, 2001:db8::9%eth0', '10.0.0.1'],
    [`::1%${'x'.repeat(9000)}`, '10.0.0.1'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.1'],
    ['', '10.0.0.1'],
    ['\u0000', '10.0.0.1'],
  ])('X-Forwarded-For: %s', (forwarded, source) => {
    expect(originOf(PROXIES, '10.0.0.1', { ...HOST, 'x-forwarded-for': forwarded }).source).toBe(source)
  })

  test.each([
    ['other.example', 'other.example'],
    ['evil.example, other.example', 'other.example'],
    [' other.example:8443 ', 'other.example:8443'],
  ])('X-Forwarded-Host: %s', (forwarded, host) => {
    expect(originOf(PROXIES, '10.0.0.1', { ...HOST, 'x-forwarded-host': forwarded }).host).toBe(host)
  })

  test('one that says nothing is asked for itself', () => {
    expect(originOf(PROXIES, '10.0.0.1', HOST)).toEqual({ host: 'shop.example', source: '10.0.0.1' })
    expect(originOf(PROXIES, '10.0.0.1', {})).toEqual({ host: null, source: '10.0.0.1' })
    expect(originOf(PROXIES, undefined, HOST)).toEqual({ host: 'shop.example', source: null })
  })

  test('no other header of it counts', () => {
    const headers = { ...HOST, forwarded: 'for=203.0.113.9;host=evil.example', 'x-real-ip': '203.0.113.9' }
    expect(originOf(PROXIES, '10.0.0.1', headers)).toEqual({ host: 'shop.example', source: '10.0.0.1' })
  })
})
