import type { Scope } from '../../protocol/scope.ts'
import type { EpochSeconds, Seconds } from '../../protocol/time.ts'
import { ImportFailed, type ImportItem, type ImportReader } from '../import.ts'
import { readApplication } from './applications.ts'
import { createIdTable } from './id-table.ts'
import { passwordHashOf, type SpreePasswords } from './passwords.ts'
import { createRoles } from './roles.ts'
import {
  type ColumnOf,
  epochOf,
  LAYOUT,
  type NamedRow,
  SPREE_TABLES,
  type SpreeSource,
  type SpreeTable,
} from './source.ts'
import { FIRST_LONG_TOKENS, readToken, type SpreeHolders, type SpreeTokenRules } from './tokens.ts'

export interface SpreeOptions {
  readonly passwords: SpreePasswords
  /** `plainHexBefore` null: as the version of the shop has it. */
  readonly tokens: Omit<SpreeTokenRules, 'plainHexBefore'> & { readonly plainHexBefore: EpochSeconds | null }
  /** Whose roles count, where users have some at several; null: they have not. */
  readonly store: string | null
  /** Whether the shop lets only those log in who have confirmed their e-mail address (Devise's confirmable). */
  readonly confirmedOnly: boolean
  /** Of the surface: what an application without scopes may ask for. */
  readonly allScopes: Scope
}

export interface SpreeReader extends ImportReader {
  /** When the newest token was issued that was read, and is not of the future; null: none was. */
  newestToken(): number | null
}

/** What is known of a user's id: `ADDED` was not here before this run. */
const [NOBODY, SEEN, ADDED] = [0, 1, 2]

/** No clock is off by more. */
const DAY: Seconds = 86_400

interface Placed<Table extends SpreeTable> {
  readonly row: NamedRow<ColumnOf<Table>> | string
  readonly place: string
}

/** Users, applications and tokens of Spree 3.7 to 5.3. */
export function readSpree(source: SpreeSource, options: SpreeOptions): SpreeReader {
  const roles = createRoles(options.store)
  const users = createIdTable()
  const clients = new Map<string, string>()
  /** Clients who were not here before this run. */
  const addedClients = new Set<string>()
  const unlimited: string[] = []
  /** Rows about roles that can not be read: how many, and where the first is. */
  const unread = { count: 0, first: '' }
  let newest: number | null = null

  const holders: SpreeHolders = {
    hasUser: (id) => users.get(Number(id)) !== NOBODY,
    clientOf: (id) => clients.get(id) ?? null,
    isAdded: (userId, clientId) =>
      (userId !== null && users.get(Number(userId)) === ADDED) ||
      (clientId !== null && addedClients.has(clientId)),
  }

  async function* items(): AsyncIterable<ImportItem> {
    const columns = await requireTables(source)
    const rowsOf = <Table extends SpreeTable>(table: Table) => namedRows(source, table, columns)
    for await (const { row, place } of rowsOf('spree_roles')) {
      if (typeof row === 'string') noteUnread(place)
      else roles.addRole(row)
    }
    for await (const { row, place } of rowsOf('spree_role_users')) {
      if (typeof row === 'string') noteUnread(place)
      else roles.addMembership(row)
    }
    roles.requireOneStore()
    // Spree finds users by the name in lower case alone: of two, the one who is called so comes first.
    let others = 0
    for await (const placed of rowsOf('spree_users')) {
      if (isLowerCase(placed)) yield readUser(placed)
      else others += 1
    }
    if (others > 0)
      for await (const placed of rowsOf('spree_users')) if (!isLowerCase(placed)) yield readUser(placed)
    for await (const placed of rowsOf('spree_oauth_applications')) yield readClient(placed)
    yield { kind: 'settle' }
    const plainHexBefore = options.tokens.plainHexBefore ?? plainHexBeforeIn(columns)
    const rules = { ...options.tokens, plainHexBefore }
    // What replaces another comes after it.
    let successors = 0
    for await (const placed of rowsOf('spree_oauth_access_tokens')) {
      if (isFirst(placed)) yield readTokenRow(placed, rules)
      else successors += 1
    }
    if (successors === 0) return
    for await (const placed of rowsOf('spree_oauth_access_tokens'))
      if (!isFirst(placed)) yield readTokenRow(placed, rules)
  }

  function noteUnread(place: string): void {
    if (unread.count === 0) unread.first = place
    unread.count += 1
  }

  function readUser({ row, place }: Placed<'spree_users'>): ImportItem {
    const refused = (reason: string) => ({ kind: 'refused', of: 'user', place, reason }) as const
    if (typeof row === 'string') return refused(row)
    const { id, email } = row
    if (row.deleted_at !== null) return readDeleted(row, place)
    if (id === null || !/^\d{1,15}$/.test(id)) return refused('has no number as its id')
    if (email === null || email === '') return refused('has no e-mail address')
    let passwordHash: string | null
    try {
      passwordHash = passwordHashOf(row.encrypted_password, row.password_salt, options.passwords)
    } catch {
      return refused('has a password hash of no known form')
    }
    users.set(Number(id), SEEN)
    const disabled = options.confirmedOnly && row.confirmed_at === null
    const user = { id, username: email, email, passwordHash, roles: roles.of(id), disabled }
    return { kind: 'user', place, user: { ...user, createdAt: epochOf(row.created_at) } }
  }

  /** Its e-mail address may be another's by now, or is none any more: shops overwrite it with whatever they like. */
  function readDeleted(row: NamedRow<ColumnOf<'spree_users'>>, place: string): ImportItem {
    const { id } = row
    const gone = 'deleted in Spree'
    if (id === null || !/^\d{1,15}$/.test(id)) return { kind: 'left out', of: 'user', reason: gone }
    const named = { username: `deleted-${id}`, email: null }
    const user = { id, ...named, passwordHash: null, roles: roles.of(id), disabled: true }
    return { kind: 'user', place, gone, user: { ...user, createdAt: epochOf(row.created_at) } }
  }

  function readClient({ row, place }: Placed<'spree_oauth_applications'>): ImportItem {
    const client = typeof row === 'string' ? row : readApplication(row, options.allScopes)
    if (typeof row === 'string' || typeof client === 'string') {
      return { kind: 'refused', of: 'client', place, reason: String(client) }
    }
    if ((row.scopes ?? '').trim() === '') unlimited.push(client.id)
    clients.set(row.id ?? '', client.id)
    return { kind: 'client', place, client }
  }

  function readTokenRow(
    { row, place }: Placed<'spree_oauth_access_tokens'>,
    rules: SpreeTokenRules,
  ): ImportItem {
    if (typeof row === 'string') return { kind: 'refused', of: 'token', place, reason: row }
    const issuedAt = epochOf(row.created_at) ?? 0
    // A row of the next century would make all that are to come look old.
    if (issuedAt < rules.now + DAY) newest = Math.max(newest ?? 0, issuedAt)
    return readToken(row, place, holders, rules)
  }

  return {
    hasTokens: true,
    items,
    progress: source.progress,
    notes: () => [
      ...roles.unusable.map(
        (name) => `The role ${JSON.stringify(name)} was left out: no role has white space in its name.`,
      ),
      ...(unread.count === 0
        ? []
        : [
            `Users lack roles here: ${unread.count} row${unread.count === 1 ? '' : 's'} about them can not be read, the first in ${unread.first}.`,
          ]),
      ...unlimited.map(
        (id) =>
          `The client ${id} may ask for every scope, as in Spree, where it has none of its own: list those it needs.`,
      ),
    ],
    added(kind, id) {
      if (kind === 'user') users.set(Number(id), ADDED)
      else addedClients.add(id)
    },
    close: source.close,
    newestToken: () => newest,
  }
}

