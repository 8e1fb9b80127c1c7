import { StoreConflict } from '../store/errors.ts'
import type { KnownRow } from '../store/imported-rows.ts'
import type { ClientRow } from '../store/rows.ts'
import type { Page } from '../store/store.ts'
import { CLIENT_COLUMNS, decide, markOf, type Said } from './follow.ts'
import type { ImportItem } from './import.ts'
import { type ImportRun, patiently, reasonOf } from './import-run.ts'

/** Clients of one run. There are few: each is written by itself. */
export interface ClientWriter {
  write(item: ImportItem & { readonly kind: 'client' }): Promise<void>
  isHere(id: string): boolean
}

export async function createClientWriter(run: ImportRun): Promise<ClientWriter> {
  const { target, tenant, tally } = run
  const here = await idsOfClients(run)

  async function write(item: ImportItem & { kind: 'client' }): Promise<void> {
    const { id } = item.client
    if (!here.has(id) && (await patiently(() => target.findCurrentUser(tenant, id))) !== null) {
      return await run.refuse('client', item.place, 'has the id of a user: both are a token’s sub')
    }
    // Somebody may make or change it between the look and the write, if only by a stronger hash of its secret.
    while (!(await isDone(item)));
  }

  /** False: it is to be looked at again. */
  async function isDone({ place, client }: ImportItem & { kind: 'client' }): Promise<boolean> {
    const known = await patiently(() => target.findKnownClient(tenant, client.id))
    const said = await run.rules.client(client, known?.mark ?? null).catch(reasonOf)
    try {
      if (typeof said === 'string') await run.refuse('client', place, said)
      else if (known !== null) await follow(place, said, known)
      else await add(said)
      return true
    } catch (thrown) {
      if (thrown instanceof StoreConflict) return false
      throw thrown
    }
  }

  async function add(said: Said<ClientRow>): Promise<void> {
    const { id } = said.row
    await patiently(() => target.importClient(said.row, markOf(said, CLIENT_COLUMNS)))
    here.add(id)
    run.added('client', id)
  }

  async function follow(place: string, said: Said<ClientRow>, known: KnownRow<ClientRow>): Promise<void> {
    const { id } = said.row
    here.add(id)
    const mark = markOf(said, CLIENT_COLUMNS)
    const compared = withKnownSecret(said, known.row)
    const decision = decide(known, compared, mark, CLIENT_COLUMNS, run.overwritesChanged)
    if (decision.kind === 'known') return tally.known('client', 1)
    if (decision.kind === 'changed here') {
      return await run.tellChanged('client', place, known, decision.fields)
    }
    const event = run.eventOf('client.update', { client: id, details: decision.fields.join(', ') })
    const change = { from: known.row, to: decision.to, mark: decision.mark, event }
    await patiently(() => target.followClient(change))
    tally.updated('client', 1)
  }

  return { write, isHere: (id) => here.has(id) }
}

/** A secret has an id, and the time when it came: it is the same if its hash is. */
function withKnownSecret(said: Said<ClientRow>, known: ClientRow): Said<ClientRow> {
  const hashes = (row: ClientRow) => row.secrets.map(({ hash }) => hash).join(' ')
  const isSame = hashes(said.row) === hashes(known)
  return isSame ? { ...said, row: { ...said.row, secrets: known.secrets } } : said
}

async function idsOfClients({ target, tenant }: ImportRun): Promise<Set<string>> {
  const ids = new Set<string>()
  const pageAfter = (id: string | null) => patiently(() => target.listClients(tenant, id, 500))
  for (let after: string | null = null; ; ) {
    const { rows, next }: Page<ClientRow, string> = await pageAfter(after)
    for (const { id } of rows) ids.add(id)
    if (next === null) return ids
    after = next
  }
}
