/** Two answers, compared without any server. */
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/surface-check/case.ts'
import { compareAnswers } from '../../src/surface-check/compare.ts'
import { NOT_COMPARED } from '../../src/surface-check/compared-headers.ts'
import type { Difference, Side } from '../../src/surface-check/difference.ts'
import { shapeOf, withoutSecrets } from '../../src/surface-check/shape.ts'

const NOW = 1_800_000_000
const JSON_TYPE = { 'content-type': 'application/json' }

function side(body: unknown, more: Partial<Answer> & { readonly secrets?: readonly string[] } = {}): Side {
  const { secrets = [], ...answer } = more
  return {
    answer: {
      status: 200,
      headers: new Map(Object.entries(JSON_TYPE)),
      body: typeof body === 'string' ? body : JSON.stringify(body),
      receivedAt: NOW,
      ...answer,
    },
    secrets,
    tokens: new Map(),
  }
}

function headers(values: Readonly<Record<string, string>>): Side {
  return side({}, { headers: new Map(Object.entries(values)) })
}

function compare(against: Side, here: Side, countsDown = false): readonly Difference[] {
  return compareAnswers({ against, here }, { countsDown, ignoredHeaders: ['x-shop'] })
}

function fields(against: Side, here: Side): readonly string[] {
  return compare(against, here).map(({ kind, field }) => `${kind} ${field}`)
}

describe('headers', () => {
  test.each([
    ['content-type', 'application/json; charset=utf-8', 'application/json;charset=UTF-8'],
    ['content-type', 'application/json; charset="utf-8"', 'application/json; charset=utf-8'],
    ['cache-control', 'no-store, private', 'Private,no-store'],
    ['allow', 'POST, GET', 'GET,POST'],
    ['x-shop', 'left out by the caller', 'another'],
  ])('%s: %s is %s', (name, against, here) => {
    expect(compare(headers({ [name]: against }), headers({ [name]: here }))).toEqual([])
  })

  test.each([
    ['content-type', 'application/json', 'application/json; charset=utf-8'],
    ['cache-control', 'no-store', 'no-store, private'],
    ['www-authenticate', 'Bearer realm="a"', 'Bearer realm="A"'],
  ])('%s: %s is not %s', (name, against, here) => {
    expect(fields(headers({ [name]: against }), headers({ [name]: here }))).toEqual([`value header ${name}`])
  })

  // What Auth0, AWS, Rails and proxies with tracing send.
  test.each([
    'x-auth0-requestid',
    'x-amzn-requestid',
    'apigw-requestid',
    'traceparent',
    'ot-tracer-spanid',
    'x-b3-traceid',
    'x-rack-cache',
    'expires',
  ])('%s, another with each answer, is no difference', (name) => {
    expect(compare(headers({ [name]: 'one' }), headers({ [name]: 'two' }))).toEqual([])
  })

  test('that are not compared may be there or not', () => {
    const names = NOT_COMPARED.flatMap((group) => group.names).map((name) => name.replace('*', 'x'))
    expect(names.length).toBeGreaterThan(40)
    expect(compare(headers(Object.fromEntries(names.map((name) => [name, 'x']))), headers({}))).toEqual([])
  })
})

describe('bodies', () => {
  test('that are no JSON are equal or not', () => {
    expect(compare(side('gone'), side('gone'))).toEqual([])
    expect(compare(side('gone'), side('left'))).toEqual([
      {
        kind: 'type',
        field: 'body',
        against: '4 characters of application/json',
        here: '4 characters of application/json, another one',
      },
    ])
    expect(fields(side('<html>'), side({}))).toEqual(['type body'])
    expect(fields(side(''), side({}))).toEqual(['type body'])
  })

  test('white space and escapes make no difference', () => {
    expect(compare(side('{ "a": "\\u00e4" }'), side({ a: 'ä' }))).toEqual([])
  })

  test('are compared into their depths', () => {
    const against = side({ application: { uid: null, name: 'a' }, scope: ['admin'] })
    const here = side({ application: { name: 'a', uid: 'b' }, scope: ['admin', 'read'] })
    expect(compare(against, here)).toEqual([
      { kind: 'order', field: 'application key order', against: 'uid, name', here: 'name, uid' },
      { kind: 'type', field: 'application.uid', against: 'null', here: '"b"' },
      { kind: 'value', field: 'scope', against: '["admin"]', here: '["admin","read"]' },
    ])
  })

  test.each([
    ['order', '{"b":1,"2":1,"1":1}', '{"1":1,"2":1,"b":1}', 'b, 2, 1', '1, 2, b'],
    ['a member that is there twice', '{"a":1,"b":2,"a":1}', '{"a":1,"b":2}', 'a, b, a', 'a, b'],
    ['a member that is twice here', '{"a":1}', '{"a":1,"a":1}', 'a', 'a, a'],
    [
      'order inside a list',
      '{"a":[{"2":1,"1":1}]}',
      '{"a":[{"1":1,"2":1}]}',
      '[{"2":1,"1":1}]',
      '[{"1":1,"2":1}]',
    ],
  ])('%s counts as it is written', (_name, against, here, there, ours) => {
    expect(compare(side(against), side(here))).toMatchObject([{ against: there, here: ours }])
  })

  test.each([
    ['{"expires_in":7200.0}', '{"expires_in":7200}', '7200.0', '7200'],
    ['{"created_at":1800000000.0}', '{"created_at":1800000000}', '1800000000.0', 'now'],
    ['{"id":9007199254740993}', '{"id":9007199254740992}', '9007199254740993', '9007199254740992'],
    ['{"a":1e2}', '{"a":100}', '1e2', '100'],
  ])('%s is not %s, which is no integer to everybody', (against, here, there, ours) => {
    expect(compare(side(against), side(here))).toMatchObject([{ against: there, here: ours }])
  })

  test('of two members with one name the last counts, and names of any kind are compared', () => {
    expect(fields(side('{"a":1,"a":2}'), side('{"a":1,"a":1}'))).toEqual(['value a'])
    expect(fields(side('{"__proto__":1,"constructor":2}'), side('{}'))).toEqual([
      'missing __proto__',
      'missing constructor',
    ])
    expect(fields(side('{"__proto__":"{[,"}'), side('{"__proto__":"\\"]}"}'))).toEqual(['value __proto__'])
  })

  test('that are nested without end are told of, and no more', () => {
    const deep = `{"a":${'['.repeat(300_000)}${']'.repeat(300_000)}}`
    expect(compare(side(deep), side({ a: 1 }))).toMatchObject([{ kind: 'type', field: 'body' }])
  })

  test('a member that one lacks does not change the order of the others', () => {
    expect(fields(side({ a: 1, b: 2, c: 3 }), side({ a: 1, c: 3 }))).toEqual(['missing b'])
  })
})

