import { sha256 } from '../crypto/digest.ts'

/**
 * What was seen among millions: 12 bytes of a SHA-256 each, outside of the heap. That two things have these in common
 * does not happen.
 */
export interface SeenSet {
  /** A text is hashed; a digest counts as it is. */
  has(name: string | Uint8Array): boolean
  add(name: string | Uint8Array): void
}

/** Parts grow one by one: never is there need for the whole once more. */
const PARTS = 256
const WORDS = 3
const FIRST_SLOTS = 16

interface Part {
  /** Slots of three words; one that is free has zeros. Of slots there is a power of two. */
  words: Uint32Array
  count: number
}

export function createSeenSet(): SeenSet {
  const parts: Part[] = Array.from({ length: PARTS }, () => ({
    words: new Uint32Array(FIRST_SLOTS * WORDS),
    count: 0,
  }))

  /** The digest's first byte names the part, the next four the slot. */
  const partOf = (digest: Uint8Array) => parts[digest[0] as number] as Part

  return {
    has(name) {
      const digest = digestOf(name)
      const { words } = partOf(digest)
      return words[placeOf(wordsOf(digest), words)] !== 0
    },
    add(name) {
      const digest = digestOf(name)
      const part = partOf(digest)
      const entry = wordsOf(digest)
      const place = placeOf(entry, part.words)
      if (part.words[place] !== 0) return
      part.words.set(entry, place)
      part.count += 1
      if (part.count * WORDS * 4 > part.words.length * 3) part.words = grown(part.words)
    },
  }
}

function digestOf(name: string | Uint8Array): Uint8Array {
  return typeof name === 'string' ? sha256(name) : name
}

/** The first is never 0, by which a slot is free. */
function wordsOf(digest: Uint8Array): readonly [number, number, number] {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
  return [view.getUint32(1) || 1, view.getUint32(5), view.getUint32(9)]
}

/** Where the entry is, or else where it would be. */
function placeOf([first, second, third]: readonly [number, number, number], words: Uint32Array): number {
  for (let place = ((first * WORDS) % words.length) | 0; ; place = (place + WORDS) % words.length) {
    if (words[place] === 0) return place
    if (words[place] === first && words[place + 1] === second && words[place + 2] === third) return place
  }
}

function grown(words: Uint32Array): Uint32Array {
  const more = new Uint32Array(words.length * 2)
  for (let place = 0; place < words.length; place += WORDS) {
    const [first = 0, second = 0, third = 0] = words.subarray(place, place + WORDS)
    if (first !== 0) more.set([first, second, third], placeOf([first, second, third], more))
  }
  return more
}
