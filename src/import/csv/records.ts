import { ImportFailed } from '../import.ts'
import { createRecordBytes, type RecordText } from '../record-bytes.ts'

export interface CsvRecord {
  /** Where it begins, from 1. */
  readonly line: number
  readonly content: RecordText
}

const LINE_END = 0x0a
const RETURN = 0x0d
const QUOTE = 0x22
const COMMA = 0x2c

/** Where in a record a byte stands. `closed`: after the quote that ends a field, or the first of two that stand for one. */
type Position = 'field start' | 'plain' | 'quoted' | 'closed'

/**
 * The records of a text as RFC 4180 has them, without their line ends; LF alone ends one as well. Empty lines are none.
 * Throws `ImportFailed` if the text ends within quotes.
 */
export async function* splitCsv(chunks: AsyncIterable<Buffer>): AsyncIterable<CsvRecord> {
  const bytes = createRecordBytes()
  let position: Position = 'field start'
  let line = 1
  let startLine = 1

  for await (const chunk of chunks) {
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (byte === LINE_END) {
        line++
        if (position !== 'quoted') {
          bytes.add(chunk.subarray(start, at))
          if (!bytes.isEmpty()) yield { line: startLine, content: bytes.take() }
          start = at + 1
          startLine = line
          position = 'field start'
        }
      } else position = positionAfter(byte, position)
    }
    bytes.add(chunk.subarray(start))
  }
  if (position === 'quoted')
    throw new ImportFailed(`The file ends within quotes, in the record that begins in line ${startLine}.`)
  if (!bytes.isEmpty()) yield { line: startLine, content: bytes.take() }
}

function positionAfter(byte: number, position: Position): Position {
  switch (position) {
    case 'quoted':
      return byte === QUOTE ? 'closed' : 'quoted'
    case 'closed':
      if (byte === QUOTE) return 'quoted'
      return byte === COMMA ? 'field start' : byte === RETURN ? 'closed' : 'plain'
    default:
      if (byte === COMMA) return 'field start'
      return byte === QUOTE && position === 'field start' ? 'quoted' : 'plain'
  }
}

const FIELD = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y

/** The fields of one record; null: its quotes are not as RFC 4180 has them. */
export function fieldsOf(record: string): readonly string[] | null {
  const text = record.endsWith('\r') ? record.slice(0, -1) : record
  const fields: string[] = []
  FIELD.lastIndex = 0
  for (;;) {
    const match = FIELD.exec(text)
    if (match === null) return null
    const [, quoted, plain = '', end] = match
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end === '') return fields
  }
}