function isLowerCase({ row }: Placed<'spree_users'>): boolean {
  return typeof row === 'string' || row.email === null || row.email === row.email.toLowerCase()
}

function isFirst({ row }: Placed<'spree_oauth_access_tokens'>): boolean {
  return typeof row === 'string' || !row.previous_refresh_token
}

type Columns = ReadonlyMap<SpreeTable, readonly string[]>

/**
 * From 4.4 on, which added this column, Spree stores the SHA-256 of an old token in place of it as soon as somebody uses
 * it. Nothing tells the two apart, and what is stored must never be as good as a token: there all are taken for the hash.
 */
function plainHexBeforeIn(columns: Columns): EpochSeconds {
  const isHashing = columns.get('spree_oauth_access_tokens')?.includes('resource_owner_type') === true
  return isHashing ? 0 : FIRST_LONG_TOKENS
}

/** The columns there are of those that count. Throws `ImportFailed` with all that is missing. */
async function requireTables(source: SpreeSource): Promise<Columns> {
  const found = new Map<SpreeTable, readonly string[]>()
  const missing: string[] = []
  for (const table of SPREE_TABLES) {
    const columns = await source.columnsOf(table)
    const { required, optional }: { required: readonly string[]; optional: readonly string[] } = LAYOUT[table]
    if (columns === null) missing.push(`the table ${table}`)
    else missing.push(...required.filter((name) => !columns.includes(name)).map((name) => `${table}.${name}`))
    found.set(
      table,
      [...required, ...optional].filter((name) => columns?.includes(name)),
    )
  }
  if (missing.length === 0) return found
  throw new ImportFailed(
    `This is no database of Spree 3.7 to 5.3, or not all of it. What is missing: ${missing.join(', ')}.`,
  )
}

/** What bytes become that are not in UTF-8. */
const REPLACEMENT = '\ufffd'

async function* namedRows<Table extends SpreeTable>(
  source: SpreeSource,
  table: Table,
  columns: Columns,
): AsyncIterable<Placed<Table>> {
  const names = columns.get(table) ?? []
  const empty = Object.fromEntries(
    [...LAYOUT[table].required, ...LAYOUT[table].optional].map((name) => [name, null]),
  )
  for await (const batch of source.rows(table, names)) {
    for (const { values, line } of batch) {
      if (typeof values === 'string') {
        yield { row: values, place: `line ${line}: ${table}` }
        continue
      }
      const row = { ...empty } as Record<string, string | null>
      for (const [index, name] of names.entries()) row[name] = values[index] ?? null
      const where = 'id' in row ? `${table} id ${row.id}` : table
      const place = line === null ? where : `line ${line}: ${where}`
      const isLegible = !values.some((value) => value?.includes(REPLACEMENT))
      yield {
        row: isLegible ? (row as NamedRow<ColumnOf<Table>>) : 'has characters that are not in UTF-8',
        place,
      }
    }
  }
}
