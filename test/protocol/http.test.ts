import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { authorityOf, jsonResponse, pathOf, queryOf } from '../../src/protocol/http.ts'

describe('pathOf', () => {
  test.each([
    ['/v0/token', '/v0/token'],
    ['/v0/token?a=/b', '/v0/token'],
    ['/v0/token#f', '/v0/token'],
    ['/', '/'],
    ['//v0/token', '//v0/token'],
    ['/V0/%74oken/', '/V0/%74oken/'],
    ['/a/../b', '/a/../b'],
    ['https://host/v0/token?x', '/v0/token'],
    ['https://host:8443/', '/'],
    ['https://host', '/'],
    ['https://host?a=b', '/'],
    ['http://host?x=/v0/token', '/'],
    ['http://host#/v0/token', '/'],
    ['http://host?x=http://other/v0/token', '/'],
    ['/redirect?to=https://host/v0/token', '/redirect'],
    ['*', '*'],
    ['', ''],
  ])('T140 of %j is %j', (url, path) => {
    expect(pathOf(url)).toBe(path)
  })
})

describe('queryOf', () => {
  test.each([
    ['/v0/token', ''],
    ['/v0/token?', ''],
    ['/v0/token?a=1&b=?', 'a=1&b=?'],
    ['/v0/token?a=1#f', 'a=1'],
    ['https://host?a=/b', 'a=/b'],
  ])('of %j is %j', (url, query) => {
    expect(queryOf(url)).toBe(query)
  })
})

describe('authorityOf', () => {
  test.each([
    ['/v0/token', null],
    ['//host/v0/token', null],
    ['/redirect?to=https://host/v0/token', null],
    ['*', null],
    ['', null],
    ['host:443', null],
    ['https://host/v0/token', 'host'],
    ['HTTP://Host:8443/', 'Host:8443'],
    ['https://host', 'host'],
    ['https://host?a=b', 'host'],
    ['https://host#f', 'host'],
    ['https://x@host/', 'x@host'],
    ['https:///v0/token', ''],
  ])('T140 of %j is %j', (url, authority) => {
    expect(authorityOf(url)).toBe(authority)
  })
})

test('authorityOf, pathOf and queryOf agree with URL, absolute or not', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (text) => {
      const url = new URL(text)
      expect(authorityOf(url.href)).toBe(url.host)
      expect(pathOf(url.href)).toBe(url.pathname)
      expect(queryOf(url.href)).toBe(url.search.slice(1))
      const origin = url.href.slice(url.origin.length)
      expect(authorityOf(origin)).toBe(null)
      expect(pathOf(origin)).toBe(url.pathname)
      expect(queryOf(origin)).toBe(url.search.slice(1))
    }),
  )
})

test('jsonResponse lets the given headers stand', () => {
  const response = jsonResponse(400, { a: 'é' }, { 'X-A': '1' }, 'application/json;charset=UTF-8')
  expect(response).toEqual({
    status: 400,
    headers: { 'Content-Type': 'application/json;charset=UTF-8', 'X-A': '1' },
    body: '{"a":"é"}',
  })
  expect(jsonResponse(200, {}, {}).headers).toEqual({ 'Content-Type': 'application/json' })
})
