import * as argon2 from '@node-rs/argon2'
import * as bcrypt from '@node-rs/bcrypt'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createPasswords } from '../../src/crypto/password.ts'
import { legacyPasswordHash, parseLegacyHash } from '../../src/crypto/password-legacy.ts'

// The real libraries, with every call on record: what a refusal costs is what it calls.
vi.mock('@node-rs/argon2', { spy: true })
vi.mock('@node-rs/bcrypt', { spy: true })

const CHEAP = { memoryCost: 64, timeCost: 1, parallelism: 1 }
const AUTHLOGIC = legacyPasswordHash.authlogicSha512(
  'b95212a604407a7251ba47a1840e1dbbc4a4953f01d19fd59a48294c4b0d85be57e05fe68dc69774153c8bd1745c1493ecf0335a05a6a7003e1aed39fc62015b',
  'dJ5pWkq8Zr1aYt0uLx2C',
)
const BCRYPT = '$2a$05$lpvm7aqqBD4OB5DzsAw.uuWWwsCaE9VxJ2TPJKNkbmlm.uMd2U/Ce'

beforeEach(() => {
  vi.clearAllMocks()
})

/** The parameters of each argon2 and bcrypt computation since the last call. */
function work(): string[] {
  const calls = [
    ...vi.mocked(argon2.verify).mock.calls.map(([hash]) => String(hash).split('$').slice(1, 4).join('$')),
  ]
  calls.push(...vi.mocked(bcrypt.compare).mock.calls.map(([, hash]) => `bcrypt ${String(hash).slice(4, 6)}`))
  vi.clearAllMocks()
  return calls
}

describe('hash', () => {
  it('makes argon2id with the recommended cost, salted', async () => {
    const passwords = createPasswords()
    const hash = await passwords.hash('spree123')
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(await passwords.hash('spree123')).not.toBe(hash)
    expect(await passwords.verify(hash, 'spree123')).toBe('match')
    expect(await passwords.verify(hash, 'spree124')).toBe('mismatch')
  })

  it('leaves the main thread free meanwhile', async () => {
    const passwords = createPasswords({ argon2: { memoryCost: 65_536, timeCost: 3, parallelism: 1 } })
    let turns = 0
    let done = false
    const count = () => {
      turns++
      if (!done) setImmediate(count)
    }
    setImmediate(count)
    const hash = await passwords.hash('spree123')
    const whileHashing = turns
    await passwords.verify(hash, 'spree123')
    done = true
    expect(whileHashing).toBeGreaterThan(0)
    expect(turns).toBeGreaterThan(whileHashing)
  })

  it.each([
    ['257 bytes', 'a'.repeat(257)],
    ['86 characters of three bytes', '✓'.repeat(86)],
    ['a NUL', 'a\0b'],
    ['half a surrogate pair', 'a\ud83d'],
  ])('refuses %s; verify answers without any work', async (_, password) => {
    const passwords = createPasswords({ argon2: CHEAP })
    await expect(passwords.hash(password)).rejects.toThrow(/too long/)
    expect(await passwords.verify(await passwords.hash('a'), password)).toBe('mismatch')
    expect(work()).toEqual([])
  })

  it('takes 256 bytes', async () => {
    const passwords = createPasswords({ argon2: CHEAP })
    const hash = await passwords.hash('✓'.repeat(85))
    expect(await passwords.verify(hash, '✓'.repeat(85))).toBe('match')
    expect(await passwords.verify(hash, '✓'.repeat(84))).toBe('mismatch')
  })
})

describe('T112 T113 verify takes a password as it was sent', () => {
  const passwords = createPasswords({ argon2: CHEAP })

  it.each([
    ['a space at the end', 'spree123', 'spree123 '],
    ['composed and decomposed letters', 'pässwort', 'pa\u0308sswort'],
    ['letter case', 'Spree', 'spree'],
    ['full-width digits', '１２３', '123'],
    ['an empty password', '', ' '],
    ['what follows the 72nd byte', 'a'.repeat(80), 'a'.repeat(81)],
    ['the 73rd byte', `${'a'.repeat(72)}X`, `${'a'.repeat(72)}Y`],
    ['what follows 25 emoji', `${'😀'.repeat(25)}X`, `${'😀'.repeat(25)}Y`],
    ['composed and compatible letters', 'ﬁsh', 'fish'],
  ])('tells apart: %s', async (_, one, two) => {
    expect(await passwords.verify(await passwords.hash(one), one)).toBe('match')
    expect(await passwords.verify(await passwords.hash(one), two)).toBe('mismatch')
    expect(await passwords.verify(await passwords.hash(two), one)).toBe('mismatch')
  })
})

