import type { ImportedTokenRow } from '../store/imported-rows.ts'
import { createClientWriter } from './client-writer.ts'
import type { ImportItem, ImportReader } from './import.ts'
import type { ImportOptions, ImportRun } from './import-run.ts'
import { createTally, type ImportReport } from './report.ts'
import { createTokenWriter, type EndedToken } from './token-writer.ts'
import { createUserWriter, type UserBatch } from './user-writer.ts'

/** Rows written in one transaction: it keeps others waiting for a tenth of a second. */
const BATCH = 2000

/**
 * Reads all there is and writes it in batches, each in one transaction. What is there already follows the source, as
 * far as nobody has changed it here, so that a run can be repeated, and one that was ended in the middle goes on.
 * Throws `ImportFailed` and `StoreUnavailable`; what was written until then is whole, and stays.
 */
export async function runImport(reader: ImportReader, options: ImportOptions): Promise<ImportReport> {
  const { onProgress = () => {} } = options
  const tally = createTally()
  const run = runOf(reader, options, tally)
  const clients = await createClientWriter(run)
  const users = createUserWriter(run)
  const tokens = createTokenWriter(run)
  let batch = emptyBatch()
  /** Whether there are users of whom it is not known yet what became of them. */
  let usersPending = false
  let writing: Promise<void> = Promise.resolve()

  async function write({ users: ofUsers, tokens: ofTokens, ended }: Batch): Promise<void> {
    if (ofUsers.length > 0) await users.write(ofUsers)
    if (ofTokens.length > 0) await tokens.write(ofTokens)
    if (ended.length > 0) await tokens.end(ended)
    onProgress(tally.rows())
  }

  /** One batch is written while the next is read. */
  async function flush(): Promise<void> {
    const full = batch
    batch = emptyBatch()
    await writing
    writing = write(full)
    // It is awaited later, and must not count as unheard till then.
    writing.catch(() => {})
  }

  /** Waits until it is known of all users what became of them. */
  async function settleUsers(): Promise<void> {
    if (!usersPending) return
    await flush()
    await writing
    await users.settle()
    usersPending = false
  }

  async function addUser(item: ImportItem & { kind: 'user' }): Promise<void> {
    const { user, place } = item
    if (clients.isHere(user.id))
      return await users.refuse(user.id, place, 'has the id of a client: both are a token’s sub')
    const prepared = await users.prepare(item)
    if (prepared === null) return
    batch.users.push(prepared)
    usersPending = true
  }

  async function addToken({ place, token }: ImportItem & { kind: 'token' }): Promise<void> {
    const { userId, clientId } = token
    if (userId !== null && users.isRefused(userId)) await run.refuse('token', place, 'its user was refused')
    else if (clientId !== null && !clients.isHere(clientId))
      await run.refuse('token', place, 'its client is not here')
    else batch.tokens.push(tokens.rowOf(token))
  }

  async function add(item: ImportItem): Promise<void> {
    switch (item.kind) {
      case 'user':
        return await addUser(item)
      case 'client':
        await settleUsers()
        return await clients.write(item)
      case 'token':
        await settleUsers()
        return await addToken(item)
      case 'ended':
        batch.ended.push(item)
        return
      case 'left out':
        return tally.leftOut(item.of, item.reason)
      case 'refused':
        return await run.refuse(item.of, item.place, item.reason)
      case 'settle':
        return await settleUsers()
    }
  }

  for await (const item of reader.items()) {
    await add(item)
    if (batch.users.length + batch.tokens.length + batch.ended.length >= BATCH) await flush()
  }
  await flush()
  await settleUsers()
  await writing
  onProgress(tally.rows())
  return tally.report()
}

interface Batch {
  readonly users: UserBatch[number][]
  readonly tokens: ImportedTokenRow[]
  readonly ended: EndedToken[]
}

function emptyBatch(): Batch {
  return { users: [], tokens: [], ended: [] }
}

function runOf(
  reader: ImportReader,
  { onRefused, onProgress: _, ...options }: ImportOptions,
  tally: ImportRun['tally'],
): ImportRun {
  return {
    ...options,
    tally,
    added(kind, id) {
      tally.imported(kind, 1)
      reader.added?.(kind, id)
    },
    async refuse(of, place, reason) {
      tally.refused(of)
      await onRefused({ kind: 'refused', of, place, reason })
    },
    async tellChanged(of, place, { mark }, fields) {
      const how =
        mark === null ? 'was not brought here by an import' : 'was changed here since it was imported'
      const reason = `${how}, and is not as in the source in: ${fields.join(', ')}`
      tally.changedHere(of)
      await onRefused({ kind: 'changed here', of, place, reason })
    },
  }
}
