import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodyTypeOf } from '../../src/protocol/media-type.ts'

describe('bodyTypeOf', () => {
  test.each([
    [null, 'none'],
    ['', 'none'],
    ['application/x-www-form-urlencoded', 'form'],
    ['APPLICATION/X-WWW-FORM-URLENCODED', 'form'],
    [' application/x-www-form-urlencoded ', 'form'],
    ['application/x-www-form-urlencoded;charset=UTF-8', 'form'],
    ['application/x-www-form-urlencoded; Charset="utf8"', 'form'],
    ['application/x-www-form-urlencoded; charset=us-ascii; q=1', 'form'],
    ['application/json', 'json'],
    ['Application/JSON; charset=utf-8', 'json'],
    ['multipart/form-data; boundary=x', 'multipart'],
    ['multipart/form-data; boundary="a,b"; x="c,d"', 'multipart'],
    ['application/xml', 'xml'],
    ['text/xml;charset=utf-8', 'xml'],
  ] as const)('R020 T122 %j is %s', (header, type) => {
    expect(bodyTypeOf(header)).toBe(type)
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded\tx',
    'application/x-www-form-urlencoded, application/json',
    'application/x-www-form-urlencoded; charset=UTF-8, text/plain',
    'application/x-www-form-urlencoded; charset="utf-8", application/json; charset="utf-8"',
    'application/json; q=1, application/x-www-form-urlencoded',
    'application/json; q="1, application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded; charset=utf-16',
    'application/x-www-form-urlencoded; charset=utf-7; charset=utf-8',
    'application/json; charset=iso-8859-1',
    'application/json; charset=',
    'application/jsonp',
    'application/problem+json',
    'json',
    ';',
    'constructor',
    '__proto__',
    'toString',
  ])('R022 T122 %j is nothing to be read', (header) => {
    expect(bodyTypeOf(header)).toBe('other')
  })

  test('answers one of its words for any text', () => {
    const types = ['form', 'json', 'multipart', 'xml', 'none', 'other']
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype))),
        (text) => {
          expect(types).toContain(bodyTypeOf(text))
        },
      ),
    )
  })
})