describe('verify asks for a new hash', () => {
  const passwords = createPasswords({ argon2: { memoryCost: 256, timeCost: 2, parallelism: 1 } })
  const argon2Hash = (options: argon2.Options) =>
    argon2.hash('spree123', { memoryCost: 256, timeCost: 2, ...options })

  it.each([
    ['less memory', { memoryCost: 128 }, 'match_weak'],
    ['fewer passes', { timeCost: 1 }, 'match_weak'],
    ['argon2i', { algorithm: 1 }, 'match_weak'],
    ['argon2d', { algorithm: 0 }, 'match_weak'],
    ['version 16', { version: 0 }, 'match_weak'],
    ['the same', {}, 'match'],
    ['more memory', { memoryCost: 512 }, 'match'],
    ['more passes', { timeCost: 3 }, 'match'],
    ['more lanes', { parallelism: 4 }, 'match'],
  ] as const)('for argon2 with %s: %o → %s', async (_, options, answer) => {
    const hash = await argon2Hash(options)
    expect(await passwords.verify(hash, 'spree123')).toBe(answer)
    expect(await passwords.verify(hash, 'spree124')).toBe('mismatch')
  })

  it('T116 for bcrypt and other legacy hashes', async () => {
    for (const hash of [BCRYPT, AUTHLOGIC]) {
      expect(await passwords.verify(hash, 'spree123')).toBe('match_weak')
      expect(await passwords.verify(hash, 'spree124')).toBe('mismatch')
    }
  })
})

