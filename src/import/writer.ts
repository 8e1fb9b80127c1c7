import { StoreUnavailable } from '../store/errors.ts'
import type { ImportedTokenRow, ImportedUserOutcome } from '../store/imported-rows.ts'
import type { ClientRow, TokenRow, UserRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import type { ImportedToken, ImportItem, ImportKind, ImportReader, Refused, RowRules } from './import.ts'
import { createTally, type ImportReport } from './report.ts'

/** What the writer needs of a store; of a dry run too, which writes nothing: see `dry-run.ts`. */
export type ImportTarget = Pick<
  Store,
  | 'nextKey'
  | 'importUsers'
  | 'importTokens'
  | 'insertClient'
  | 'findCurrentClient'
  | 'findCurrentUser'
  | 'listClients'
>

export interface ImportOptions {
  readonly tenant: string
  readonly target: ImportTarget
  readonly rules: RowRules
  /** Told of each refusal, as soon as it is known. */
  readonly onRefused: (refused: Refused) => Promise<void> | void
  /** Told after each batch how many rows were dealt with. */
  readonly onProgress?: (rows: number) => void
}

/** Rows written in one transaction: it keeps others waiting for a tenth of a second. */
const BATCH = 2000

/** How often a write is tried, and how long after it could not be done. */
const ATTEMPTS = 10
const PAUSE_MS = 1000

const WHY_NOT: Readonly<Record<Exclude<ImportedUserOutcome, 'imported' | 'known'>, string>> = {
  deleted: 'was here before, and was deleted: its id is not given again',
  name_taken: 'has the user name or e-mail address of another user who is here, but for the case of letters',
}

/** A row on its way, and where it comes from. */
interface Placed<Row> {
  readonly place: string
  readonly row: Row
}

/**
 * Reads all there is and writes it in batches, each in one transaction. What is there already stays as it is, so that
 * a run can be repeated, and one that was ended in the middle goes on. Throws `ImportFailed` and `StoreUnavailable`;
 * what was written until then is whole, and stays.
 */
export async function runImport(reader: ImportReader, options: ImportOptions): Promise<ImportReport> {
  const { tenant, target, rules, onRefused, onProgress = () => {} } = options
  const tally = createTally()
  const clients = await idsOfClients(target, tenant)
  /** Users whose tokens need not come. */
  const refusedUsers = new Set<string>()
  let users: Placed<UserRow>[] = []
  let tokens: ImportedTokenRow[] = []
  /** Whether there are users of whom it is not known yet what became of them. */
  let usersPending = false
  let writing: Promise<void> = Promise.resolve()

  async function refuse(of: ImportKind, place: string, reason: string): Promise<void> {
    tally.refused(of)
    await onRefused({ kind: 'refused', of, place, reason })
  }

  async function writeUsers(batch: readonly Placed<UserRow>[]): Promise<void> {
    const outcomes = await patiently(() => target.importUsers(batch.map(({ row }) => row)))
    for (const [index, outcome] of outcomes.entries()) {
      const { place, row } = batch[index] as Placed<UserRow>
      if (outcome === 'imported' || outcome === 'known') tally[outcome]('user', 1)
      else {
        refusedUsers.add(row.id)
        await refuse('user', place, WHY_NOT[outcome])
      }
    }
  }

  async function writeTokens(batch: readonly ImportedTokenRow[]): Promise<void> {
    const imported = await patiently(() => target.importTokens(batch))
    tally.imported('token', imported)
    tally.known('token', batch.length - imported)
  }

  /** One batch is written while the next is read. */
  async function flush(): Promise<void> {
    const [ofUsers, ofTokens] = [users, tokens]
    users = []
    tokens = []
    await writing
    writing = (async () => {
      if (ofUsers.length > 0) await writeUsers(ofUsers)
      if (ofTokens.length > 0) await writeTokens(ofTokens)
      onProgress(tally.rows())
    })()
    // It is awaited later, and must not count as unheard till then.
    writing.catch(() => {})
  }

  /** Waits until it is known of all users what became of them. */
  async function settleUsers(): Promise<void> {
    if (!usersPending) return
    await flush()
    await writing
    usersPending = false
  }

  async function addUser({ place, user }: ImportItem & { kind: 'user' }): Promise<void> {
    const row = attempt(() => rules.user(user))
    if (clients.has(user.id)) await refuse('user', place, 'has the id of a client: both are a token’s sub')
    else if (typeof row === 'string') await refuse('user', place, row)
    else {
      users.push({ place, row })
      usersPending = true
      return
    }
    refusedUsers.add(user.id)
  }

  async function addClient({ place, client }: ImportItem & { kind: 'client' }): Promise<void> {
    if (clients.has(client.id)) return tally.known('client', 1)
    if ((await target.findCurrentUser(tenant, client.id)) !== null) {
      return await refuse('client', place, 'has the id of a user: both are a token’s sub')
    }
    const row = await rules.client(client).catch(reasonOf)
    if (typeof row === 'string') return await refuse('client', place, row)
    await target.insertClient(row satisfies ClientRow)
    clients.add(client.id)
    tally.imported('client', 1)
  }

  async function addToken({ place, token }: ImportItem & { kind: 'token' }): Promise<void> {
    const { userId, clientId } = token
    if (userId !== null && refusedUsers.has(userId)) await refuse('token', place, 'its user was refused')
    else if (clientId !== null && !clients.has(clientId))
      await refuse('token', place, 'its client is not here')
    else tokens.push({ ...rowOf(token, tenant, target.nextKey()), replaces: token.replaces })
  }

  async function add(item: ImportItem): Promise<void> {
    switch (item.kind) {
      case 'user':
        return await addUser(item)
      case 'client':
        await settleUsers()
        return await addClient(item)
      case 'token':
        await settleUsers()
        return await addToken(item)
      case 'left out':
        return tally.leftOut(item.of, item.reason)
      case 'refused':
        return await refuse(item.of, item.place, item.reason)
    }
  }

  for await (const item of reader.items()) {
    await add(item)
    if (users.length + tokens.length >= BATCH) await flush()
  }
  await flush()
  await writing
  onProgress(tally.rows())
  return tally.report()
}

async function idsOfClients(target: ImportTarget, tenant: string): Promise<Set<string>> {
  const ids = new Set<string>()
  for (let after: string | null = null; ; ) {
    const { rows, next } = await target.listClients(tenant, after, 500)
    for (const { id } of rows) ids.add(id)
    if (next === null) return ids
    after = next
  }
}

/** Of a database that is busy or restarts, what a server answers with 503. A write that is repeated changes nothing. */
async function patiently<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write()
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable) || attempt === ATTEMPTS) throw thrown
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

/** What it made, or why it could not. */
function attempt<T extends object>(make: () => T): T | string {
  try {
    return make()
  } catch (thrown) {
    return reasonOf(thrown)
  }
}

/** Errors of the rules are for the operator; any other is a bug, and ends the import. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error && thrown.name === 'AdminError') return thrown.message
  throw thrown
}

function rowOf(token: ImportedToken, tenant: string, key: number): TokenRow {
  const { replaces: _, ...columns } = token
  return {
    ...columns,
    key,
    tenant,
    accessScope: token.scope,
    family: null,
    parent: null,
    successor: null,
    spentAt: null,
    supersededAt: null,
    seenAt: null,
    revokedAt: null,
    jkt: null,
  }
}
