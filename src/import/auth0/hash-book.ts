import { sha256 } from '../../crypto/digest.ts'

/** Password hashes by the id of their user: 80 bytes each, outside of the heap, for there may be millions. */
export interface HashBook {
  /** Of several for one id, any counts. */
  add(id: string, hash: string): void
  find(id: string): string | null
  size(): number
}

const KEY_BYTES = 16
/** One for the length, and 60 of bcrypt. */
const SLOT_BYTES = 80
const MAX_HASH_BYTES = SLOT_BYTES - KEY_BYTES - 1
const SLOTS_A_CHUNK = 2 ** 16

/** All is to be added before anything is looked for. */
export function createHashBook(): HashBook {
  const chunks: Buffer[] = []
  /** Those that fit into no slot, such as argon2's. */
  const long = new Map<string, string>()
  let count = 0
  /** The slots in the order of their keys; null: not sorted yet. */
  let order: Uint32Array | null = null

  const chunkOf = (slot: number) => chunks[Math.floor(slot / SLOTS_A_CHUNK)] as Buffer
  const offsetOf = (slot: number) => (slot % SLOTS_A_CHUNK) * SLOT_BYTES

  function compare(key: Buffer, keyStart: number, slot: number): number {
    const start = offsetOf(slot)
    return key.compare(chunkOf(slot), start, start + KEY_BYTES, keyStart, keyStart + KEY_BYTES)
  }

  function sorted(): Uint32Array {
    const slots = Uint32Array.from({ length: count }, (_, slot) => slot)
    return slots.sort((one, other) => compare(chunkOf(one), offsetOf(one), other))
  }

  function hashAt(slot: number): string {
    const chunk = chunkOf(slot)
    const at = offsetOf(slot) + KEY_BYTES
    return chunk.toString('latin1', at + 1, at + 1 + (chunk[at] as number))
  }

  return {
    add(id, hash) {
      if (hash.length > MAX_HASH_BYTES) {
        long.set(id, hash)
        return
      }
      if (count % SLOTS_A_CHUNK === 0) chunks.push(Buffer.alloc(SLOTS_A_CHUNK * SLOT_BYTES))
      const chunk = chunkOf(count)
      const at = offsetOf(count)
      chunk.set(sha256(id).subarray(0, KEY_BYTES), at)
      chunk[at + KEY_BYTES] = hash.length
      chunk.write(hash, at + KEY_BYTES + 1, 'latin1')
      count++
      order = null
    },
    find(id) {
      order ??= sorted()
      const key = Buffer.from(sha256(id))
      let low = 0
      for (let high = count; low < high; ) {
        const middle = (low + high) >>> 1
        if (compare(key, 0, order[middle] as number) > 0) low = middle + 1
        else high = middle
      }
      const slot = order[low]
      if (slot !== undefined && compare(key, 0, slot) === 0) return hashAt(slot)
      return long.get(id) ?? null
    },
    size: () => count + long.size,
  }
}
