import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAuthorizationHeader } from '../../src/protocol/authorization-header.ts'

const FORM = { formEncoded: true }
const RAW = { formEncoded: false }

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** What was read, with the secrets laid open. */
function read(header: string | null, rules = FORM): unknown {
  const parsed = parseAuthorizationHeader(header, rules)
  if (parsed.scheme === 'Basic') return [parsed.clientId, parsed.clientSecret.reveal()]
  return parsed.scheme === 'Bearer' ? parsed.token.reveal() : parsed.scheme
}

describe('parseAuthorizationHeader', () => {
  test('finds nothing where there is nothing', () => {
    expect(read(null)).toBe('none')
    expect(read('')).toBe('none')
  })

  test.each([
    ['a:b', ['a', 'b']],
    ['a:', ['a', '']],
    [':b', ['', 'b']],
    ['a:b:c', ['a', 'b:c']],
    ['a%3Ab:c%3Ad', ['a:b', 'c:d']],
    ['a:b+c', ['a', 'b c']],
    ['a:b%2Bc%25', ['a', 'b+c%']],
    ['a:%C3%A9', ['a', 'é']],
    ['a:é', ['a', 'é']],
  ])('T065 reads Basic %j', (text, expected) => {
    expect(read(`Basic ${base64(text)}`)).toEqual(expected)
    expect(read(`bAsIc   ${base64(text)} `)).toEqual(expected)
  })

  test('T065 leaves id and secret as they are for Doorkeeper', () => {
    expect(read(`Basic ${base64('a+b:c%3A+%zz')}`, RAW)).toEqual(['a+b', 'c%3A+%zz'])
  })

  test.each([
    'Basic',
    'Basic ',
    'Basic !',
    `Basic ${base64('no colon')}`,
    `Basic ${base64('a:%zz')}`,
    `Basic ${base64('a:%FF')}`,
    `Basic ${base64('a:%00')}`,
    `Basic ${base64('a\0:b')}`,
    `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`,
    'Basic YTpi=',
    'Basic YTpi====',
    'Basic YT pi',
    'Basic YTpi, Basic YTpi',
    'Basic YTp-',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a,b',
    'Digest username="a"',
    'YTpi',
    '\tBasic YTpi',
  ])('T065 calls %j malformed', (header) => {
    expect(read(header)).toBe('malformed')
  })

  test('reads a bearer token', () => {
    expect(read('Bearer abc.DEF_-~+/==')).toBe('abc.DEF_-~+/==')
    expect(read('bearer abc')).toBe('abc')
  })

  test('never prints a secret', () => {
    for (const header of [`Basic ${base64('a:canary')}`, 'Bearer canary']) {
      const parsed = parseAuthorizationHeader(header, FORM)
      expect(inspect(parsed, { depth: 9, showHidden: true })).not.toContain('canary')
      expect(JSON.stringify(parsed)).not.toContain('canary')
    }
  })

  test('T065 reads back whatever was form-encoded', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0'))
    const encode = (each: string) => new URLSearchParams([['', each]]).toString().slice(1)
    fc.assert(
      fc.property(text, text, (id, secret) => {
        expect(read(`Basic ${base64(`${encode(id)}:${encode(secret)}`)}`)).toEqual([id, secret])
      }),
    )
  })

  test('never throws', () => {
    const credentials = fc.oneof(fc.string(), fc.string().map(base64), fc.base64String())
    fc.assert(
      fc.property(fc.constantFrom('Basic ', 'Bearer ', ''), credentials, (scheme, text) => {
        parseAuthorizationHeader(scheme + text, FORM)
        parseAuthorizationHeader(scheme + text, RAW)
      }),
    )
  })
})
