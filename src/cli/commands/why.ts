import type { Command } from 'commander'
import {
  type FoundRefusal,
  findRefusal,
  listRefusals,
  type RefusalResource,
  refusalsLeftOut,
} from '../../admin/operations/refusals.ts'
import type { OfTenant } from '../../store/refusals.ts'
import { type Answer, answersFromStore } from '../answer.ts'
import { CommandFailed, usageFailure } from '../failure.ts'
import { type StoreOptions, wholeNumber } from '../options.ts'
import { refusalTable, refusalText } from '../refusal-text.ts'
import type { Terminal } from '../terminal.ts'
import { chosenTenants, type Opened } from '../with-mintkeeper.ts'

interface WhyOptions extends StoreOptions {
  readonly last?: number
}

const WHERE_IDS_ARE =
  'Clients find it in the header X-Request-Id of the answer, on newstore in X-Newstore-Request-Id and as request_id in the body; the log has it as requestId.'

export function addWhy(program: Command, terminal: Terminal): void {
  const command = program
    .command('why')
    .description('Say why a request was refused, and what to do: by its request id, or of the last ones.')
    .argument('[REQUEST_ID]', `The id of the request, a UUID. ${WHERE_IDS_ARE}`)
    .option(
      '--last <NUMBER>',
      'In place of an id: so many of the last requests that were refused.',
      wholeNumber,
    )
    .option('--tenant <TENANT>', 'Look there only. (default: all, and requests that were for none)')
  answersFromStore<WhyOptions>(command, terminal, async (opened, { last, tenant }, argument) => {
    if ((argument === undefined) === (last === undefined)) {
      throw usageFailure('Give either a request id, or --last and a number.')
    }
    requireKept(opened)
    const id = tenant === undefined ? null : (chosenTenants(opened.mintkeeper, tenant)[0]?.id ?? null)
    if (last !== undefined) return await listLast(opened, id, last)
    const refusal = await requireRefusal(opened, id === null ? 'any' : { id }, argument ?? '')
    return { data: refusal, text: refusalText(refusal), ...(await noteOf(opened, refusal)) }
  })
}

function requireKept({ config }: Opened): void {
  if (config.refusalRetentionDays > 0) return
  throw new CommandFailed(
    'Refused requests are not kept (refusalRetentionDays is 0): see the log for the reason of this one.',
  )
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i

/** Also out of a header, a member of JSON, or a line of the log, as people copy them. */
function requestIdOf(argument: string): string {
  const [id] = UUID.exec(argument) ?? []
  if (id !== undefined) return id.toLowerCase()
  throw usageFailure(`This is no request id, which looks like 018f3c1e-….\n${WHERE_IDS_ARE}`)
}

async function requireRefusal(opened: Opened, of: OfTenant, argument: string): Promise<FoundRefusal> {
  const { operations } = opened.mintkeeper
  const requestId = requestIdOf(argument)
  const found = await findRefusal(operations, of, requestId)
  if (found !== null) return found
  const { count, lastAt } = await refusalsLeftOut(operations, of)
  const leftOut =
    lastAt === null
      ? ''
      : `\n- It was one of too many at once: ${count} were not kept, the last of them in the minute of ${lastAt}.`
  throw new CommandFailed(
    `No refusal with the request id ${requestId} is kept${of === 'any' ? '' : ' of this tenant'}. Either:
- It was not refused, or something before the server has answered it.
- It was refused within the last second or two: try again.
- It is older than ${opened.config.refusalRetentionDays} days (refusalRetentionDays).
- It went to a server with another database than this command looks into.${leftOut}`,
  )
}

/** The hosts there are, where it asked for another. */
async function noteOf({ mintkeeper }: Opened, { reason }: FoundRefusal): Promise<{ readonly note?: string }> {
  if (reason !== 'unknown_host') return {}
  const tenants = await mintkeeper.services.store.listTenants()
  const lines = tenants.map(({ id, hosts }) => `  ${id}: ${hosts.join(' ') || 'none'}\n`)
  return { note: `\nHosts of the tenants:\n${lines.join('')}` }
}

async function listLast({ mintkeeper }: Opened, tenant: string | null, last: number): Promise<Answer> {
  const items: RefusalResource[] = []
  let before: number | null = null
  do {
    const limit = Math.min(PAGE, last - items.length)
    const page: Awaited<ReturnType<typeof listRefusals>> = await listRefusals(mintkeeper.operations, tenant, {
      before,
      limit,
    })
    items.push(...page.items)
    before = page.next
  } while (before !== null && items.length < last)
  return { data: items, text: refusalTable(items) }
}

/** Refusals asked for at once. */
const PAGE = 200
