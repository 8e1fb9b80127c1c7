import * as crypto from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createRandom, createSeededRandom, type Random } from '../../src/crypto/random.ts'

// The real randomness, with its calls on record.
vi.mock('node:crypto', { spy: true })

const sources: [string, () => Random][] = [
  ['the system', createRandom],
  ['a seed', () => createSeededRandom(7)],
]

describe.each(sources)('random from %s', (_, create) => {
  it('gives text of the length asked for, in base64url characters', () => {
    const random = create()
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (length) => {
        expect(random.text(length)).toMatch(new RegExp(`^[A-Za-z0-9_-]{${length}}$`))
      }),
    )
    expect(random.text(20_000)).toMatch(/^[A-Za-z0-9_-]{20000}$/)
  })

  it('never gives the same text twice, across many refills of the pool', () => {
    const random = create()
    const texts = Array.from({ length: 20_000 }, () => random.text(22))
    expect(new Set(texts).size).toBe(texts.length)
  })

  it('uses all 64 characters at every place, the last one too', () => {
    const random = create()
    const seen = Array.from({ length: 22 }, () => new Set<string>())
    for (let round = 0; round < 4000; round++) {
      for (const [place, character] of [...random.text(22)].entries()) seen[place]!.add(character)
    }
    expect(seen.map((set) => set.size)).toEqual(Array.from({ length: 22 }, () => 64))
  })

  it('gives bytes that are a copy: what is drawn later does not change them', () => {
    const random = create()
    const first = random.bytes(32)
    const before = Buffer.from(first).toString('hex')
    for (let round = 0; round < 1000; round++) random.bytes(32)
    expect(Buffer.from(first).toString('hex')).toBe(before)
    expect(before).not.toBe('0'.repeat(64))
    // A view of the pool would hold what others draw.
    expect(first.buffer.byteLength).toBe(32)
  })

  it('gives as many bytes as asked for, more than the pool holds as well', () => {
    const random = create()
    for (const length of [0, 1, 8191, 8192, 8193, 20_000]) {
      const bytes = random.bytes(length)
      expect(bytes).toHaveLength(length)
      if (length > 64) expect(bytes.subarray(-16).some((byte) => byte !== 0)).toBe(true)
    }
    expect(() => random.bytes(-1)).toThrow(RangeError)
    expect(() => random.bytes(1.5)).toThrow(RangeError)
    expect(() => random.text(Number.NaN)).toThrow(RangeError)
  })

  it('gives UUIDs of version 4 in lower case, each its own', () => {
    const random = create()
    const uuids = Array.from({ length: 2000 }, () => random.uuid())
    for (const uuid of uuids) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }
    expect(new Set(uuids).size).toBe(uuids.length)
  })

  it('gives integers below the bound, all of them, evenly', () => {
    const random = create()
    const counts = [0, 0, 0, 0, 0, 0, 0]
    for (let round = 0; round < 70_000; round++) counts[random.integer(7)]!++
    // Standard deviation 93: ten of them are never seen.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(930)
    expect(random.integer(1)).toBe(0)
  })

  it('reaches the upper half of the largest range, and is even where a multiple does not fit', () => {
    const random = create()
    const third = 2 ** 53 / 3
    const counts = [0, 0]
    for (let round = 0; round < 10_000; round++) {
      const drawn = random.integer(Math.floor(2 * third))
      expect(Number.isSafeInteger(drawn)).toBe(true)
      counts[drawn < third ? 0 : 1]!++
    }
    // Without drawing again the lower half would come twice as often: 6667 to 3333.
    expect(Math.abs(counts[0]! - 5000)).toBeLessThan(500)
    const drawn = Array.from({ length: 100 }, () => random.integer(Number.MAX_SAFE_INTEGER))
    expect(Math.max(...drawn)).toBeGreaterThan(2 ** 52)
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53])('refuses integers below %d', (bound) => {
    expect(() => create().integer(bound)).toThrow(RangeError)
  })
})

describe('createSeededRandom', () => {
  const draw = (random: Random) => [
    random.text(43),
    random.uuid(),
    random.integer(1000),
    [...random.bytes(5)],
  ]

  it('gives the same values for the same seed, and others for another', () => {
    expect(draw(createSeededRandom(1))).toEqual(draw(createSeededRandom(1)))
    expect(draw(createSeededRandom(1))).not.toEqual(draw(createSeededRandom(2)))
  })

  it('keeps its values: recorded answers depend on them', () => {
    expect(createSeededRandom(1).text(20)).toBe('RhdpAO8_IcjeHTM7RLNh')
  })
})

it('two sources from the system share nothing', () => {
  expect(createRandom().text(43)).not.toBe(createRandom().text(43))
})

describe('the pool', () => {
  it('holds nothing that was handed out', () => {
    vi.clearAllMocks()
    const random = createRandom()
    const draws: [number, () => void][] = [
      [33, () => random.text(43)],
      [16, () => random.bytes(16)],
      [16, () => random.uuid()],
      [8, () => random.integer(10)],
    ]
    for (const [, draw] of draws) draw()
    const pool = vi.mocked(crypto.randomFillSync).mock.calls[0]?.[0]
    if (!Buffer.isBuffer(pool)) throw new Error('the pool was not filled')
    const used = draws.reduce((sum, [size]) => sum + size, 0)
    expect(pool.subarray(0, used).every((byte) => byte === 0)).toBe(true)
    expect(pool.subarray(used, used + 32).every((byte) => byte === 0)).toBe(false)
  })

  it('asks the system once for many tokens', () => {
    vi.clearAllMocks()
    const random = createRandom()
    for (let token = 0; token < 200; token++) random.text(43)
    expect(vi.mocked(crypto.randomFillSync)).toHaveBeenCalledTimes(1)
  })
})
