import { constants, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { CompactSign, importJWK, jwtVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  loadSigningKey,
  loadVerifyKey,
  type SigningKey,
  signJwt,
  type VerifyKey,
  verifyJwt,
} from '../../src/crypto/jws.ts'
import { type GeneratedSigningKey, generateSigningKey } from '../../src/crypto/signing-key.ts'
import { SIGNING_ALGORITHMS } from '../../src/protocol/jwt.ts'

const CLAIMS = {
  'http://newstore/roles': ['admin'],
  iss: 'https://a.example/',
  sub: 'zoë ✓',
  iat: 1,
  exp: 86401,
}

describe.each(SIGNING_ALGORITHMS)('%s', (algorithm) => {
  let generated: GeneratedSigningKey
  let signingKey: SigningKey
  let keys: VerifyKey[]
  beforeAll(async () => {
    generated = await generateSigningKey(algorithm)
    signingKey = loadSigningKey(generated.kid, algorithm, generated.privateKey)
    const other = await generateSigningKey(algorithm)
    keys = [
      loadVerifyKey(other.kid, algorithm, other.publicJwk),
      loadVerifyKey(generated.kid, algorithm, generated.publicJwk),
    ]
  })

  it('has the header typ, alg, kid, in this order', async () => {
    for (const typ of ['JWT', 'at+jwt', 'other']) {
      const [header = ''] = (await signJwt(signingKey, typ, CLAIMS)).split('.')
      expect(Buffer.from(header, 'base64url').toString()).toBe(
        `{"typ":"${typ}","alg":"${algorithm}","kid":"${generated.kid}"}`,
      )
    }
  })

  it('keeps the claims, byte for byte and in their order', async () => {
    const [, claims = ''] = (await signJwt(signingKey, 'JWT', CLAIMS)).split('.')
    expect(Buffer.from(claims, 'base64url').toString()).toBe(JSON.stringify(CLAIMS))
  })

  it('is verified by itself', async () => {
    const token = await signJwt(signingKey, 'at+jwt', CLAIMS)
    expect(verifyJwt(token, keys)).toEqual({
      header: { typ: 'at+jwt', alg: algorithm, kid: generated.kid },
      claims: CLAIMS,
    })
  })

  it('is verified by jose, with the published key', async () => {
    const token = await signJwt(signingKey, 'at+jwt', CLAIMS)
    const key = await importJWK({ ...generated.publicJwk }, algorithm)
    const { payload, protectedHeader } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      typ: 'at+jwt',
      currentDate: new Date(5000),
    })
    expect(payload).toEqual(CLAIMS)
    expect(protectedHeader).toEqual({ typ: 'at+jwt', alg: algorithm, kid: generated.kid })
  })

  it('verifies what jose signed, with the members in another order and with others besides', async () => {
    const token = await new CompactSign(Buffer.from(JSON.stringify(CLAIMS)))
      .setProtectedHeader({ kid: generated.kid, x5t: 'abc', alg: algorithm, typ: 'JWT' })
      .sign(signingKey.privateKey)
    expect(verifyJwt(token, keys)).toEqual({
      header: { typ: 'JWT', alg: algorithm, kid: generated.kid },
      claims: CLAIMS,
    })
  })

  it('signs many at a time, each token its own claims', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, jti) => signJwt(signingKey, 'JWT', { jti })),
    )
    const verified = tokens.map((token) => verifyJwt(token, keys))
    expect(verified.map((answer) => answer?.claims.jti)).toEqual(Array.from({ length: 50 }, (_, jti) => jti))
  })

  it('is refused with any single character changed', async () => {
    const token = await signJwt(signingKey, 'JWT', CLAIMS)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é'
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: token.length - 1 }),
        fc.constantFrom(...alphabet),
        async (place, character) => {
          fc.pre(token[place] !== character)
          expect(verifyJwt(token.slice(0, place) + character + token.slice(place + 1), keys)).toBeNull()
        },
      ),
      { numRuns: 400 },
    )
  })

  it('is refused with another last character in any part: its unused bits are no second spelling', async () => {
    const token = await signJwt(signingKey, 'JWT', { ...CLAIMS, pad: 'x' })
    const parts = token.split('.')
    for (const [index, part] of parts.entries()) {
      for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        if (part.endsWith(character)) continue
        const changed = parts.with(index, part.slice(0, -1) + character).join('.')
        expect(verifyJwt(changed, keys)).toBeNull()
      }
    }
  })

  it('is refused with a character taken out or put in', async () => {
    const token = await signJwt(signingKey, 'JWT', CLAIMS)
    for (let place = 0; place <= token.length; place++) {
      if (place < token.length) {
        expect(verifyJwt(token.slice(0, place) + token.slice(place + 1), keys)).toBeNull()
      }
      expect(verifyJwt(`${token.slice(0, place)}A${token.slice(place)}`, keys)).toBeNull()
    }
  })

  it('is refused without its key, or with another key of the same name', async () => {
    const token = await signJwt(signingKey, 'JWT', CLAIMS)
    const { publicJwk } = await generateSigningKey(algorithm)
    expect(verifyJwt(token, [])).toBeNull()
    expect(verifyJwt(token, keys.slice(0, 1))).toBeNull()
    expect(verifyJwt(token, [loadVerifyKey(generated.kid, algorithm, publicJwk)])).toBeNull()
  })

  it('loads no key of another algorithm', () => {
    for (const other of SIGNING_ALGORITHMS.filter((name) => name !== algorithm)) {
      expect(() => loadSigningKey('k', other, generated.privateKey)).toThrow(/can not be used/)
      expect(() => loadVerifyKey('k', other, generated.publicJwk)).toThrow(/can not be used/)
    }
    expect(loadVerifyKey('k', algorithm, JSON.stringify(generated.publicJwk)).kid).toBe('k')
  })
})

describe('RS256', () => {
  it('is PKCS #1 v1.5: a PSS signature of the same key is refused', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const keys = [loadVerifyKey('k', 'RS256', publicKey.export({ format: 'jwk' }))]
    const input = [{ typ: 'JWT', alg: 'RS256', kid: 'k' }, CLAIMS]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signed = (key: Parameters<typeof sign>[2]) =>
      `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
    expect(verifyJwt(signed(privateKey), keys)).not.toBeNull()
    expect(verifyJwt(signed({ key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }), keys)).toBeNull()
  })
})

describe('ES256', () => {
  it('has two signatures for one content: revoke by jti or by what was signed, not by the whole text', async () => {
    const { kid, publicJwk, privateKey } = await generateSigningKey('ES256')
    const token = await signJwt(loadSigningKey(kid, 'ES256', privateKey), 'JWT', CLAIMS)
    const cut = token.lastIndexOf('.') + 1
    const signature = Buffer.from(token.slice(cut), 'base64url')
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const s = order - BigInt(`0x${signature.toString('hex', 32)}`)
    signature.write(s.toString(16).padStart(64, '0'), 32, 'hex')
    const twin = token.slice(0, cut) + signature.toString('base64url')
    expect(twin).not.toBe(token)
    const keys = [loadVerifyKey(kid, 'ES256', publicJwk)]
    expect(verifyJwt(twin, keys)).toEqual(verifyJwt(token, keys))
  })
})
