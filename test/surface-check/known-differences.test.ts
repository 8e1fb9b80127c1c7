/** What is meant to differ hides nothing that is not. */
import { describe, expect, test } from 'vitest'
import type { CheckedSurface } from '../../src/surface-check/case.ts'
import { findDeviation } from '../../src/surface-check/known-differences.ts'

type Side = string | null

/** Surface, case, both statuses, and a difference: field, old server, here. */
type Row = readonly [CheckedSurface, string, readonly [number, number], string, Side, Side]

function find([surface, name, statuses, field, against, here]: Row) {
  return findDeviation({ kind: 'value', field, against, here }, { surface, name, statuses })
}

describe('is meant:', () => {
  test.each<Row>([
    ['spree', 'method-get', [404, 405], 'status code', '404', '405'],
    ['spree', 'password-with-scope', [200, 400], 'body', 'JSON with access_token', 'invalid_scope: no'],
    ['spree', 'client-credentials', [200, 200], 'refresh_token', null, '43 characters base64url'],
    ['spree', 'info', [200, 200], 'resource_owner_id', '17', '"user-17"'],
    ['newstore', 'refresh', [200, 200], 'header deprecation', null, '@1704672000'],
    ['newstore', 'password-json', [400, 200], 'status code', '400', '200'],
  ])('%s, %s, %j: %s', (...row) => {
    expect(find(row)).not.toBeNull()
  })
})

describe('is not, though it is nearly the same:', () => {
  test.each<Row>([
    ['spree', 'method-get', [404, 200], 'status code', '404', '200'],
    ['spree', 'method-get', [200, 405], 'status code', '200', '405'],
    ['spree', 'password', [404, 405], 'status code', '404', '405'],
    ['spree', 'password-xml', [200, 400], 'status code', '200', '400'],
    ['spree', 'password', [400, 200], 'status code', '400', '200'],
    ['spree', 'password-with-scope', [200, 401], 'status code', '200', '401'],
    ['spree', 'password-with-scope', [200, 400], 'body', 'JSON with access_token', 'invalid_grant: no'],
    ['spree', 'client-credentials', [200, 200], 'refresh_token', '43 characters base64url', null],
    ['spree', 'refresh', [200, 200], 'refresh_token', null, '43 characters base64url'],
    ['spree', 'client-credentials-without-scope', [200, 400], 'status code', '200', '400'],
    ['spree', 'refresh-after-successor', [200, 401], 'status code', '200', '401'],
    ['spree', 'refresh-again', [200, 200], 'refresh_token', '43 characters base64url', '64 hex characters'],
    ['spree', 'wrong-secret-by-basic', [200, 400], 'status code', '200', '400'],
    ['spree', 'password-in-query', [200, 401], 'status code', '200', '401'],
    ['spree', 'info', [200, 200], 'resource_owner_id', '17', '18'],
    ['spree', 'wrong-password', [400, 400], 'header pragma', 'no-cache', null],
    ['spree', 'password', [200, 200], 'header pragma', null, 'no-cache'],
    ['newstore', 'refresh', [200, 200], 'header deprecation', '@1', '@1704672000'],
    ['newstore', 'password', [400, 200], 'status code', '400', '200'],
    ['newstore', 'password-json', [200, 400], 'status code', '200', '400'],
    ['spree', 'password-in-query', [400, 400], 'body', '9 characters of text/html', 'JSON with error'],
    ['newstore', 'malformed-json', [400, 200], 'status code', '400', '200'],
    ['newstore', 'parameter-twice', [200, 403], 'status code', '200', '403'],
    ['newstore', 'missing-grant-type', [200, 403], 'status code', '200', '403'],
    ['newstore', 'password', [200, 200], 'access_token claim http://newstore/tenant', '"a"', '"b"'],
  ])('%s, %s, %j: %s', (...row) => {
    expect(find(row)).toBeNull()
  })
})
