import { splitArray } from './array-members.ts'
import { splitLines } from './lines.ts'
import type { RecordText } from './record-bytes.ts'
import type { SourceFile } from './source-file.ts'

/** A JSON object of a file, or why it is none; `place`: `line 12`, or `entry 3, line 12` of an array. */
export type JsonRecord = { readonly place: string } & (
  | { readonly value: Readonly<Record<string, unknown>> }
  | { readonly problem: string }
)

const OPEN_BRACKET = '['

/** The objects of a JSON array, or one a line (NDJSON): whichever the file is. Throws `ImportFailed`. */
export async function* readJsonRecords(file: SourceFile): AsyncIterable<JsonRecord> {
  const { first, all } = await peek(file.chunks())
  if (first === OPEN_BRACKET) {
    for await (const { entry, line, content } of splitArray(all)) {
      yield { place: `entry ${entry}, line ${line}`, ...parsed(content) }
    }
    return
  }
  for await (const { line, content } of splitLines(all)) {
    if ('text' in content && content.text.trim() === '') continue
    yield { place: `line ${line}`, ...parsed(content) }
  }
}

/** The first character that is no white space, as far as it is in the first chunk; and all chunks. */
async function peek(chunks: AsyncIterable<Buffer>): Promise<{ first: string; all: AsyncIterable<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]()
  const { value, done } = await iterator.next()
  if (done === true) return { first: '', all: nothing() }
  const first = (value as Buffer).toString('latin1').trimStart().slice(0, 1)
  return { first, all: rest(value as Buffer, iterator) }
}

async function* rest(first: Buffer, iterator: AsyncIterator<Buffer>): AsyncIterable<Buffer> {
  yield first
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
}

async function* nothing(): AsyncIterable<Buffer> {}

/** Never quotes what it could not read: that may hold a secret. */
function parsed(
  content: RecordText,
): { readonly value: Readonly<Record<string, unknown>> } | { readonly problem: string } {
  if ('problem' in content) return content
  let value: unknown
  try {
    value = JSON.parse(content.text)
  } catch {
    return { problem: 'is no JSON' }
  }
  return isObject(value) ? { value } : { problem: 'is no JSON object' }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
