import { ImportFailed } from './import.ts'
import { createRecordBytes, type RecordText } from './record-bytes.ts'

/** One member of the array, and where it begins. */
export interface ArrayMember {
  /** From 1. */
  readonly entry: number
  /** From 1. */
  readonly line: number
  readonly content: RecordText
}

const LINE_END = 0x0a
const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/**
 * The members of a JSON array (RFC 8259 §5) as texts, one after the other. Looks at strings and brackets only: whether a
 * member is JSON, its parser tells, and one that is not costs the others nothing as long as its quotes and brackets come
 * in pairs. Throws `ImportFailed` for what is no array, or has no end.
 */
export async function* splitArray(chunks: AsyncIterable<Buffer>): AsyncIterable<ArrayMember> {
  const bytes = createRecordBytes()
  /** Of brackets that are open: 0 outside of the array, 1 between its members. */
  let depth = 0
  let hasEnded = false
  let inString = false
  let isEscaped = false
  let line = 1
  let entry = 0
  let startLine = 0
  let isInside = false

  function member(): ArrayMember {
    isInside = false
    return { entry, line: startLine, content: bytes.take() }
  }

  for await (const chunk of chunks) {
    /** Where the part of the member that is in this chunk begins. */
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (byte === LINE_END) line++
      if (inString) {
        if (isEscaped) isEscaped = false
        else if (byte === BACKSLASH) isEscaped = true
        else if (byte === QUOTE) inString = false
        continue
      }
      if (isSpace(byte)) continue
      if (depth === 0) {
        if (hasEnded || byte !== OPEN_BRACKET) throw notOneArray(line, hasEnded)
        depth = 1
        continue
      }
      const isEnd = depth === 1 && (byte === COMMA || byte === CLOSE_BRACKET || byte === CLOSE_BRACE)
      if (!isInside && !isEnd) {
        isInside = true
        entry++
        startLine = line
        start = at
      }
      if (isEnd) {
        if (isInside) {
          bytes.add(chunk.subarray(start, at))
          yield member()
        }
        if (byte === COMMA) continue
        if (byte === CLOSE_BRACE) throw new ImportFailed(`Line ${line}: there is a } too many.`)
        depth = 0
        hasEnded = true
      } else if (byte === QUOTE) inString = true
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
    }
    if (isInside) bytes.add(chunk.subarray(start))
  }
  if (!hasEnded) throw cutOff(isInside ? `entry ${entry}, which begins in line ${startLine}` : 'the array')
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === LINE_END || byte === 0x0d || byte === 0x09
}

function notOneArray(line: number, hasEnded: boolean): ImportFailed {
  return new ImportFailed(
    hasEnded
      ? `Line ${line}: there is something after the end of the array. An array is all there may be.`
      : `Line ${line}: this is no JSON array.`,
  )
}

function cutOff(place: string): ImportFailed {
  return new ImportFailed(
    `The file ends inside of ${place}: it was cut off, or there is a quote or a bracket too few.`,
  )
}
