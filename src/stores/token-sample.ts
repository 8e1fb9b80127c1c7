import type { SampledToken, TokenSample } from '../store/size.ts'
import { keysWithin, writtenAtOf } from './key-sequence.ts'

/** What is read of a row. */
export type SampledColumns = readonly [key: number, deadAt: number]

/** Reads up to `limit` rows whose keys are at least `from` and below `to`, the lowest first. */
export type ReadKeys = (from: number, to: number, limit: number) => Promise<readonly SampledColumns[]>

/** Fewer rows than this are all read: a few milliseconds. */
const READ_ALL_BELOW = 4096

/** A part of the keys with more rows than this is represented by a smaller part of itself. */
const MOST_ROWS_A_PART = 256
const NARROWING = 4

/** The last days are looked at in parts of three hours; what is older, in parts that grow with its age. */
const RECENT_PARTS = 64
const RECENT_PART_MS = 3 * 3_600_000
const PARTS_A_DOUBLING = 8

/** Moves on by this part of one from place to place: evenly spread, and in step with no timer that writes rows. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2

/**
 * A sample of token rows with keys from `lowest` to `highest`, at a cost that does not grow with the table: some ten
 * thousand rows are read, in many small turns. As keys are times, it is a sample of all times.
 *
 * Each part of the keys is read up to a limit; if there are more rows, a part of that part at some place within it
 * stands for it, and so on. As the place does not depend on what is there, the sums come out right on average, however
 * unevenly rows were written.
 */
export async function sampleTokens(lowest: number, highest: number, read: ReadKeys): Promise<TokenSample> {
  const all = await read(lowest, highest + 1, READ_ALL_BELOW)
  if (all.length < READ_ALL_BELOW) return { isAll: true, rows: all.map((row) => sampled(row, 1)) }
  const rows: SampledToken[] = []
  let place = 0
  for (const [from, to] of partsOf(lowest, highest)) {
    let [start, end] = [from, to]
    let weight = 1
    for (;;) {
      const found = await read(start, end, MOST_ROWS_A_PART)
      // Others' turn: each read may keep the event loop.
      await new Promise<void>((resolve) => setImmediate(resolve))
      const width = Math.floor((end - start) / NARROWING)
      if (found.length < MOST_ROWS_A_PART || width < 1) {
        rows.push(...found.map((row) => sampled(row, weight)))
        break
      }
      place = (place + GOLDEN_RATIO) % 1
      // The true ratio, as widths are whole numbers.
      weight *= (end - start) / width
      start += Math.floor(place * (end - start - width))
      end = start + width
    }
  }
  return { isAll: false, rows }
}

/** Ranges of keys, the newest first, that together have all. */
function* partsOf(lowest: number, highest: number): Generator<readonly [from: number, to: number]> {
  let to = highest + 1
  let widthMs = RECENT_PART_MS
  for (let count = 1; to > lowest; count++) {
    const from = Math.max(lowest, to - keysWithin(widthMs))
    yield [from, to]
    to = from
    if (count >= RECENT_PARTS && count % PARTS_A_DOUBLING === 0) {
      widthMs =
        ((RECENT_PARTS * RECENT_PART_MS) / PARTS_A_DOUBLING) *
        2 ** ((count - RECENT_PARTS) / PARTS_A_DOUBLING)
    }
  }
}

function sampled([key, deadAt]: SampledColumns, weight: number): SampledToken {
  return { weight, writtenAt: writtenAtOf(key), deadAt }
}
