import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PURGE_GRACE } from '../../src/admin/operations/purge.ts'
import { APART, isApart } from '../../src/stores/family.ts'
import { hashOf, NOW, tokenRow } from './conformance/fixture.ts'

const DAY = 86_400

test('what is apart in a family is the same in SQL', () => {
  const database = new DatabaseSync(':memory:')
  const ask = database.prepare(`select ${APART} as apart
    from (select ? as refresh_hash, ? as access_expires_at, ? as issued_at)`)
  const ends = fc.constantFrom(null, NOW, NOW + DAY - 1, NOW + DAY, NOW + DAY + 1)
  fc.assert(
    fc.property(fc.boolean(), ends, (holdsRefresh, accessExpiresAt) => {
      const refreshHash = holdsRefresh ? hashOf(1) : null
      const row = tokenRow(2, { family: 1, parent: 1, refreshHash, accessExpiresAt, issuedAt: NOW })
      expect(ask.get(refreshHash, accessExpiresAt, NOW)?.apart).toBe(isApart(row) ? 1 : 0)
    }),
  )
})

test('rows about a token that is not apart are there as long as it is of use', () => {
  const longest = NOW + PURGE_GRACE
  expect(isApart(tokenRow(2, { family: 1, issuedAt: NOW, accessExpiresAt: longest }))).toBe(false)
  expect(isApart(tokenRow(2, { family: 1, issuedAt: NOW, accessExpiresAt: longest + 1 }))).toBe(true)
})
