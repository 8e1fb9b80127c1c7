import { type FileHandle, open } from 'node:fs/promises'
import { ImportFailed } from './import.ts'

/** A file of UTF-8 text that is read once, from its beginning to its end. */
export interface SourceFile {
  /** Without a byte order mark. */
  chunks(): AsyncIterable<Buffer>
  /** How much of it was read, from 0 to 1. */
  progress(): number
  close(): Promise<void>
}

/** What an entry, a line or a record may have; more is no user, but damage. */
export const MAX_RECORD_BYTES = 2 ** 20

const CHUNK_BYTES = 2 ** 16

/** Of what a file may begin with, in bytes. */
const LONGEST_START = 8

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** What a file may begin with that can not be read as it is, and what to do; reads on from the file's name. */
export type Unreadable = readonly [start: Buffer, problem: string]

const UNREADABLE: readonly Unreadable[] = [
  [Buffer.from([0x1f, 0x8b]), 'is compressed: decompress it first (gunzip)'],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'is compressed: decompress it first (unzstd)'],
  [Buffer.from('\xfd7zXZ', 'latin1'), 'is compressed: decompress it first (unxz)'],
  [Buffer.from('BZh'), 'is compressed: decompress it first (bunzip2)'],
  [Buffer.from('PK\x03\x04'), 'is an archive: unpack it first'],
  [Buffer.from([0xff, 0xfe]), 'is in UTF-16: save it as UTF-8'],
  [Buffer.from([0xfe, 0xff]), 'is in UTF-16: save it as UTF-8'],
]

/** Throws `ImportFailed`. */
export async function openSourceFile(path: string): Promise<SourceFile> {
  const file = await openPlainFile(path)
  const { size } = await file.stat()
  const start = await read(file, BYTE_ORDER_MARK.length, 0)
  let offset = start.equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0
  return {
    async *chunks() {
      for (;;) {
        const chunk = await read(file, CHUNK_BYTES, offset)
        if (chunk.length === 0) return
        offset += chunk.length
        yield chunk
      }
    },
    progress: () => (size === 0 ? 1 : Math.min(1, offset / size)),
    close: () => file.close(),
  }
}

/** A file that may be text; `others`: what else it may not begin with. Throws `ImportFailed`. */
export async function openPlainFile(path: string, others: readonly Unreadable[] = []): Promise<FileHandle> {
  const file = await openFile(path)
  const start = await read(file, LONGEST_START, 0)
  const unreadable = [...UNREADABLE, ...others].find(([magic]) =>
    start.subarray(0, magic.length).equals(magic),
  )
  if (unreadable === undefined) return file
  await file.close()
  throw new ImportFailed(`${path} ${unreadable[1]}.`)
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r')
    if ((await file.stat()).isFile()) return file
    await file.close()
    throw new Error('it is no file')
  } catch (cause) {
    throw new ImportFailed(`${path} can not be read: ${(cause as Error).message}`, { cause })
  }
}

async function read(file: FileHandle, length: number, offset: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}
