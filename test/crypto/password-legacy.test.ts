import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { legacyPasswordHash, parseLegacyHash, verifyLegacyHash } from '../../src/crypto/password-legacy.ts'

interface Vector {
  readonly scheme: string
  readonly password: string
  readonly password_salt: string
  readonly stretches: number
  readonly pepper: string | null
  readonly encrypted_password: string
}

const vectors: { passwords: Vector[] } = JSON.parse(
  readFileSync(new URL('fixtures/password-vectors.json', import.meta.url), 'utf8'),
)

function stored(vector: Vector): string {
  const { encrypted_password: encrypted, password_salt: salt, stretches, pepper } = vector
  switch (vector.scheme) {
    case 'authlogic_sha512':
      return legacyPasswordHash.authlogicSha512(encrypted, salt)
    case 'bcrypt':
      return legacyPasswordHash.bcrypt(encrypted, pepper)
    case 'sha512 (devise-encryptable)':
      return legacyPasswordHash.deviseSha512(encrypted, salt, stretches, pepper)
    case 'sha1 (devise-encryptable)':
      return legacyPasswordHash.deviseSha1(encrypted, salt, stretches, pepper)
  }
  throw new Error(`a vector of a new scheme: ${vector.scheme}`)
}

async function verify(hash: string, password: string): Promise<boolean> {
  const legacy = parseLegacyHash(hash)
  return legacy !== null && verifyLegacyHash(legacy, password)
}

it('has vectors of all schemes', () => {
  expect(vectors.passwords).toHaveLength(11)
  expect(new Set(vectors.passwords.map((vector) => vector.scheme)).size).toBe(4)
})

describe.each(vectors.passwords)(
  'T116 $scheme, stretches $stretches, pepper $pepper: "$password"',
  (vector) => {
    it('is verified', async () => {
      expect(await verify(stored(vector), vector.password)).toBe(true)
    })

    it('refuses other passwords', async () => {
      // Long ones differ at the start: of bcrypt only the first 72 bytes count.
      const { password } = vector
      for (const other of [
        `!${password}`,
        password.length < 72 ? `${password}!` : '',
        password.slice(0, 5),
      ]) {
        if (other !== password) expect(await verify(stored(vector), other)).toBe(false)
      }
    })

    it('refuses the right password with another salt, pepper or number of stretches', async () => {
      if (vector.scheme === 'bcrypt') {
        expect(await verify(stored({ ...vector, pepper: 'another' }), vector.password)).toBe(
          vector.pepper === null && vector.password.length >= 72,
        )
        return
      }
      expect(
        await verify(stored({ ...vector, password_salt: `${vector.password_salt}x` }), vector.password),
      ).toBe(false)
      if (vector.scheme !== 'authlogic_sha512') {
        expect(await verify(stored({ ...vector, pepper: null }), vector.password)).toBe(false)
        expect(await verify(stored({ ...vector, stretches: 11 }), vector.password)).toBe(false)
      }
    })
  },
)

describe('authlogic_sha512', () => {
  const [vector] = vectors.passwords.filter(({ stretches }) => stretches === 12)
  const { encrypted_password: encrypted, password_salt: salt, password } = vector!

  it('counts only the stretches that are listed', async () => {
    expect(await verify(legacyPasswordHash.authlogicSha512(encrypted, salt, [12]), password)).toBe(true)
    expect(await verify(legacyPasswordHash.authlogicSha512(encrypted, salt, [20]), password)).toBe(false)
  })

  it('takes digests in upper case, and salts with a colon', async () => {
    expect(await verify(legacyPasswordHash.authlogicSha512(encrypted.toUpperCase(), salt), password)).toBe(
      true,
    )
    expect(parseLegacyHash(legacyPasswordHash.authlogicSha512(encrypted, 'a:b\n:c'))).toMatchObject({
      salt: 'a:b\n:c',
    })
  })
})

describe('bcrypt', () => {
  const long = vectors.passwords.find(({ password }) => password.length > 72)!

  it('counts the first 72 bytes only', async () => {
    expect(await verify(stored(long), long.password.slice(0, 72))).toBe(true)
    expect(await verify(stored(long), `${long.password}more`)).toBe(true)
    expect(await verify(stored(long), long.password.slice(0, 71))).toBe(false)
  })

  it.each(['$2a$', '$2b$', '$2y$'])('is known as %s', async (prefix) => {
    const vector = vectors.passwords.find(({ scheme, pepper }) => scheme === 'bcrypt' && pepper === null)!
    const hash = vector.encrypted_password.replace('$2a$', prefix)
    expect(await verify(hash, vector.password)).toBe(true)
  })

  it('keeps a pepper of any characters', () => {
    const vector = vectors.passwords.find(({ scheme }) => scheme === 'bcrypt')!
    expect(parseLegacyHash(stored({ ...vector, pepper: 'a:b,✓ $2a$' }))).toMatchObject({
      pepper: 'a:b,✓ $2a$',
    })
  })
})

describe('a hash of unknown form', () => {
  const sha512 = 'ab'.repeat(64)
  const bcrypt = `lpvm7aqqBD4OB5DzsAw.uuWWwsCaE9VxJ2TPJKNkbmlm.uMd2U/Ce`

  it.each([
    '',
    'spree123',
    sha512,
    `authlogic_sha512:20:salt:${sha512.slice(1)}`,
    `authlogic_sha512::salt:${sha512}`,
    `authlogic_sha512:0:salt:${sha512}`,
    `authlogic_sha512:20,0:salt:${sha512}`,
    `authlogic_sha512:1001:salt:${sha512}`,
    `authlogic_sha512:${'1000,'.repeat(9)}1000:salt:${sha512}`,
    `authlogic_sha512:20:${sha512}`,
    `devise_sha512:,cGVw:salt:${sha512}`,
    `devise_sha1:10,cGVw:salt:${sha512}`,
    `devise_md5:10,cGVw:salt:${'ab'.repeat(16)}`,
    `bcrypt_pepper:cGVw::${sha512}`,
    `$2a$05$${bcrypt.slice(1)}`,
    `$2a$05$${bcrypt}x`,
    `$2x$05$${bcrypt}`,
    `$2a$03$${bcrypt}`,
    `$2a$31$${bcrypt}`,
    '__proto__:1:salt:x',
  ])('is nothing: %s', (hash) => {
    expect(parseLegacyHash(hash)).toBeNull()
  })

  it('is not written either', () => {
    expect(() => legacyPasswordHash.bcrypt('plain')).toThrow(/no known form/)
    expect(() => legacyPasswordHash.bcrypt('plain', 'pepper')).toThrow(/no known form/)
    expect(() => legacyPasswordHash.authlogicSha512('ab', 'salt')).toThrow(/no known form/)
    expect(() => legacyPasswordHash.deviseSha1(sha512, 'salt', 10)).toThrow(/no known form/)
    expect(() => legacyPasswordHash.deviseSha512(sha512, 'salt', 0)).toThrow(/no known form/)
  })
})
