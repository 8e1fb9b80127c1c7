import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OAuthError } from '../../src/protocol/errors.ts'
import { formatScope, includesScope, parseScope } from '../../src/protocol/scope.ts'

const TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const token = fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,8}$/)

function reason(text: string): string {
  try {
    parseScope(text)
  } catch (thrown) {
    if (thrown instanceof OAuthError && thrown.code === 'invalid_scope') return thrown.reason
    throw thrown
  }
  throw new Error('nothing was refused')
}

describe('parseScope', () => {
  test.each([
    ['', []],
    ['  ', []],
    ['read', ['read']],
    ['write read write', ['write', 'read']],
    [' read\twrite\r\n', ['read', 'write']],
    ['read:current_user offline_access', ['read:current_user', 'offline_access']],
    ["!#[]^~'", ["!#[]^~'"]],
    ['__proto__ constructor', ['__proto__', 'constructor']],
  ])('reads %j', (text, expected) => {
    expect(parseScope(text)).toEqual(expected)
  })

  test.each(['"', 'a\\b', 'é', 'a\u007f', 'a\0', 'read wri"te', 'a\u00a0b', '\u2028'])(
    'refuses %j',
    (text) => {
      expect(reason(text)).toBe('malformed_scope')
    },
  )

  test('T125 refuses more than 100 tokens, repeated ones included', () => {
    const tokens = Array.from({ length: 101 }, (_, at) => `s${at}`)
    expect(parseScope(` ${tokens.slice(1).join('  ')} `)).toHaveLength(100)
    expect(reason(tokens.join(' '))).toBe('too_many_scopes')
    expect(reason(` ${tokens.join(' ')}`)).toBe('too_many_scopes')
    expect(reason(`${'a '.repeat(103)}admin`)).toBe('too_many_scopes')
    expect(reason('a '.repeat(50_000))).toBe('too_many_scopes')
  })

  test('gives a set in the order of first naming, and what it writes it reads', () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 100 }), (tokens) => {
        const scope = parseScope(tokens.join(' '))
        expect(scope).toEqual([...new Set(tokens)])
        expect(parseScope(formatScope(scope))).toEqual(scope)
      }),
    )
  })

  test('lets through nothing that RFC 6749 §3.3 does not', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          for (const each of parseScope(text)) expect(each).toMatch(TOKEN)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(OAuthError)
        }
      }),
    )
  })
})

test('includesScope is that of sets', () => {
  const scope = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'))
  fc.assert(
    fc.property(scope, scope, (one, other) => {
      expect(includesScope(other, one)).toBe(new Set(one).isSubsetOf(new Set(other)))
    }),
  )
})
