import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OAuthError } from '../../src/protocol/errors.ts'
import {
  decodeFormComponent,
  findCredentialInQuery,
  type ParameterRules,
  parseForm,
} from '../../src/protocol/parameters.ts'

const STRICT: ParameterRules = { repeated: 'refuse', empty: 'omit', structured: 'refuse' }
const LAX: ParameterRules = { repeated: 'last', empty: 'keep', structured: 'text' }

const entries = (text: string, rules: ParameterRules) => [...parseForm(text, rules)]

function refusal(action: () => unknown): OAuthError {
  try {
    action()
  } catch (thrown) {
    if (thrown instanceof OAuthError) return thrown
    throw thrown
  }
  throw new Error('nothing was refused')
}

describe('parseForm', () => {
  test.each([
    ['', []],
    ['&', []],
    ['a=1', [['a', '1']]],
    [
      'a=1&b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['a=1&&b=', [['a', '1']]],
    ['a', []],
    ['a=b=c', [['a', 'b=c']]],
    ['a=b+c%20d%2Be', [['a', 'b c d+e']]],
    ['%61=%C3%A9', [['a', 'é']]],
    ['a= x ', [['a', ' x ']]],
    ['a=%0D%0A', [['a', '\r\n']]],
    ['a.b=1', [['a.b', '1']]],
    ['__proto__=1', [['__proto__', '1']]],
  ])('reads %j', (text, expected) => {
    expect(entries(text, STRICT)).toEqual(expected)
  })

  test('keeps empty values where they count', () => {
    expect(entries('a=&b', LAX)).toEqual([
      ['a', ''],
      ['b', ''],
    ])
  })

  test('T120 refuses a parameter given twice, and names it', () => {
    expect(refusal(() => parseForm('a=1&b=2&a=1', STRICT))).toMatchObject({
      code: 'invalid_request',
      reason: 'repeated_parameter',
      parameter: 'a',
    })
    expect(refusal(() => parseForm('a=1&%61=2', STRICT)).reason).toBe('repeated_parameter')
  })

  test('T120 lets the last one count where Rails would', () => {
    expect(entries('a=1&a=2', LAX)).toEqual([['a', '2']])
  })

  test.each(['a[]=1', 'a[b]=1', 'a%5B%5D=1', 'a[', '[a]=1'])('T120 refuses %s', (text) => {
    expect(refusal(() => parseForm(text, STRICT))).toMatchObject({
      code: 'invalid_request',
      reason: 'parameter_not_a_string',
    })
  })

  test('keeps a structured value as JSON text, under the name before the bracket', () => {
    expect(entries('scope[]=read', LAX)).toEqual([['scope', '["read"]']])
  })

  test('T123 takes names of Object.prototype for what they are', () => {
    const parameters = parseForm('constructor=1', STRICT)
    expect(parameters.get('toString')).toBeUndefined()
    expect(parameters.get('constructor')).toBe('1')
  })

  test.each(['a=%', 'a=%z', 'a=%zz', '%=1', 'a=%FF', 'a=%E0%80', 'a=%C3', 'a=%ED%A0%80', 'a=%00', 'a=x%00y'])(
    'T124 refuses %s as a malformed body',
    (text) => {
      expect(refusal(() => parseForm(text, STRICT)).code).toBe('malformed_body')
      expect(refusal(() => parseForm(text, LAX)).code).toBe('malformed_body')
    },
  )

  test('T125 refuses more than 100 parameters, and quickly', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => `p${at}=1`).join('&')
    expect(parseForm(many(100), STRICT).size).toBe(100)
    expect(refusal(() => parseForm(many(101), STRICT)).reason).toBe('too_many_parameters')
    expect(refusal(() => parseForm('&'.repeat(60_000), STRICT)).reason).toBe('too_many_parameters')
  })

  test('reads what URLSearchParams writes', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((each) => !/[\0[]/.test(each))
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name }), (pairs) => {
        expect(entries(new URLSearchParams(pairs).toString(), STRICT)).toEqual(pairs)
      }),
    )
  })

  test('throws nothing but OAuthError, whatever it is given', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('&', '=', '%', '%4', '[', '+', '%00', '\ud800', ';'))
    fc.assert(
      fc.property(fc.array(piece), fc.constantFrom(STRICT, LAX), (pieces, rules) => {
        try {
          parseForm(pieces.join(''), rules)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(OAuthError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

test('decodeFormComponent undoes encodeURIComponent, and spaces may be written as plus signs', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const encoded = encodeURIComponent(text)
      expect(decodeFormComponent(encoded)).toBe(text)
      expect(decodeFormComponent(encoded.replaceAll('%20', '+'))).toBe(text)
    }),
  )
})

describe('T066 findCredentialInQuery', () => {
  test.each([
    ['', null],
    ['grant_type=password&username=u', null],
    ['password', 'password'],
    ['password=', 'password'],
    ['a=1&password=x', 'password'],
    ['p%61ssword=x', 'password'],
    ['%70%61%73%73%77%6F%72%64', 'password'],
    ['password[]=x', 'password'],
    ['password%5B%5D=x', 'password'],
    ['Password=x', null],
    ['passwords=x', null],
    ['xpassword=x', null],
    ['a=password', null],
    ['refresh_token=x', 'refresh_token'],
    ['client_secret=x', 'client_secret'],
    ['token=x', 'token'],
    ['access_token=x', 'access_token'],
    ['client_assertion=x', 'client_assertion'],
    ['toString=x', null],
    ['%zz=1&password=x', 'password'],
    ['p%zzassword=x', null],
    ['&&&', null],
  ])('finds in %j: %s', (query, expected) => {
    expect(findCredentialInQuery(query)).toBe(expected)
  })

  test('R040 names the password if there is one, wherever it stands', () => {
    expect(findCredentialInQuery('refresh_token=x&password=y')).toBe('password')
    expect(findCredentialInQuery('token=x&refresh_token=y')).toBe('token')
  })

  test('never throws', () => {
    fc.assert(fc.property(fc.string(), (query) => void findCredentialInQuery(query)))
  })
})
