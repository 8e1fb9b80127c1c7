const HEADER_SIZE = 32
const FRAME_HEADER_SIZE = 24

/** Sums are made of big-endian words if the lowest bit of the magic number is set, else of little-endian ones. */
const MAGIC = 0x377f0682

const LOCK_BYTE = 2 ** 30

/** A write-ahead log, as a start finds it. */
export interface Wal {
  readonly isDamaged: boolean
  /** Bytes of a page of the database; 0: the log is empty, or damaged. */
  readonly pageSize: number
  /** Pages the database has with what is committed in the log; 0: nothing is. */
  readonly pageCount: number
  /** The pages that are in the log, counted from 1. */
  readonly pages: ReadonlySet<number>
}

const EMPTY: Wal = { isDamaged: false, pageSize: 0, pageCount: 0, pages: new Set() }
const DAMAGED: Wal = { ...EMPTY, isDamaged: true }

/**
 * Whether a database file of so many bytes lacks pages that it needs beside this log. They are read as zeros then,
 * and SQLite notices only if a query happens to come by. While a checkpoint is cut off by a crash the file may be
 * short, but what it lacks is in the log.
 */
export function isFileCutOff(fileSize: number, { pageSize, pageCount, pages }: Wal): boolean {
  if (pageCount === 0) return false
  for (let page = Math.floor(fileSize / pageSize) + 1; page <= pageCount; page++) {
    // That of byte 1 GiB is never used: locks are there (https://sqlite.org/fileformat2.html#the_lock_byte_page).
    if (!pages.has(page) && page !== Math.floor(LOCK_BYTE / pageSize) + 1) return true
  }
  return false
}

/**
 * Reads a write-ahead log (https://sqlite.org/walformat.html), and sees whether it has lost writes that had reached the disk. SQLite itself
 * would go on without them and say nothing: tokens that were revoked would be back.
 *
 * What was not flushed may be spoilt: a process that is killed leaves the last transaction cut off, a loss of power
 * (or a failed flush) leaves any part of it, even its end without its beginning. The next transaction is written over
 * it, and if that is shorter and ends likewise, ends of several transactions are left behind the first bad frame.
 * None of this is damage: nothing of it was confirmed.
 *
 * But the sum of a frame is made of the sum before, and a transaction is begun only after the one before was flushed.
 * So a commit that is intact and has an intact frame that follows from it was confirmed, and if SQLite does not get
 * as far as there, the log is damaged. (What was confirmed last, with nothing behind it, can not be told from what
 * was not.) The header is flushed before the first frame, and is so short that the disk writes all of it or nothing:
 * it must be valid or empty.
 */
export function readWal(log: Uint8Array): Wal {
  if (log.length <= HEADER_SIZE) return EMPTY
  const view = new DataView(log.buffer, log.byteOffset, log.length)
  if (log.subarray(0, HEADER_SIZE).every((byte) => byte === 0)) return EMPTY
  const magic = view.getUint32(0)
  const littleEndian = magic === MAGIC
  if (!littleEndian && magic !== MAGIC + 1) return DAMAGED
  const sum = checksum(view, 0, 24, littleEndian, [0, 0])
  if (sum[0] !== view.getUint32(24) || sum[1] !== view.getUint32(28)) return DAMAGED
  const pageSize = view.getUint32(8)
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return DAMAGED
  return readFrames(view, pageSize, littleEndian, sum)
}

type Checksum = readonly [number, number]

/** Damaged is a log with an intact commit behind the first bad frame, and an intact frame that follows it. */
function readFrames(view: DataView, pageSize: number, littleEndian: boolean, headerSum: Checksum): Wal {
  const frameSize = FRAME_HEADER_SIZE + pageSize
  let isReadable = true
  let isBehindCommit = false
  let pageCount = 0
  const pages = new Set<number>()
  let uncommitted: number[] = []
  // Of the frame before: the sum it holds and the sum it should hold, for either may be what was spoilt.
  let sumsBefore: readonly Checksum[] = [headerSum]
  for (let frame = HEADER_SIZE; frame + frameSize <= view.byteLength; frame += frameSize) {
    const found: Checksum = [view.getUint32(frame + 16), view.getUint32(frame + 20)]
    const sums = sumsBefore.map((before) =>
      checksum(
        view,
        frame + FRAME_HEADER_SIZE,
        pageSize,
        littleEndian,
        checksum(view, frame, 8, littleEndian, before),
      ),
    )
    // Frames of an earlier log that was written over have another salt.
    const isIntact =
      view.getUint32(frame + 8) === view.getUint32(16) &&
      view.getUint32(frame + 12) === view.getUint32(20) &&
      sums.some((sum) => sum[0] === found[0] && sum[1] === found[1])
    if (isIntact && isBehindCommit) return DAMAGED
    const isFirstBad = isReadable && !isIntact
    isReadable &&= isIntact
    // The size of the database after the commit; 0 in all but the last frame of one.
    const committedSize = view.getUint32(frame + 4)
    isBehindCommit = isIntact && !isReadable && committedSize !== 0
    if (isReadable) uncommitted.push(view.getUint32(frame))
    if (isReadable && committedSize !== 0) {
      for (const page of uncommitted) pages.add(page)
      uncommitted = []
      pageCount = committedSize
    }
    sumsBefore = isFirstBad ? [found, ...sums] : [found]
  }
  return { isDamaged: false, pageSize, pageCount, pages }
}

function checksum(
  view: DataView,
  start: number,
  length: number,
  littleEndian: boolean,
  from: Checksum,
): Checksum {
  let [one, two] = from
  for (let offset = start; offset < start + length; offset += 8) {
    one = (one + view.getUint32(offset, littleEndian) + two) >>> 0
    two = (two + view.getUint32(offset + 4, littleEndian) + one) >>> 0
  }
  return [one, two]
}