describe('T116 the cost of a refusal', () => {
  const DUMMY = 'argon2id$v=19$m=64,t=1,p=1'

  it.each([
    ['no user or no password', null],
    ['a hash of unknown form', 'plain:spree123'],
    ['an empty hash', ''],
    ['an argon2 hash that would need 4 GiB', '$argon2id$v=19$m=4194304,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA'],
    ['a cheap legacy hash', AUTHLOGIC],
  ])('is one argon2 for %s', async (_, hash) => {
    expect(await createPasswords({ argon2: CHEAP }).verify(hash, 'wrong')).toBe('mismatch')
    expect(work()).toEqual([DUMMY])
  })

  it('is one argon2 for an argon2 hash', async () => {
    const passwords = createPasswords({ argon2: CHEAP })
    const hash = await passwords.hash('spree123')
    expect(await passwords.verify(hash, 'wrong')).toBe('mismatch')
    expect(work()).toEqual([DUMMY])
  })

  it('is one argon2 more for a hash that the library can not read', async () => {
    const broken = '$argon2id$v=19$m=64,t=1,p=1$_$_'
    expect(await createPasswords({ argon2: CHEAP }).verify(broken, 'wrong')).toBe('mismatch')
    expect(work()).toEqual([DUMMY, DUMMY])
  })

  it('is the same for everybody once a bcrypt hash was seen', async () => {
    const passwords = createPasswords({ argon2: CHEAP })
    const own = await passwords.hash('spree123')
    const cost6 = await bcrypt.hash('spree123', 6)
    expect(await passwords.verify(BCRYPT, 'wrong')).toBe('mismatch')
    expect(work()).toEqual([DUMMY, 'bcrypt 05'])
    expect(await passwords.verify(null, 'wrong')).toBe('mismatch')
    expect(work()).toEqual([DUMMY, 'bcrypt 05'])
    expect(await passwords.verify(cost6, 'wrong')).toBe('mismatch')
    expect(work()).toEqual([DUMMY, 'bcrypt 06'])
    for (const hash of [null, 'plain:spree123', own, AUTHLOGIC]) {
      expect(await passwords.verify(hash, 'wrong')).toBe('mismatch')
      expect(work()).toEqual([DUMMY, 'bcrypt 06'])
    }
    // 2^5 rounds of its own and 2^5 more are 2^6.
    expect(await passwords.verify(BCRYPT, 'wrong')).toBe('mismatch')
    expect(work()).toEqual([DUMMY, 'bcrypt 05', 'bcrypt 05'])
  })

  it('T108 is the same for everybody once an argon2 hash of other parameters was seen', async () => {
    const passwords = createPasswords({ argon2: CHEAP })
    const own = await passwords.hash('spree123')
    const other = await argon2.hash('spree123', { memoryCost: 128, timeCost: 3, parallelism: 2 })
    const others = 'argon2id$v=19$m=128,t=3,p=2'
    vi.clearAllMocks()
    for (const hash of [other, null, 'plain:spree123', own, AUTHLOGIC, other]) {
      expect(await passwords.verify(hash, 'wrong')).toBe('mismatch')
      expect(work().toSorted()).toEqual([others, DUMMY])
    }
    for (const hash of [own, other]) await passwords.verify(hash, 'spree123')
    expect(work()).toEqual([DUMMY, others])
  })

  it('has an end, however many there are', async () => {
    const passwords = createPasswords({ argon2: CHEAP })
    for (let timeCost = 1; timeCost <= 20; timeCost++) {
      await passwords.verify(await argon2.hash('x', { ...CHEAP, timeCost }), 'x')
    }
    vi.clearAllMocks()
    await passwords.verify(null, 'wrong')
    expect(work()).toHaveLength(4)
  })

  it('is not paid for the right password, but by cheap legacy hashes', async () => {
    const passwords = createPasswords({ argon2: CHEAP })
    expect(await passwords.verify(BCRYPT, 'spree123')).toBe('match_weak')
    expect(work()).toEqual(['bcrypt 05'])
    expect(await passwords.verify(AUTHLOGIC, 'spree123')).toBe('match_weak')
    expect(work()).toEqual([DUMMY])
    expect(await passwords.verify(await passwords.hash('spree123'), 'spree123')).toBe('match')
    expect(work()).toEqual([DUMMY])
  })

  it('is real work: the libraries read the dummies', async () => {
    const passwords = createPasswords({ argon2: CHEAP })
    await passwords.verify(BCRYPT, 'wrong')
    await passwords.verify(null, 'wrong')
    const results = [...vi.mocked(argon2.verify).mock.results, ...vi.mocked(bcrypt.compare).mock.results]
    expect(await Promise.all(results.map(({ value }) => value))).toEqual([false, false, false, false])
    // bcrypt answers false to a hash it can not read, too, and at once: it must be able to make this one's salt.
    const dummy = String(vi.mocked(bcrypt.compare).mock.calls[1]?.[1])
    expect(parseLegacyHash(dummy)).not.toBeNull()
    expect(bcrypt.hashSync('x', 5, saltOf(dummy)).slice(0, 29)).toBe(dummy.slice(0, 29))
  })
})

/** The 16 bytes in a bcrypt hash, whose base64 has an alphabet of its own. */
function saltOf(hash: string): Buffer {
  const own = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  const usual = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  return Buffer.from(
    hash.slice(7, 29).replace(/./g, (character) => usual.charAt(own.indexOf(character))),
    'base64',
  )
}

describe('the queue', () => {
  it('refuses at once what would have to wait too long, and serves the others', async () => {
    const passwords = createPasswords({ concurrency: 1, queue: 2, argon2: CHEAP })
    const settled = await Promise.allSettled([
      passwords.hash('a'),
      passwords.verify(null, 'b'),
      passwords.hash('c'),
      passwords.verify(null, 'd'),
      passwords.hash('e'),
    ])
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ])
    expect(settled[3]).toMatchObject({
      reason: { code: 'temporarily_unavailable', reason: 'hash_queue_full', retryAfter: 1 },
    })
    expect(await passwords.hash('later')).toMatch(/^\$argon2id/)
  })

  it('has room for 64 by default', async () => {
    const passwords = createPasswords({ concurrency: 1, argon2: CHEAP })
    const settled = await Promise.allSettled(Array.from({ length: 66 }, () => passwords.hash('a')))
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(1)
  })
})
