import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OAuthError } from '../../src/protocol/errors.ts'
import { parseJsonBody } from '../../src/protocol/json-body.ts'
import type { ParameterRules } from '../../src/protocol/parameters.ts'

const STRICT: ParameterRules = { repeated: 'refuse', empty: 'keep', structured: 'refuse' }
const LAX: ParameterRules = { repeated: 'last', empty: 'keep', structured: 'text' }

function refusal(text: string, rules: ParameterRules): { code: string; reason: string } {
  try {
    parseJsonBody(text, rules)
  } catch (thrown) {
    if (thrown instanceof OAuthError) return { code: thrown.code, reason: thrown.reason }
    throw thrown
  }
  throw new Error('nothing was refused')
}

describe('parseJsonBody', () => {
  test('reads the members of an object', () => {
    expect([...parseJsonBody(' {"a":"1","b":"é \\u00e9 \\" : {"} ', STRICT)]).toEqual([
      ['a', '1'],
      ['b', 'é é " : {'],
    ])
  })

  test.each(['', ' \r\n\t'])('reads %j as no parameters', (text) => {
    expect(parseJsonBody(text, STRICT).size).toBe(0)
  })

  test.each(['{', '{"a":}', '{"a":"1",}', "{'a':'1'}", 'a=1', '\ufeff{}', '{"a":"\u0001"}', 'undefined'])(
    'R023 refuses %j as broken',
    (text) => {
      expect(refusal(text, STRICT)).toEqual({ code: 'malformed_body', reason: 'broken_json' })
      expect(refusal(text, LAX).code).toBe('malformed_body')
    },
  )

  test.each(['[]', '["a"]', 'null', '1', '"a"', 'true'])('R023 refuses %s, which is no object', (text) => {
    expect(refusal(text, STRICT)).toEqual({ code: 'malformed_body', reason: 'json_not_an_object' })
    expect(parseJsonBody(text, LAX).size).toBe(0)
  })

  test.each(['1', '1.5', 'null', 'true', '{}', '{"x":"y"}', '[]', '["x"]'])(
    'R026 refuses a member that is %s',
    (value) => {
      expect(refusal(`{"a":${value}}`, STRICT)).toEqual({
        code: 'invalid_request',
        reason: 'parameter_not_a_string',
      })
    },
  )

  test('keeps what is no string as JSON text, and null as absent, where Rails would', () => {
    expect([...parseJsonBody('{"a":["x"],"b":1,"c":null}', LAX)]).toEqual([
      ['a', '["x"]'],
      ['b', '1'],
    ])
  })

  test.each([
    '{"a":"1","a":"1"}',
    '{"a":"1","b":"2", "a" :"3"}',
    '{"a":"1","\\u0061":"2"}',
    '{"b":"{\\"a\\":1}","a":"1","a":"2"}',
    '{"a":"","a":"2"}',
    '{"__proto__":"1","__proto__":"2"}',
    '{"a":"\\\\","a":"2"}',
  ])('T120 refuses a repeated member: %s', (text) => {
    expect(refusal(text, STRICT)).toEqual({ code: 'invalid_request', reason: 'repeated_parameter' })
    expect(() => parseJsonBody(text, LAX)).not.toThrow()
  })

  test.each(['{"a":"a:","b":"a"}', '{"a":"\\"a\\":","b":"1"}', '{"a":"\\\\\\"","b":"{[:"}'])(
    'takes no value for a repeated member: %s',
    (text) => {
      expect(parseJsonBody(text, STRICT).size).toBe(2)
    },
  )

  test('sees no repetition in the members of a member', () => {
    expect(refusal('{"x":{"a":1,"a":2}}', STRICT).reason).toBe('parameter_not_a_string')
    expect(parseJsonBody('{"x":[{"a":1},{"a":2}],"a":"1"}', LAX).get('a')).toBe('1')
  })

  test('T124 refuses half a surrogate pair and a NUL', () => {
    expect(refusal('{"a":"\\ud800"}', STRICT)).toEqual({ code: 'malformed_body', reason: 'lone_surrogate' })
    expect(refusal('{"a":"x\\u0000"}', STRICT)).toEqual({ code: 'malformed_body', reason: 'nul_character' })
  })

  test('T123 takes names of Object.prototype for what they are', () => {
    const parameters = parseJsonBody('{"__proto__":"x","constructor":"y"}', STRICT)
    expect([...parameters.keys()]).toEqual(['__proto__', 'constructor'])
    expect(parameters.get('toString')).toBeUndefined()
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  test('reads what JSON.stringify writes, and finds every repetition', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0'))
    const pairs = fc.array(fc.tuple(text, text), { maxLength: 8 })
    fc.assert(
      fc.property(pairs, fc.constantFrom('', ' ', '\n'), (members, gap) => {
        const body = members.map(([name, value]) => `${JSON.stringify(name)}${gap}:${JSON.stringify(value)}`)
        const json = `{${body.join(`${gap},`)}}`
        const names = members.map(([name]) => name)
        if (new Set(names).size < names.length) {
          expect(refusal(json, STRICT).reason).toBe('repeated_parameter')
        } else expect(new Map(parseJsonBody(json, STRICT))).toEqual(new Map(members))
      }),
      { numRuns: 500 },
    )
  })

  test('throws nothing but OAuthError, whatever it is given', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => json.slice(1)),
    )
    fc.assert(
      fc.property(text, fc.constantFrom(STRICT, LAX), (body, rules) => {
        try {
          parseJsonBody(body, rules)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(OAuthError)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('T125 takes little time for 64 KiB', () => {
    const start = process.cpuUsage()
    parseJsonBody(JSON.stringify({ a: '\\"'.repeat(16_000) }), STRICT)
    refusal(`{"a":"${'{'.repeat(60_000)}`, STRICT)
    refusal(`${'['.repeat(30_000)}${']'.repeat(30_000)}`, STRICT)
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1000).toBeLessThan(150)
  })
})
