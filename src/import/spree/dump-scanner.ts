import type { FileHandle } from 'node:fs/promises'
import { ImportFailed } from '../import.ts'

/** What a plain-SQL dump consists of, from its beginning or from the offset of a statement on. */
export interface DumpScanner {
  /** The next statement, with its semicolon; null: there are no more. */
  next(): Promise<Statement | null>
  /** After a `COPY … FROM stdin`: its lines, until none are left (null). */
  nextLines(): Promise<CopyLines | null>
  /** After a `COPY … FROM stdin` whose lines nobody needs. */
  skipLines(): Promise<void>
  /** How much was consumed, counted from the beginning of the file. */
  offset(): number
}

export interface Statement {
  readonly text: string
  readonly offset: number
  readonly line: number
}

export interface CopyLines {
  readonly lines: readonly string[]
  /** Of the first. */
  readonly line: number
}

const CHUNK = 1024 * 1024

/** An `INSERT` has some hundred rows at most, if nobody asked for more. */
const LONGEST_STATEMENT = 256 * 1024 * 1024

const [NEWLINE, SEMICOLON, QUOTE, DOUBLE_QUOTE, DOLLAR, MINUS, SLASH, STAR, BACKSLASH] = [
  10, 59, 39, 34, 36, 45, 47, 42, 92,
]
const END_OF_COPY = Buffer.from('\n\\.\n')

export interface Start {
  readonly offset: number
  readonly line: number
  /** Bytes read at once at least. */
  readonly chunk?: number
}

export function scanDump(file: FileHandle, from: Start): DumpScanner {
  const { chunk: least = CHUNK } = from
  let { offset, line } = from
  let buffer: Buffer = Buffer.alloc(0)
  let isAtEnd = false

  /** Reads on; false: there is no more. */
  async function readMore(): Promise<boolean> {
    if (isAtEnd) return false
    if (buffer.length > LONGEST_STATEMENT) {
      throw new ImportFailed(
        `line ${line}: a statement is too long: make the dump with fewer --rows-per-insert.`,
      )
    }
    const chunk = Buffer.allocUnsafe(Math.max(least, buffer.length))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, offset + buffer.length)
    isAtEnd = bytesRead === 0
    buffer = Buffer.concat([buffer, chunk.subarray(0, bytesRead)])
    return !isAtEnd
  }

  function consume(length: number): Buffer {
    const consumed = buffer.subarray(0, length)
    for (let at = consumed.indexOf(NEWLINE); at !== -1; at = consumed.indexOf(NEWLINE, at + 1)) line += 1
    buffer = buffer.subarray(length)
    offset += length
    return consumed
  }

  /** The length of what comes next by a function that answers -1 if it must see more. */
  async function measure(lengthOf: (buffer: Buffer) => number): Promise<number> {
    for (;;) {
      const length = lengthOf(buffer)
      if (length !== -1 || !(await readMore())) return length
    }
  }

  return {
    async next() {
      for (;;) {
        const gap = await measure(lengthOfGap)
        consume(gap === -1 ? buffer.length : gap)
        if (gap === -1) return null
        const length = await measure(lengthOfStatement)
        const [start, startLine] = [offset, line]
        // What is not ended is not whole: an interrupted dump.
        if (length === -1) throw new ImportFailed(`line ${line}: the dump ends in the middle of a statement.`)
        const text = buffer.toString('utf8', 0, length)
        // What follows a COPY are lines: its own ends first.
        await measure((bytes) => (bytes.length > length ? 0 : -1))
        consume(buffer[length] === NEWLINE ? length + 1 : length)
        return { text, offset: start, line: startLine }
      }
    },
    async nextLines() {
      await measure((bytes) => (bytes.indexOf(NEWLINE) === -1 ? -1 : 0))
      const end = buffer.lastIndexOf(NEWLINE)
      if (end === -1) throw new ImportFailed(`line ${line}: the dump ends in the middle of a table.`)
      const ending = endOfCopy(buffer)
      if (ending !== null && ending.start === 0) {
        consume(ending.end)
        return null
      }
      const first = line
      const text = consume(ending?.start ?? end + 1).toString()
      return { lines: text.slice(0, -1).split('\n'), line: first }
    },
    async skipLines() {
      // The end may lie across two chunks.
      for (;;) {
        const ending = endOfCopy(buffer)
        if (ending !== null) return void consume(ending.end)
        consume(Math.max(0, buffer.lastIndexOf(NEWLINE)))
        if (!(await readMore())) {
          throw new ImportFailed(`line ${line}: the dump ends in the middle of a table.`)
        }
      }
    },
    offset: () => offset,
  }
}

