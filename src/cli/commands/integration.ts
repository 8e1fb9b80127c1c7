import { type Command, InvalidArgumentError } from 'commander'
import {
  finishIntegration,
  type IntegrationResource,
  listIntegrations,
  SILENT_DAYS,
  showIntegration,
} from '../../admin/operations/integrations.ts'
import { migrateIntegration } from '../../admin/operations/migrate-integration.ts'
import { type Answer, answersFromTenant } from '../answer.ts'
import { everyPage } from '../every-page.ts'
import { CommandFailed, usageFailure } from '../failure.ts'
import { adviceOn, integrationCard, integrationTable, migratedText, requestOf } from '../integration-text.ts'
import { type StoreOptions, words } from '../options.ts'
import { requireUser } from '../require-user.ts'
import type { Terminal } from '../terminal.ts'
import type { Opened } from '../with-mintkeeper.ts'

interface MigrateOptions extends StoreOptions {
  readonly id?: string
  readonly scope?: readonly string[]
  readonly client?: string
}

interface SilenceOptions extends StoreOptions {
  readonly silentFor: number
}

interface FinishOptions extends SilenceOptions {
  readonly force?: true
}

const ANY_NAME = 'User name, e-mail address or id.'
const SILENT_FOR = ['--silent-for <DAYS>', 'How long the login must not have been used.'] as const

export function addIntegrationCommands(program: Command, terminal: Terminal): void {
  const integrations = program
    .command('integration')
    .description('Move integrations from the login of a user to a client of their own.')

  const migrate = integrations
    .command('migrate')
    .description(
      'Create a client for an integration that logs in as a user: the same roles and claims, and the scopes that the user was granted. The user can log in as before. The secret is shown once.',
    )
    .argument('<USER>', ANY_NAME)
    .option('--id <CLIENT>', 'The client_id. (default: made by the server)')
    .option('--scope <SCOPES>', 'The scopes it may get. (default: those of the usage ledger)', words)
    .option('--client <CLIENT>', 'Not a new client, but this one, as it is.')
  answersFromTenant<MigrateOptions>(
    migrate,
    terminal,
    async (opened, options, name = ''): Promise<Answer> => {
      const { operations } = opened.mintkeeper
      const { id: user } = await requireUser(opened, name)
      const { id, scope: scopes, client } = options
      const migrated = await migrateIntegration(operations, opened.tenant.id, user, { id, scopes, client })
      const secret = migrated.secret?.reveal() ?? null
      return {
        data: { ...migrated, secret, request: requestOf(migrated) },
        text: migratedText(migrated, secret),
        ...(secret !== null && { note: '\nThe secret is shown this once; only its hash is kept.\n' }),
      }
    },
  )

  const status = integrations
    .command('status')
    .description('Tell how far integrations are that were migrated: who still logs in, and who is silent.')
    .argument('[USER]', `${ANY_NAME} (default: all)`)
    .option(...SILENT_FOR, wholeDays, SILENT_DAYS)
  answersFromTenant<SilenceOptions>(status, terminal, async (opened, { silentFor }, name) => {
    requireKnown(opened, silentFor)
    const { operations } = opened.mintkeeper
    const tenant = opened.tenant.id
    if (name !== undefined) {
      const { id } = await requireUser(opened, name)
      return shown(await showIntegration(operations, tenant, id, silentFor))
    }
    const items = await everyPage<IntegrationResource, string>((after, limit) =>
      listIntegrations(operations, tenant, { after, limit }, silentFor),
    )
    return { data: items, text: integrationTable(items) }
  })

  const finish = integrations
    .command('finish')
    .description('Disable the login of an integration that is silent. Ends all tokens of the user, for good.')
    .argument('<USER>', ANY_NAME)
    .option(...SILENT_FOR, wholeDays, SILENT_DAYS)
    .option('--force', 'Whether it is silent or not.')
  answersFromTenant<FinishOptions>(finish, terminal, async (opened, { silentFor, force }, name = '') => {
    if (force === undefined) requireKnown(opened, silentFor)
    const { id, username } = await requireUser(opened, name)
    const input = { silentDays: silentFor, force: force === true }
    const finished = await finishIntegration(opened.mintkeeper.operations, opened.tenant.id, id, input)
    return shown(finished, `Disabled the user ${username}.\n\n`)
  })
}

/** Days of which the ledger knows nothing would look like silence. */
function requireKnown({ config }: Opened, days: number): void {
  const kept = config.usageRetentionDays
  if (kept === 0) {
    throw new CommandFailed(
      'No usage is kept (usageRetentionDays is 0), so nobody knows whether a login is silent. Ask those who own the integration: integration finish --force needs no proof.',
    )
  }
  if (kept < days) {
    throw usageFailure(
      `The usage ledger goes back ${kept} days (usageRetentionDays): give --silent-for less.`,
    )
  }
}

function shown(integration: IntegrationResource, done = ''): Answer {
  return { data: integration, text: `${done}${integrationCard(integration)}\n${adviceOn(integration)}\n` }
}

function wholeDays(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text) || Number(text) > 3650) {
    throw new InvalidArgumentError('Give a whole number of days, 1 to 3650.')
  }
  return Number(text)
}
