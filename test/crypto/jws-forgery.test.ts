import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadSigningKey, signJwt, verifyJwt } from '../../src/crypto/jws.ts'
import { base64url, createForgeries, ec, ed, HEADER, keys, rsa } from './forgeries.ts'

const CLAIMS = { sub: 'mallory', exp: 4_000_000_000 }
const { genuine, genuineHeader, forge, signText, tokens } = createForgeries(CLAIMS)

describe('verifyJwt', () => {
  it('takes what the forgeries were made from', () => {
    expect(verifyJwt(genuine, keys)).toEqual({ header: HEADER, claims: CLAIMS })
    expect(
      verifyJwt(forge({ ...HEADER, alg: 'ES256', kid: 'ec' }, CLAIMS, ec.privateKey), keys),
    ).not.toBeNull()
    expect(
      verifyJwt(forge({ ...HEADER, alg: 'EdDSA', kid: 'ed' }, CLAIMS, ed.privateKey, null), keys),
    ).not.toBeNull()
    expect(verifyJwt(signText(genuineHeader, base64url('{"a":12}'), rsa.privateKey), keys)).not.toBeNull()
    expect(verifyJwt(forge({ ...HEADER, x5t: 'x' }), keys)).not.toBeNull()
  })

  it.each(Object.entries(tokens))('T080 T087 refuses %s', (_, token) => {
    expect(verifyJwt(token, keys)).toBeNull()
  })

  it('never throws, whatever the text', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map(base64url),
      fc.uint8Array().map(base64url),
      fc.constant(genuineHeader),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        expect(verifyJwt(parts.join('.'), keys)).toBeNull()
      }),
      { numRuns: 500 },
    )
  })

  it('looks at the claims only when the signature is right, and returns a plain object of its own members', async () => {
    const token = forge(HEADER, base64url('{"__proto__":{"admin":true},"sub":"a"}'))
    const claims = verifyJwt(token, keys)?.claims
    expect(claims?.sub).toBe('a')
    expect(claims?.admin).toBeUndefined()
  })

  it('refuses what is longer than any token of ours', async () => {
    const key = loadSigningKey('rsa', 'RS256', rsa.privateKey.export({ format: 'der', type: 'pkcs8' }))
    expect(verifyJwt(await signJwt(key, 'JWT', { pad: 'x'.repeat(5_000) }), keys)).not.toBeNull()
    expect(verifyJwt(await signJwt(key, 'JWT', { pad: 'x'.repeat(6_500) }), keys)).toBeNull()
  })
})
