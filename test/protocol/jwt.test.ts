import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AccessTokenSubject, AT_JWT, customClaims, isReservedClaim } from '../../src/protocol/jwt.ts'

const SUBJECT: AccessTokenSubject = {
  tenant: 'dodici',
  issuer: 'https://as.example/',
  audience: 'https://api.example/',
  issuedAt: 1000,
  expiresAt: 4600,
  jwtId: 'id',
  jkt: null,
  grantType: 'password',
  scope: ['read', 'write'],
  subject: 'user',
  clientId: 'client',
  roles: ['admin'],
  claims: {},
}

const OWN = ['iss', 'sub', 'aud', 'client_id', 'iat', 'exp', 'jti', 'scope', 'roles']

describe('T081 AT_JWT', () => {
  test('has the claims of RFC 9068 §2.2, in this order', () => {
    expect(AT_JWT.typ).toBe('at+jwt')
    const claims = AT_JWT.claims({ ...SUBJECT, claims: { locale: 'de' } })
    expect(claims).toEqual({
      iss: 'https://as.example/',
      sub: 'user',
      aud: 'https://api.example/',
      client_id: 'client',
      iat: 1000,
      exp: 4600,
      jti: 'id',
      scope: 'read write',
      roles: ['admin'],
      locale: 'de',
    })
    expect(Object.keys(claims)).toEqual([...OWN, 'locale'])
  })

  test('leaves out an empty scope and empty roles', () => {
    const claims = AT_JWT.claims({ ...SUBJECT, scope: [], roles: [] })
    expect(claims).not.toHaveProperty('scope')
    expect(claims).not.toHaveProperty('roles')
  })
})

describe('T082 customClaims', () => {
  test('gives back what is not reserved', () => {
    expect(customClaims({ newstore_id: 'x', nested: { iss: 1 } })).toEqual({
      newstore_id: 'x',
      nested: { iss: 1 },
    })
  })

  test.each([...OWN, 'nbf', 'azp', 'act', 'cnf', 'gty', 'active', 'username', 'token_type'])(
    'never gives %s',
    (name) => {
      expect(isReservedClaim(name)).toBe(true)
      expect(customClaims({ [name]: 'evil', kept: 1 })).toEqual({ kept: 1 })
    },
  )

  test('whatever claims a user has, the server’s own stand', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom(...OWN, '__proto__', 'constructor'))
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue()), (claims) => {
        const written = JSON.parse(JSON.stringify(AT_JWT.claims({ ...SUBJECT, claims })))
        const own = Object.fromEntries(OWN.map((each) => [each, written[each]]))
        expect(own).toEqual(AT_JWT.claims(SUBJECT))
      }),
    )
  })
})
