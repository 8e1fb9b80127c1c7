import { isDeepStrictEqual } from 'node:util'
import { sha256 } from '../crypto/digest.ts'
import type { ImportMark, KnownRow } from '../store/imported-rows.ts'
import type { ClientRow, UserRow } from '../store/rows.ts'

/** The columns of a row in which it follows its source. All others are Mintkeeper's own. */
interface Followed<Row> {
  readonly profile: readonly (keyof Row & string)[]
  readonly secret: keyof Row & string
  /** What people call the secret. */
  readonly secretName: string
}

export const USER_COLUMNS: Followed<UserRow> = {
  profile: ['username', 'email', 'roles', 'scopes', 'claims', 'disabled'],
  secret: 'passwordHash',
  secretName: 'password',
}

export const CLIENT_COLUMNS: Followed<ClientRow> = {
  profile: ['name', 'public', 'grants', 'scopes'],
  secret: 'secrets',
  secretName: 'secret',
}

/** What a source says of a row. */
export interface Said<Row> {
  readonly row: Row
  /** What is kept of the secret that was said, to tell it from an earlier one; null: the source does not say, and it stays. */
  readonly secret: SecretMark | null
}

/** Of a secret that looks the same each time, a digest; of others, a hash that a later run can verify it against. */
export type SecretMark = string

export type Decision<Row> =
  /** There is nothing to be done: the source has changed nothing, or the row has it. */
  | { readonly kind: 'known' }
  | {
      readonly kind: 'follow'
      readonly to: Row
      readonly mark: ImportMark
      /** What differs. */
      readonly fields: readonly string[]
    }
  /** The source has changed it, and somebody here. */
  | { readonly kind: 'changed here'; readonly fields: readonly string[] }

/** Between the digest of the profile and the mark of the secret: neither has one in it. */
const SEPARATOR = '.'

/** Of a secret, or a hash of it, that is the same text each time. */
export function secretMark(text: string): SecretMark {
  return digest(text)
}

/** What was kept of the secret; null: no import has said it. */
export function secretIn(mark: ImportMark): SecretMark | null {
  return mark.slice(mark.indexOf(SEPARATOR) + SEPARATOR.length) || null
}

/** What is kept of what a source said, for a later run to compare. */
export function markOf<Row>({ row, secret }: Said<Row>, columns: Followed<Row>): ImportMark {
  const profile = digest(JSON.stringify(columns.profile.map((name) => row[name])))
  return profile + SEPARATOR + (secret ?? '')
}

/** The mark of a row that has the secret, and a profile that no source has said. */
export function withoutProfile(mark: ImportMark): ImportMark {
  return mark.slice(mark.indexOf(SEPARATOR))
}

/**
 * What becomes of a row that is here already, with the secret left alone as long as the source has the same. `mark`: of
 * what is said.
 */
export function decide<Row extends object>(
  known: KnownRow<Row>,
  said: Said<Row>,
  mark: ImportMark,
  columns: Followed<Row>,
  overwrites: boolean,
): Decision<Row> {
  const [profile, secret = ''] = mark.split(SEPARATOR)
  const [profileBefore, secretBefore = ''] = known.mark?.split(SEPARATOR) ?? []
  const isNewSecret = said.secret !== null && (known.mark === null || secret !== secretBefore)
  if (profile === profileBefore && !isNewSecret) return { kind: 'known' }
  const followed = isNewSecret ? [...columns.profile, columns.secret] : columns.profile
  const different = followed.filter((name) => !isDeepStrictEqual(known.row[name], said.row[name]))
  if (different.length === 0) return { kind: 'known' }
  const fields = different.map((name) => (name === columns.secret ? columns.secretName : name))
  if (!known.isUntouched && !overwrites) return { kind: 'changed here', fields }
  const changes = Object.fromEntries(different.map((name) => [name, said.row[name]]))
  const secretNow = said.secret === null ? secretBefore : secret
  return {
    kind: 'follow',
    to: { ...known.row, ...changes },
    mark: `${profile}${SEPARATOR}${secretNow}`,
    fields,
  }
}

function digest(text: string): string {
  return Buffer.from(sha256(text)).toString('base64url')
}
