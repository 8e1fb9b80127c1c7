const HEADER_SIZE = 32
const FRAME_HEADER_SIZE = 24

/** Sums are made of big-endian words if the lowest bit of the magic number is set, else of little-endian ones. */
const MAGIC = 0x377f0682

/**
 * Whether a write-ahead log (https://sqlite.org/walformat.html) lost writes that had reached the disk. SQLite itself
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
export function isWalDamaged(log: Uint8Array): boolean {
  if (log.length <= HEADER_SIZE) return false
  const view = new DataView(log.buffer, log.byteOffset, log.length)
  if (log.subarray(0, HEADER_SIZE).every((byte) => byte === 0)) return false
  const magic = view.getUint32(0)
  const littleEndian = magic === MAGIC
  if (!littleEndian && magic !== MAGIC + 1) return true
  const sum = checksum(view, 0, 24, littleEndian, [0, 0])
  if (sum[0] !== view.getUint32(24) || sum[1] !== view.getUint32(28)) return true
  const pageSize = view.getUint32(8)
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return true
  return isCommitLost(view, pageSize, littleEndian, sum)
}

type Checksum = readonly [number, number]

/** Whether behind the first bad frame there is an intact commit that an intact frame follows. */
function isCommitLost(view: DataView, pageSize: number, littleEndian: boolean, headerSum: Checksum): boolean {
  const frameSize = FRAME_HEADER_SIZE + pageSize
  let isReadable = true
  let isBehindCommit = false
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
    if (isIntact && isBehindCommit) return true
    const isFirstBad = isReadable && !isIntact
    isReadable &&= isIntact
    isBehindCommit = isIntact && !isReadable && view.getUint32(frame + 4) !== 0
    sumsBefore = isFirstBad ? [found, ...sums] : [found]
  }
  return false
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
