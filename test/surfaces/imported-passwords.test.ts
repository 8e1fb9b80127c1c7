/** T112, T116: passwords of imported users, over the wire: what is right is upgraded once, what is nearly right is wrong. */
import { createHash } from 'node:crypto'
import { hash as bcrypt } from '@node-rs/bcrypt'
import { beforeEach, describe, expect, test } from 'vitest'
import { legacyPasswordHash } from '../../src/crypto/password-legacy.ts'
import { createHarness, type Harness, TENANT } from '../harness.ts'

const LONG = 'a'.repeat(72)
const PASSWORDS = ['spree123', `${LONG}X`, `${'😀'.repeat(25)}X`, ' pässwort ', 'pa\u0308sswort']

/** As authlogic makes them: SHA-512 of the hexadecimal digest before, 20 times. */
function authlogic(password: string): string {
  const salt = 'dJ5pWkq8Zr1aYt0uLx2C'
  let digest = password + salt
  for (let round = 0; round < 20; round++) digest = createHash('sha512').update(digest).digest('hex')
  return legacyPasswordHash.authlogicSha512(digest, salt)
}

const SCHEMES: readonly (readonly [string, (password: string) => string | Promise<string>])[] = [
  ['bcrypt $2a$', async (password) => (await bcrypt(password, 4)).replace('$2b$', '$2a$')],
  ['bcrypt $2b$', (password) => bcrypt(password, 4)],
  ['bcrypt $2y$', async (password) => (await bcrypt(password, 4)).replace('$2b$', '$2y$')],
  ['authlogic_sha512', authlogic],
]

let harness: Harness
beforeEach(() => {
  harness = createHarness({
    tenants: [{ ...TENANT, signingAlgorithm: 'ES256', surfaces: { newstore: {}, spree: {} } }],
  })
})

const login = (password: string) =>
  harness.post('/spree_oauth/token', { grant_type: 'password', username: 'ann', password })
const stored = async () => (await harness.store.findUserByLogin('dodici', 'ann'))?.passwordHash

describe.each(SCHEMES)('T116 a hash of %s', (_scheme, hashOf) => {
  test.each(PASSWORDS)('of %j is verified, upgraded once, and is right afterwards', async (password) => {
    await harness.user({ username: 'ann', passwordHash: await hashOf(password) })
    expect((await login(password)).status).toBe(200)
    const upgraded = await stored()
    expect(upgraded).toMatch(/^\$argon2id\$/)
    expect((await login(password)).status).toBe(200)
    expect(await stored()).toBe(upgraded)
  })

  test.each(PASSWORDS)('of %j is not upgraded by another password', async (password) => {
    const hash = await hashOf(password)
    await harness.user({ username: 'ann', passwordHash: hash })
    const others = ['', 'wrong', `x${password}`, password.slice(0, 20).toUpperCase()]
    for (const other of others) {
      if (other === password) continue
      const [wrong, unknown] = [
        await login(other),
        await harness.post('/spree_oauth/token', {
          grant_type: 'password',
          username: 'nobody',
          password: other,
        }),
      ]
      expect([wrong.status, wrong.body]).toEqual([400, unknown.body])
    }
    expect(await stored()).toBe(hash)
  })

  test('T112 once upgraded, each byte of a password counts, though bcrypt had seen 72', async () => {
    await harness.user({ username: 'ann', passwordHash: await hashOf(`${LONG}X`) })
    expect((await login(`${LONG}X`)).status).toBe(200)
    expect((await login(`${LONG}Y`)).status).toBe(400)
    expect((await login(LONG)).status).toBe(400)
  })

  test('many right logins at once upgrade it once, and all succeed', async () => {
    await harness.user({ username: 'ann', passwordHash: await hashOf('spree123') })
    const answers = await Promise.all(Array.from({ length: 10 }, () => login('spree123')))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(await stored()).toMatch(/^\$argon2id\$/)
  })
})

describe('T112 T113 what was set here', () => {
  test.each([
    [`${LONG}X`, `${LONG}Y`],
    [`${'😀'.repeat(25)}X`, `${'😀'.repeat(25)}Y`],
    ['with a space', 'with a space '],
    ['with a space', ' with a space'],
    ['a NUL', 'a NUL\0'],
    ['a', 'a\0b'],
    ['pässwort', 'pa\u0308sswort'],
  ])('%j is not %j, on any surface', async (password, other) => {
    await harness.user({ username: 'ann', password })
    const ask = (path: string, text: string) =>
      harness.post(path, { grant_type: 'password', username: 'ann', password: text })
    for (const path of ['/v0/token', '/spree_oauth/token']) {
      expect((await ask(path, password)).status).toBe(200)
      expect((await ask(path, other)).status).toBeGreaterThanOrEqual(400)
    }
  })
})