/** The line `\.`, at the beginning or behind a line end. */
function endOfCopy(buffer: Buffer): { readonly start: number; readonly end: number } | null {
  if (buffer.indexOf(END_OF_COPY.subarray(1)) === 0) return { start: 0, end: 3 }
  const at = buffer.indexOf(END_OF_COPY)
  return at === -1 ? null : { start: at + 1, end: at + END_OF_COPY.length }
}

/** White space, comments, and commands of psql, of which newer dumps have some; -1: nothing but that. */
function lengthOfGap(buffer: Buffer): number {
  let at = 0
  for (;;) {
    while (at < buffer.length && (buffer[at] as number) <= 32) at += 1
    if (at >= buffer.length) return -1
    const isComment = buffer[at] === MINUS && buffer[at + 1] === MINUS
    if (!isComment && buffer[at] !== BACKSLASH) {
      // One minus at the end of what was read may be the half of two.
      return buffer[at] === MINUS && at + 1 === buffer.length ? -1 : at
    }
    const end = buffer.indexOf(NEWLINE, at)
    if (end === -1) return -1
    at = end + 1
  }
}

/** Up to the semicolon that is in no literal, name or comment; -1: it is not there yet. */
function lengthOfStatement(buffer: Buffer): number {
  for (let at = 0; at < buffer.length; at++) {
    let end = at
    switch (buffer[at]) {
      case SEMICOLON:
        return at + 1
      case QUOTE:
        end = isEscapeString(buffer, at) ? endOfEscaped(buffer, at + 1) : buffer.indexOf(QUOTE, at + 1)
        break
      case DOUBLE_QUOTE:
        end = buffer.indexOf(DOUBLE_QUOTE, at + 1)
        break
      case MINUS:
        if (buffer[at + 1] === MINUS) end = buffer.indexOf(NEWLINE, at)
        break
      case SLASH:
        if (buffer[at + 1] === STAR) end = endAfter(buffer, '*/', at + 2)
        break
      case DOLLAR:
        end = endOfDollarQuoted(buffer, at)
        break
    }
    if (end === -1) return -1
    at = end
  }
  return -1
}

/** `E'…'`, but not the end of a name such as `namE`. */
function isEscapeString(buffer: Buffer, quote: number): boolean {
  return /(?:^|[^\w$])[Ee]$/.test(buffer.toString('latin1', Math.max(0, quote - 2), quote))
}

function endOfEscaped(buffer: Buffer, from: number): number {
  for (let at = from; at < buffer.length; at++) {
    if (buffer[at] === BACKSLASH) at += 1
    else if (buffer[at] === QUOTE && buffer[at + 1] === QUOTE) at += 1
    else if (buffer[at] === QUOTE) return at
  }
  return -1
}

/** `$tag$ … $tag$`; a dollar that begins none is a character like others. */
function endOfDollarQuoted(buffer: Buffer, at: number): number {
  const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(buffer.toString('latin1', at, at + 70))?.[0]
  return tag === undefined ? at : endAfter(buffer, tag, at + tag.length)
}

function endAfter(buffer: Buffer, text: string, from: number): number {
  const start = buffer.indexOf(text, from, 'latin1')
  return start === -1 ? -1 : start + text.length - 1
}
