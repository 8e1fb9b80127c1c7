import fc from 'fast-check'
import { SURFACE_NAMES } from '../../../src/protocol/policy.ts'
import { GRANT_TYPES } from '../../../src/protocol/token.ts'
import type { TokenKey, TokenRow, UserRow } from '../../../src/store/rows.ts'
import { NOW } from './fixture.ts'

/** Texts with what databases stumble over: astral characters, quotes, wild cards, line feeds. No unpaired surrogates. */
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })

const scope = fc.uniqueArray(fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,8}$/), { maxLength: 4 })

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const bigKey = fc.maxSafeNat()
const DAY = 86_400

/** A second within 40 days around `NOW`. */
export const instant = fc.integer({ min: NOW - 40 * DAY, max: NOW + 40 * DAY })

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })

/** Rows of any content, sensible or not, with the key given. */
export function token(key: fc.Arbitrary<TokenKey>): fc.Arbitrary<TokenRow> {
  return fc.record({
    key,
    tenant: text,
    surface: fc.constantFrom(...SURFACE_NAMES),
    clientId: maybe(text),
    userId: maybe(text),
    grantType: fc.constantFrom(...GRANT_TYPES),
    scope,
    accessScope: scope,
    issuedAt: instant,
    accessHash: maybe(hash),
    accessExpiresAt: maybe(instant),
    refreshHash: maybe(hash),
    refreshExpiresAt: maybe(instant),
    familyExpiresAt: maybe(instant),
    family: maybe(bigKey),
    parent: maybe(bigKey),
    successor: maybe(bigKey),
    spentAt: maybe(instant),
    supersededAt: maybe(instant),
    seenAt: maybe(instant),
    revokedAt: maybe(instant),
    jkt: maybe(text),
  })
}

export function user(tenant: string): fc.Arbitrary<UserRow> {
  const always = fc.record({
    tenant: fc.constant(tenant),
    id: text,
    username: text,
    email: maybe(fc.emailAddress()),
    passwordHash: maybe(text),
    roles: fc.array(text, { maxLength: 3 }),
    scopes: maybe(scope),
    claims: fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }).map(withoutMinusZero), { maxKeys: 3 }),
    disabled: fc.boolean(),
    tokensValidAfter: instant,
    createdAt: instant,
    version: fc.nat(),
  })
  const some = fc.record(
    { successor: fc.record({ client: text, since: instant }, { noNullPrototype: true }) },
    { requiredKeys: [], noNullPrototype: true },
  )
  return fc.tuple(always, some).map(([row, more]) => ({ ...row, ...more }))
}

/** JSON has no -0. */
function withoutMinusZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
