const HEADER_SIZE = 32
const FRAME_HEADER_SIZE = 24

/** Sums are made of big-endian words if the lowest bit of the magic number is set, else of little-endian ones. */
const MAGIC = 0x377f0682

/**
 * Whether a write-ahead log (https://sqlite.org/walformat.html) lost writes that had reached the disk. SQLite itself
 * would go on without them and say nothing: tokens that were revoked would be back.
 *
 * A loss of power may spoil what was not flushed: a log's header before its first frame, and at most the last
 * transaction. So a log is damaged if its header is neither valid nor empty, or if behind the first bad frame there
 * are still frames of more than one transaction of the same log.
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
  return commitsBehindBadFrame(view, pageSize, littleEndian, sum) > 1
}

type Checksum = readonly [number, number]

function commitsBehindBadFrame(
  view: DataView,
  pageSize: number,
  littleEndian: boolean,
  headerSum: Checksum,
): number {
  let sum: Checksum | null = headerSum
  let commits = 0
  const frameSize = FRAME_HEADER_SIZE + pageSize
  for (let frame = HEADER_SIZE; frame + frameSize <= view.byteLength; frame += frameSize) {
    // Frames of an earlier log that was written over have another salt.
    const sameLog =
      view.getUint32(frame + 8) === view.getUint32(16) && view.getUint32(frame + 12) === view.getUint32(20)
    if (sum !== null && sameLog) {
      const ofHeader = checksum(view, frame, 8, littleEndian, sum)
      sum = checksum(view, frame + FRAME_HEADER_SIZE, pageSize, littleEndian, ofHeader)
      if (sum[0] === view.getUint32(frame + 16) && sum[1] === view.getUint32(frame + 20)) continue
    }
    sum = null
    if (sameLog && view.getUint32(frame + 4) !== 0) commits += 1
  }
  return commits
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
