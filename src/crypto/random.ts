import { hash, randomFillSync } from 'node:crypto'

/** The only source of randomness: handed to whoever needs it, so that tests can replace it. */
export interface Random {
  /** A copy of its own; nobody else has seen the bytes or ever will. */
  bytes(length: number): Uint8Array
  /** base64url characters (RFC 4648 §5), 6 random bits each. */
  text(length: number): string
  /** RFC 9562 §5.4 (version 4), lower case. */
  uuid(): string
  /** Evenly distributed in 0 … `belowExclusive` - 1. Refuses anything but 1 … 2^53 - 1 with a RangeError. */
  integer(belowExclusive: number): number
}

/** 2.2 µs to fill, and filled once in about 250 tokens: a system call for each token would cost 1 µs every time. */
const POOL_BYTES = 8192

const TWO_TO_32 = 2 ** 32
const TWO_TO_53 = 2 ** 53

/** Cryptographically strong randomness from the operating system, drawn through a pool of its own. */
export function createRandom(): Random {
  return randomFrom((pool) => randomFillSync(pool))
}

/**
 * FOR TESTS ONLY: the same seed gives the same values, in this version of Mintkeeper at least. Everything drawn
 * from it can be computed by anybody who knows or guesses the seed.
 */
export function createSeededRandom(seed: number): Random {
  let block = 0
  return randomFrom((pool) => {
    for (let offset = 0; offset < pool.length; offset += 32) {
      pool.write(hash('sha256', `mintkeeper test random ${seed} ${block++}`, 'hex'), offset, 'hex')
    }
  })
}

function randomFrom(fill: (pool: Buffer) => void): Random {
  const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
  let used = POOL_BYTES

  /** Reserves bytes of the pool; whoever reads them wipes them, so that a core dump holds no token's secret. */
  function reserve(length: number): number {
    if (used + length > POOL_BYTES) {
      fill(pool)
      used = 0
    }
    const start = used
    used += length
    return start
  }

  function bytes(length: number): Buffer {
    if (!Number.isSafeInteger(length) || length < 0)
      throw new RangeError('length must be an integer of 0 or more')
    // Not from Node's own shared pool: the caller's copy must not sit in a slab that others can reach.
    const result = Buffer.allocUnsafeSlow(length)
    for (let offset = 0; offset < length; offset += POOL_BYTES) {
      const size = Math.min(POOL_BYTES, length - offset)
      const start = reserve(size)
      pool.copy(result, offset, start, start + size)
      pool.fill(0, start, start + size)
    }
    return result
  }

  function text(length: number): string {
    const size = Math.ceil((length * 3) / 4)
    if (size > POOL_BYTES || !(length >= 0)) return bytes(size).toString('base64url').slice(0, length)
    const start = reserve(size)
    const characters = pool.toString('base64url', start, start + size)
    pool.fill(0, start, start + size)
    return characters.length === length ? characters : characters.slice(0, length)
  }

  function uuid(): string {
    const start = reserve(16)
    pool[start + 6] = ((pool[start + 6] ?? 0) & 0x0f) | 0x40
    pool[start + 8] = ((pool[start + 8] ?? 0) & 0x3f) | 0x80
    const hex = pool.toString('hex', start, start + 16)
    pool.fill(0, start, start + 16)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }

  function integer(belowExclusive: number): number {
    if (!Number.isSafeInteger(belowExclusive) || belowExclusive < 1) {
      throw new RangeError('belowExclusive must be an integer of 1 … 2^53 - 1')
    }
    // Draws above the last whole multiple would favour small results: draw again. Every draw has better than even odds.
    const limit = TWO_TO_53 - (TWO_TO_53 % belowExclusive)
    for (;;) {
      const start = reserve(8)
      const drawn = (pool.readUInt32LE(start) & 0x1fffff) * TWO_TO_32 + pool.readUInt32LE(start + 4)
      pool.fill(0, start, start + 8)
      if (drawn < limit) return drawn % belowExclusive
    }
  }

  return { bytes, text, uuid, integer }
}
