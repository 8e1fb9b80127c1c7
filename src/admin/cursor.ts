import { sameBytes, sha256 } from '../crypto/digest.ts'
import { digestOf } from './authentication.ts'
import type { AdminToken } from './environment.ts'
import { invalid } from './operations/admin-error.ts'

/** Where a list goes on, as text that only this API can make and that is good for one list only. */
export interface Cursors {
  /** `list` names the list with its filters. Null: there is no more. */
  seal(list: readonly (string | null)[], position: string | null): string | null
  /** Null where none was given. Refuses with `invalid` what was not sealed for this list. */
  open(list: readonly (string | null)[], cursor: string | undefined): string | null
}

/** Characters of the tag: 96 bits. */
const TAG_LENGTH = 16

/** Every node with the same admin token takes the cursors of the others. */
export function createCursors(adminToken: AdminToken): Cursors {
  const key = digest(`cursor ${Buffer.from(digestOf(adminToken) ?? []).toString('hex')}`)

  // Cut to less than half of the digest, so that a tag can not be extended to one for a longer text.
  function tagOf(list: readonly (string | null)[], position: string): string {
    return digest(`${key}${JSON.stringify([list, position])}`).slice(0, TAG_LENGTH)
  }

  return {
    seal(list, position) {
      if (position === null) return null
      return `${tagOf(list, position)}${Buffer.from(position).toString('base64url')}`
    },
    open(list, cursor) {
      if (cursor === undefined) return null
      const position = Buffer.from(cursor.slice(TAG_LENGTH), 'base64url').toString()
      const expected = `${tagOf(list, position)}${Buffer.from(position).toString('base64url')}`
      if (!sameBytes(Buffer.from(expected), Buffer.from(cursor))) {
        throw invalid('request', [
          { path: 'cursor', message: 'must be the next of an answer to the same list' },
        ])
      }
      return position
    },
  }
}

function digest(text: string): string {
  return Buffer.from(sha256(text)).toString('base64url')
}
