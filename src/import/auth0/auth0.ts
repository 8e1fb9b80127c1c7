import { firstOfEach } from '../first-of-each.ts'
import type { ImportItem, ImportReader } from '../import.ts'
import { readJsonRecords } from '../json-records.ts'
import type { SourceFile } from '../source-file.ts'
import { readable } from '../unreadable.ts'
import { createHashBook } from './hash-book.ts'
import { passwordHashOf } from './passwords.ts'
import { type Auth0Members, idOf, readUser } from './user.ts'

export interface Auth0Options extends Auth0Members {
  /** The export by Auth0's support, if it is not what is read: it has the password hashes, and knows no roles. */
  readonly hashes: SourceFile | null
}

/** Users of Auth0: as for its bulk import, as its export jobs write them, or as its support exports them. */
export function readAuth0(file: SourceFile, { hashes, ...members }: Auth0Options): ImportReader {
  const known = createHashBook()
  let taken = 0
  let withoutPassword = 0
  let unreadable = 0

  async function collectHashes(source: SourceFile): Promise<void> {
    for await (const record of readJsonRecords(source)) {
      const hash =
        'value' in record ? readable(() => [idOf(record.value), passwordHashOf(record.value)] as const) : ''
      if (typeof hash === 'string' || hash[1] === null) unreadable++
      else known.add(hash[0], hash[1])
    }
  }

  function takeHash(id: string): string | null {
    const hash = known.find(id)
    if (hash !== null) taken++
    return hash
  }

  async function* items(): AsyncIterable<ImportItem> {
    if (hashes !== null) await collectHashes(hashes)
    for await (const record of readJsonRecords(file)) {
      const { place } = record
      const user =
        'value' in record ? readable(() => readUser(record.value, members, takeHash)) : record.problem
      if (typeof user === 'string') {
        yield { kind: 'refused', of: 'user', place, reason: user }
        continue
      }
      if (user.passwordHash === null) withoutPassword++
      yield { kind: 'user', place, user, passwordIsTold: user.passwordHash !== null }
    }
  }

  return {
    hasTokens: false,
    items: () => firstOfEach(items()),
    progress: () => (hashes === null ? file.progress() : (hashes.progress() + file.progress()) / 2),
    notes: () => [
      ...noteOf(
        withoutPassword,
        'have no password hash, and can not log in with a password until they are given one',
      ),
      ...noteOf(unreadable, 'of the file of password hashes could not be read'),
      ...noteOf(
        Math.max(0, known.size() - taken),
        'password hashes are of users who are not in the file, or twice',
      ),
    ],
    async close() {
      await file.close()
      await hashes?.close()
    },
  }
}

function noteOf(count: number, text: string): readonly string[] {
  return count === 0 ? [] : [`${count.toLocaleString('en-US')} ${text}.`]
}
