import * as crypto from 'node:crypto'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { loadSigningKey, loadVerifyKey, signJwt } from '../../src/crypto/jws.ts'
import { createJwtVerifier } from '../../src/crypto/jwt-verifier.ts'
import { generateSigningKey } from '../../src/crypto/signing-key.ts'
import { SIGNING_ALGORITHMS } from '../../src/protocol/jwt.ts'
import { MAX_JWT_LENGTH } from '../../src/protocol/token-size.ts'

// The real thing, with every call on record.
vi.mock('node:crypto', { spy: true })

beforeEach(() => {
  vi.clearAllMocks()
})

/** How many signatures were computed since the last call. */
function computed(): number {
  const { length } = vi.mocked(crypto.verify).mock.calls
  vi.clearAllMocks()
  return length
}

async function createKey(algorithm: (typeof SIGNING_ALGORITHMS)[number]) {
  const { kid, privateKey, publicJwk } = await generateSigningKey(algorithm)
  const signing = loadSigningKey(kid, algorithm, privateKey)
  const sign = (claims: Record<string, unknown>) => signJwt(signing, 'JWT', claims)
  return { key: loadVerifyKey(kid, algorithm, publicJwk), sign }
}

/** With the first character of a part exchanged. */
function altered(jwt: string, part: number): string {
  const parts = jwt.split('.')
  parts[part] = (parts[part]?.startsWith('A') ? 'B' : 'A') + parts[part]?.slice(1)
  return parts.join('.')
}

describe.each(SIGNING_ALGORITHMS)('a token signed with %s', (algorithm) => {
  it('is verified once', async () => {
    const { key, sign } = await createKey(algorithm)
    const { verify } = createJwtVerifier([key])
    const [one, other] = [await sign({ sub: 'one' }), await sign({ sub: 'other' })]
    for (const expected of [2, 0, 0]) {
      expect(verify(one)?.claims).toEqual({ sub: 'one' })
      expect(verify(other)).toMatchObject({
        header: { kid: key.kid, alg: algorithm },
        claims: { sub: 'other' },
      })
      expect(computed()).toBe(expected)
    }
  })

  it('is refused when it was altered, each time anew', async () => {
    const { key, sign } = await createKey(algorithm)
    const { verify } = createJwtVerifier([key])
    const jwt = await sign({ sub: 'one' })
    verify(jwt)
    for (let time = 0; time < 2; time++) {
      computed()
      expect(verify(altered(jwt, 2))).toBeNull()
      expect(computed()).toBe(1)
      for (const part of [0, 1]) expect(verify(altered(jwt, part))).toBeNull()
      for (const text of [`${jwt} `, `${jwt}=`, `${jwt}.`, jwt.slice(0, -1), jwt.toLowerCase(), '']) {
        expect(verify(text)).toBeNull()
      }
    }
    computed()
    expect(verify(jwt)?.claims).toEqual({ sub: 'one' })
    expect(computed()).toBe(0)
  })

  it('is known to those who have its key alone', async () => {
    const [one, other] = [await createKey(algorithm), await createKey(algorithm)]
    const jwt = await one.sign({ sub: 'one' })
    expect(createJwtVerifier([one.key, other.key]).verify(jwt)).not.toBeNull()
    expect(createJwtVerifier([other.key]).verify(jwt)).toBeNull()
  })
})

it('tokens are forgotten when others were verified since', async () => {
  const { key, sign } = await createKey('ES256')
  const { verify } = createJwtVerifier([key], 2)
  const jwts = await Promise.all(['1', '2', '3', '4', '5'].map((sub) => sign({ sub })))
  for (const jwt of jwts) verify(jwt)
  expect(computed()).toBe(5)
  for (const jwt of jwts.slice(-2)) verify(jwt)
  expect(computed()).toBe(0)
  verify(jwts[0] ?? '')
  expect(computed()).toBe(1)
})

it('what is refused takes no place of what is not', async () => {
  const { key, sign } = await createKey('ES256')
  const { verify } = createJwtVerifier([key], 2)
  const jwt = await sign({ sub: 'one' })
  verify(jwt)
  for (let count = 0; count < 10; count++) verify(`${jwt.slice(0, -8)}AAAA${count}AAA`)
  computed()
  verify(jwt)
  expect(computed()).toBe(0)
})

it('what is too long for a token is not even looked at', async () => {
  const { key } = await createKey('ES256')
  vi.clearAllMocks()
  expect(createJwtVerifier([key]).verify('a'.repeat(MAX_JWT_LENGTH + 1))).toBeNull()
  expect(vi.mocked(crypto.hash)).not.toHaveBeenCalled()
})
