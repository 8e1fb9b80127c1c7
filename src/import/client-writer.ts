import type { ClientRow } from '../store/rows.ts'
import { CLIENT_COLUMNS, decide, markOf, type Said } from './follow.ts'
import type { ImportItem } from './import.ts'
import { type ImportRun, reasonOf } from './import-run.ts'

/** Clients of one run. There are few: each is written by itself. */
export interface ClientWriter {
  write(item: ImportItem & { readonly kind: 'client' }): Promise<void>
  isHere(id: string): boolean
}

export async function createClientWriter(run: ImportRun): Promise<ClientWriter> {
  const { target, tenant, tally } = run
  const here = await idsOfClients(run)

  async function write({ place, client }: ImportItem & { kind: 'client' }): Promise<void> {
    const { id } = client
    if (!here.has(id) && (await target.findCurrentUser(tenant, id)) !== null) {
      return await run.refuse('client', place, 'has the id of a user: both are a token’s sub')
    }
    const said = await run.rules.client(client).catch(reasonOf)
    if (typeof said === 'string') return await run.refuse('client', place, said)
    if (here.has(id)) return await follow(place, said)
    await target.importClient(said.row, markOf(said, CLIENT_COLUMNS))
    here.add(id)
    run.added('client', id)
  }

  async function follow(place: string, said: Said<ClientRow>): Promise<void> {
    const { id } = said.row
    const known = await target.findKnownClient(tenant, id)
    const mark = markOf(said, CLIENT_COLUMNS)
    const decision =
      known && decide(known, withKnownSecret(said, known.row), mark, CLIENT_COLUMNS, run.overwritesChanged)
    if (known === null || decision === null || decision.kind === 'known') return tally.known('client', 1)
    if (decision.kind === 'changed here') {
      return await run.tellChanged('client', place, known, decision.fields)
    }
    const event = run.eventOf('client.update', { client: id, details: decision.fields.join(', ') })
    await target.followClient({ from: known.row, to: decision.to, mark: decision.mark, event })
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
  for (let after: string | null = null; ; ) {
    const { rows, next } = await target.listClients(tenant, after, 500)
    for (const { id } of rows) ids.add(id)
    if (next === null) return ids
    after = next
  }
}