describe('times', () => {
  test('near now are the same, whatever they are', () => {
    expect(compare(side({ created_at: NOW - 200 }), side({ created_at: NOW + 200 }))).toEqual([])
    expect(compare(side({ created_at: NOW }), side({ created_at: NOW + 0.5 }))[0]).toMatchObject({
      against: 'now',
      here: '1800000000.5',
    })
  })

  test('of expiry count from iat, and without it to the minute', () => {
    expect(compare(side({ iat: NOW, exp: NOW + 60 }), side({ iat: NOW + 5, exp: NOW + 65 }))).toEqual([])
    expect(fields(side({ iat: NOW, exp: NOW + 60 }), side({ iat: NOW, exp: NOW + 61 }))).toEqual([
      'value exp',
    ])
    expect(compare(side({ exp: NOW + 7200 }), side({ exp: NOW + 7203 }))).toEqual([])
    expect(fields(side({ exp: NOW + 7200 }), side({ exp: NOW + 86_400 }))).toEqual(['value exp'])
  })

  test('that are left of a token may differ by what two answers take where they count down', () => {
    const [against, here] = [side({ expires_in: 7200 }), side({ expires_in: 7145 })]
    expect(compare(against, here, true)).toEqual([])
    expect(fields(against, here)).toEqual(['value expires_in'])
    expect(compare(against, side({ expires_in: 3600 }), true)).toHaveLength(1)
  })

  test('that are left of a new token may have lost a second', () => {
    const compared = (against: unknown, here: unknown) => {
      return fields(side({ expires_in: against }), side({ expires_in: here }))
    }
    expect([compared(7199, 7200), compared(7200, 7199)]).toEqual([[], []])
    expect(compared(7198, 7200)).toEqual(['value expires_in'])
    expect(compared('7199', 7200)).toEqual(['type expires_in'])
  })
})

describe('what is secret', () => {
  const TOKEN = 'cBgTOC1v7BOTVcXfr9zCPYQXz5pTU4Xh0kRrWlDtV0k'

  test('is told by its shape', () => {
    expect(shapeOf(TOKEN)).toBe('43 characters base64url')
    expect(shapeOf('ab12'.repeat(16))).toBe('64 hex characters')
    expect(shapeOf('9287978a-6641-410e-b7db-102c22a4f392')).toBe('UUID')
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    expect(shapeOf(`${part({ alg: 'none' })}.${part({})}.`)).toBe('JWT')
    expect(shapeOf('two words')).toBe('9 characters')
    expect(shapeOf('')).toBe('empty')
  })

  test('is left out of texts: what is known, longest first, and what looks like a token', () => {
    expect(withoutSecrets('pass word and password-2', ['password', 'password-2'])).toBe(
      'pass word and [secret]',
    )
    expect(withoutSecrets(`is ${TOKEN} good?`, [])).toBe('is [43 characters base64url] good?')
    const address = 'https://docs.newstore.net/developers/troubleshooting/migration-token-api-v0'
    expect(withoutSecrets(address, [])).toBe(address)
  })

  test('differs without being shown', () => {
    const differences = compare(side({ state: `a${TOKEN}` }), side({ state: `b${TOKEN}` }))
    expect(differences).toEqual([
      {
        kind: 'value',
        field: 'state',
        against: '"[44 characters base64url]"',
        here: '"[44 characters base64url]", another one',
      },
    ])
  })
})
