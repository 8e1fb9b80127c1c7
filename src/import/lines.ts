import { createRecordBytes, type RecordText } from './record-bytes.ts'

export interface Line {
  /** From 1. */
  readonly line: number
  /** Without its end. */
  readonly content: RecordText
}

const LINE_END = 0x0a

/** The lines of a text that are not empty; they end with LF, or the text does. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncIterable<Line> {
  const bytes = createRecordBytes()
  let line = 1
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, start)) {
      bytes.add(chunk.subarray(start, end))
      if (!bytes.isEmpty()) yield { line, content: bytes.take() }
      start = end + 1
      line++
    }
    bytes.add(chunk.subarray(start))
  }
  if (!bytes.isEmpty()) yield { line, content: bytes.take() }
}
