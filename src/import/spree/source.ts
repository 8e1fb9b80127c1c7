/** The tables that are read, of whatever holds them: a database or a dump. Values are text, as PostgreSQL writes it. */
export interface SpreeSource {
  /** The names of a table's columns; null: there is no such table. Throws `ImportFailed`. */
  columnsOf(table: SpreeTable): Promise<readonly string[] | null>
  /** Values of these columns, many rows at a time. What can not be read as a row comes as a text that says why. */
  rows(table: SpreeTable, columns: readonly string[]): AsyncIterable<readonly SourceRow[]>
  /** From 0 to 1, since the source was opened; null: nobody knows. */
  progress(): number | null
  close(): Promise<void>
}

export const SPREE_TABLES = [
  'spree_users',
  'spree_roles',
  'spree_role_users',
  'spree_oauth_applications',
  'spree_oauth_access_tokens',
] as const

export type SpreeTable = (typeof SPREE_TABLES)[number]

/** How often the rows of a table are read, for the measure of progress: what replaces another token comes after it. */
export function passesOver(table: string): number {
  return table === 'spree_oauth_access_tokens' ? 2 : 1
}

export interface SourceRow {
  /** In the order of the columns that were asked for; or why there are none. */
  readonly values: readonly (string | null)[] | string
  /** Of a dump; null: there are no lines. */
  readonly line: number | null
}

/** One row by the names of its columns; null for what is null, or is no column of this version of Spree. */
export type NamedRow<Column extends string> = Readonly<Record<Column, string | null>>

interface Layout {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

/** The columns of Spree 3.7 to 5.3 that count. Without the required ones a table can not be understood. */
export const LAYOUT = {
  spree_users: {
    required: ['id', 'email', 'encrypted_password'],
    // A shop with a user model of its own may lack all of these.
    optional: ['password_salt', 'deleted_at', 'confirmed_at', 'created_at'],
  },
  spree_roles: { required: ['id', 'name'], optional: [] },
  // The first since 5.0, the others since 5.1.
  spree_role_users: {
    required: ['role_id', 'user_id'],
    optional: ['user_type', 'resource_type', 'resource_id'],
  },
  spree_oauth_applications: {
    required: ['id', 'name', 'uid', 'secret'],
    optional: ['scopes', 'confidential', 'created_at'],
  },
  spree_oauth_access_tokens: {
    required: [
      'id',
      'resource_owner_id',
      'application_id',
      'token',
      'refresh_token',
      'expires_in',
      'revoked_at',
      'created_at',
      'scopes',
    ],
    // The second since 4.4.
    optional: ['previous_refresh_token', 'resource_owner_type'],
  },
} as const satisfies Readonly<Record<SpreeTable, Layout>>

export type ColumnOf<Table extends SpreeTable> =
  | (typeof LAYOUT)[Table]['required'][number]
  | (typeof LAYOUT)[Table]['optional'][number]

/** Rails keeps times in UTC. Whole seconds since the epoch, rounded down; null for what is no time. */
export function epochOf(text: string | null): number | null {
  const [, date, time, zone = ''] = TIME.exec(text ?? '') ?? []
  if (date === undefined || time === undefined) return null
  const milliseconds = Date.parse(`${date}T${time}${ZULU.includes(zone) ? 'Z' : zone.padEnd(6, ':00')}`)
  return Number.isNaN(milliseconds) ? null : Math.floor(milliseconds / 1000)
}

const ZULU = ['', 'Z', 'UTC']
const TIME = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?(?: ?(Z|UTC|[+-]\d\d(?::\d\d)?))?$/

export function isTrue(text: string | null): boolean {
  return text === 't' || text === 'true' || text === '1'
}

/** Users of this table, under the names it has had; other classes of users have tables of their own. */
export function isSpreeUser(type: string | null): boolean {
  return type === null || type === '' || type === 'Spree::User' || type === 'Spree::LegacyUser'
}
