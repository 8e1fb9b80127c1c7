import { MAX_RECORD_BYTES } from './source-file.ts'

/** The text of a record, or why it has none; reads on from the place: `is not in UTF-8`. */
export type RecordText = { readonly text: string } | { readonly problem: string }

/** Collects the bytes of one record after the other, and no more of one than a record may have. */
export interface RecordBytes {
  add(bytes: Buffer): void
  /** The record as it is now, and begins the next. */
  take(): RecordText
  isEmpty(): boolean
}

export function createRecordBytes(limit: number = MAX_RECORD_BYTES): RecordBytes {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let parts: Buffer[] = []
  let length = 0

  function text(): RecordText {
    if (length > limit) return { problem: `is longer than ${limit / 2 ** 20} MiB` }
    const [only, ...others] = parts
    try {
      return { text: decoder.decode(others.length === 0 ? only : Buffer.concat(parts)) }
    } catch {
      return { problem: 'is not in UTF-8' }
    }
  }

  return {
    add(bytes) {
      if (bytes.length === 0) return
      length += bytes.length
      if (length <= limit) parts.push(bytes)
      else parts = []
    },
    take() {
      const taken = text()
      parts = []
      length = 0
      return taken
    },
    isEmpty: () => length === 0,
  }
}
