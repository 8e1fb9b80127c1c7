import type { Command } from 'commander'
import {
  type AuditEventResource,
  type AuditFilter,
  listAuditEvents,
} from '../../admin/operations/audit-events.ts'
import { type AuditEventId, type AuditEventType, CHANGE_EVENTS, REQUEST_EVENTS } from '../../store/audit.ts'
import { type Answer, answersFromStore } from '../answer.ts'
import { usageFailure } from '../failure.ts'
import { type StoreOptions, wholeNumber, words } from '../options.ts'
import { table } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { momentOfText } from '../time-text.ts'
import { chosenTenants, type Opened } from '../with-mintkeeper.ts'
import { addAuditVerify } from './audit-verify.ts'

interface ListOptions extends StoreOptions {
  readonly type?: readonly string[]
  readonly user?: string
  readonly client?: string
  readonly since?: string
  readonly until?: string
  readonly limit: number
}

const TYPES: readonly string[] = [...REQUEST_EVENTS, ...CHANGE_EVENTS]
const MOMENT = '2026-01-31T23:59:59Z, or how long ago: 90s, 30m, 24h, 7d'

/** Events asked for at once. */
const PAGE = 200

export function addAuditCommands(program: Command, terminal: Terminal): void {
  const audit = program
    .command('audit')
    .description('Say what was done, by whom and from where, the latest first.')
    .option('--type <TYPES>', 'Only these types, such as login, reuse or client.update.', words)
    .option('--user <USER>', 'Only what concerns this user: user name, e-mail address or id.')
    .option('--client <CLIENT>', 'Only what concerns this client.')
    .option('--since <TIME>', `Not what was before (${MOMENT}).`)
    .option('--until <TIME>', 'Only what was before.')
    .option('--limit <NUMBER>', 'Events at most.', wholeNumber, 50)
    .option('--tenant <TENANT>', 'Only what concerns this tenant. (default: all)')
  answersFromStore<ListOptions>(audit, terminal, list)
  addAuditVerify(audit, terminal)
}

async function list(opened: Opened, options: ListOptions): Promise<Answer> {
  const { operations } = opened.mintkeeper
  const tenant =
    options.tenant === undefined ? null : (chosenTenants(opened.mintkeeper, options.tenant)[0]?.id ?? null)
  const filter: AuditFilter = {
    types: options.type?.map(knownType) ?? null,
    user: options.user === undefined ? null : await userId(options.user, opened, options.tenant),
    client: options.client ?? null,
    fromMs: moment(options.since, operations.clock()),
    toMs: moment(options.until, operations.clock()),
  }
  const items: AuditEventResource[] = []
  let before: AuditEventId | null = null
  do {
    const limit = Math.min(PAGE, options.limit - items.length)
    const page = await listAuditEvents(operations, tenant, filter, { before, limit })
    items.push(...page.items)
    before = page.next
  } while (before !== null && items.length < options.limit)
  return { data: items, text: eventTable(items) }
}

/** Of a user who is gone only the id is known. */
async function userId(name: string, { mintkeeper }: Opened, tenant: string | undefined): Promise<string> {
  for (const { id } of chosenTenants(mintkeeper, tenant)) {
    const user = await mintkeeper.services.store.findUserByLogin(id, name)
    if (user !== null) return user.id
  }
  return name
}

function moment(text: string | undefined, nowMs: number): number | null {
  const timeMs = text === undefined ? null : momentOfText(text, nowMs)
  if (text !== undefined && timeMs === null) throw usageFailure(`${text} is no time. Give ${MOMENT}.`)
  return timeMs
}

function knownType(name: string): AuditEventType {
  const type = [...REQUEST_EVENTS, ...CHANGE_EVENTS].find((each) => each === name)
  if (type === undefined) throw usageFailure(`${name} is none of ${TYPES.join(', ')}.`)
  return type
}

function eventTable(events: readonly AuditEventResource[]): string {
  return table<AuditEventResource>(
    [
      { title: 'time', value: ({ at }) => at.replace('T', ' ') },
      { title: 'tenant', value: ({ tenant }) => tenant ?? '' },
      { title: 'type', value: ({ type }) => type },
      { title: 'who', value: whoOf },
      { title: 'what', value: whatOf },
      { title: 'source', value: ({ source }) => source ?? '' },
      {
        title: 'result',
        value: ({ result, reason }) => (reason === null ? result : `${result} (${reason})`),
      },
    ],
    events,
    'There are no such events.',
  )
}

/** Of a request the user, else the client, as far as they were found. */
function whoOf({ actor, user, client }: AuditEventResource): string {
  return actor === 'requester' ? (user ?? client ?? '?') : actor
}

function whatOf({ actor, user, client, object, details }: AuditEventResource): string {
  const concerned = actor === 'requester' ? [user === null ? null : client] : [user, client]
  return [...concerned, object, details].filter((part) => part !== null && part !== '').join(' ')
}
