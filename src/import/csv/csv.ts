import { firstOfEach } from '../first-of-each.ts'
import type { ImportItem, ImportReader } from '../import.ts'
import type { SourceFile } from '../source-file.ts'
import { readable } from '../unreadable.ts'
import { CLIENT_COLUMNS, readClient } from './clients.ts'
import { readCsv } from './table.ts'
import { type CsvUser, readUser, USER_COLUMNS } from './users.ts'

export interface CsvOptions {
  readonly users: SourceFile | null
  readonly clients: SourceFile | null
  readonly tenant: string
  /** The form that is stored. Many may be asked for at once. */
  readonly hash: (password: string) => Promise<string | null>
  /** Whether a user is here already: then nothing is hashed. */
  readonly isKnown: (id: string) => Promise<boolean>
}

/** Passwords that are hashed at once; the order of the users stays as it is. */
export const CSV_PASSWORDS_AT_ONCE = 16

/** Users and clients in CSV, as RFC 4180 has it, each under a header. */
export function readCsvFiles({ users, clients, tenant, hash, isKnown }: CsvOptions): ImportReader {
  async function* items(): AsyncIterable<ImportItem> {
    if (users !== null) yield* inOrder(userItems(users), CSV_PASSWORDS_AT_ONCE)
    if (clients !== null) yield* clientItems(clients)
  }

  async function* userItems(file: SourceFile): AsyncIterable<Pending<ImportItem>> {
    for await (const row of readCsv(file, USER_COLUMNS, '')) {
      const { place } = row
      const read = 'fields' in row ? readable(() => readUser(row.fields, tenant)) : row.problem
      const item: Promise<ImportItem> =
        typeof read === 'string'
          ? Promise.resolve({ kind: 'refused', of: 'user', place, reason: read })
          : withHash(read).then((user) => ({
              kind: 'user',
              place,
              user,
              passwordIsTold: read.user.passwordHash !== null,
            }))
      yield { item }
    }
  }

  async function withHash({ user, password }: CsvUser): Promise<CsvUser['user']> {
    if (password === null || (await isKnown(user.id))) return user
    return { ...user, passwordHash: await hash(password) }
  }

  async function* clientItems(file: SourceFile): AsyncIterable<ImportItem> {
    for await (const row of readCsv(file, CLIENT_COLUMNS, users === null ? '' : 'clients, ')) {
      const { place } = row
      const client = 'fields' in row ? readable(() => readClient(row.fields)) : row.problem
      if (typeof client === 'string') yield { kind: 'refused', of: 'client', place, reason: client }
      else yield { kind: 'client', place, client }
    }
  }

  const files = [users, clients].filter((file) => file !== null)
  return {
    hasTokens: false,
    items: () => firstOfEach(items()),
    progress: () => files.reduce((sum, file) => sum + file.progress(), 0) / files.length,
    notes: () => [],
    async close() {
      for (const file of files) await file.close()
    },
  }
}

/** A promise that is handed on as such: a generator would wait for it. */
interface Pending<T> {
  readonly item: Promise<T>
}

/** What is pending, in its order, while no more than so much is underway. */
async function* inOrder<T>(pending: AsyncIterable<Pending<T>>, atOnce: number): AsyncIterable<T> {
  const underway: Promise<T>[] = []
  for await (const { item } of pending) {
    // It is awaited later, and must not count as unheard till then.
    item.catch(() => {})
    underway.push(item)
    if (underway.length >= atOnce) yield await (underway.shift() as Promise<T>)
  }
  for (const item of underway) yield await item
}
