import type { Command } from 'commander'
import type { ClientInput } from '../../admin/operations/client-input.ts'
import type { ClientResource } from '../../admin/operations/client-resource.ts'
import { createClient, deleteClient, listClients, updateClient } from '../../admin/operations/clients.ts'
import { clearFailuresOfClient, showFailuresOfClient } from '../../admin/operations/login-failures.ts'
import type { GrantType } from '../../protocol/token.ts'
import { answersFromTenant } from '../answer.ts'
import { requireClient, shown, stateOf, typeOf } from '../client-card.ts'
import { everyPage } from '../every-page.ts'
import { failedLoginsText } from '../failed-logins-text.ts'
import { usageFailure } from '../failure.ts'
import { readJwks } from '../jwks-file.ts'
import { type StoreOptions, wholeSeconds, words } from '../options.ts'
import { addSecretOptions, chosenSecret } from '../secret-input.ts'
import { card, table } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { timeText } from '../time-text.ts'
import { addRequireDpopCommand } from './client-dpop.ts'
import { addClientKeysCommand } from './client-keys.ts'
import { addClientSecretCommands } from './client-secret.ts'

interface CreateOptions extends StoreOptions {
  readonly name?: string
  readonly public?: true
  readonly jwks?: string
  readonly grant?: readonly string[]
  readonly scope?: readonly string[]
  readonly role?: readonly string[]
  readonly accessToken?: string
  readonly expiresIn?: number
  readonly introspect?: string
  readonly dpopBoundAccessTokens?: true
  readonly disabled?: true
}

export function addClientCommands(program: Command, terminal: Terminal): void {
  const clients = program.command('client').description('Clients of a tenant.')
  addCreate(clients, terminal)

  answersFromTenant(
    clients.command('list').description('List the clients.'),
    terminal,
    async ({ mintkeeper, tenant }) => {
      const items = await everyPage<ClientResource, string>((after, limit) =>
        listClients(mintkeeper.operations, tenant.id, { after, limit }),
      )
      return { data: items, text: clientTable(items) }
    },
  )

  const show = clients.command('show').description('Show a client.').argument('<CLIENT>', 'Its client_id.')
  answersFromTenant(show, terminal, async (opened, _options, id = '') => {
    const client = await requireClient(opened, id)
    const failures = await showFailuresOfClient(opened.mintkeeper.operations, opened.tenant.id, id)
    const text = shown(client).text + card([['failed logins', failedLoginsText(failures)]])
    return { data: { ...client, loginFailures: failures }, text }
  })

  const unlock = clients
    .command('unlock')
    .description('Let a client log in again after too many secrets were wrong.')
    .argument('<CLIENT>', 'Its client_id.')
  answersFromTenant(unlock, terminal, async (opened, _options, id = '') => {
    const client = await requireClient(opened, id)
    await clearFailuresOfClient(opened.mintkeeper.operations, opened.tenant.id, id)
    return shown(client, null, 'Unlocked')
  })

  addClientSecretCommands(clients, terminal)
  addClientKeysCommand(clients, terminal)
  addRequireDpopCommand(clients, terminal)
  addSwitch(clients, terminal, 'disable', 'Give a client no token any more. Ends all its tokens, for good.')
  addSwitch(clients, terminal, 'enable', 'Let a disabled client ask for tokens again. Revives no token.')

  const remove = clients
    .command('delete')
    .description('Delete a client and with it all its tokens.')
    .argument('<CLIENT>', 'Its client_id.')
  answersFromTenant(remove, terminal, async (opened, _options, id = '') => {
    await requireClient(opened, id)
    await deleteClient(opened.mintkeeper.operations, opened.tenant.id, id)
    return { data: { id, deleted: true }, text: `Deleted the client ${id}.\n` }
  })
}

function addCreate(clients: Command, terminal: Terminal): void {
  const create = clients
    .command('create')
    .description('Create a client. Without a secret of your choice, one is made and shown once.')
    .argument('[CLIENT]', 'The client_id. (default: made by the server)')
    .option('--name <TEXT>', 'What people call it.')
    .option('--public', 'A client that can keep no secret, such as a page in the browser.')
    .option('--jwks <FILE>', 'File that holds its public keys, a JWK Set, instead of a secret.')
    .option('--grant <GRANTS>', 'Grant types: client_credentials, password, refresh_token.', words)
    .option('--scope <SCOPES>', 'The scopes it may get. (default: none)', words)
    .option('--role <ROLES>', "Roles in the client's own tokens.", words)
    .option('--access-token <FORMAT>', 'jwt or opaque, on the surfaces standard and realm. (default: jwt)')
    .option(
      '--expires-in <SECONDS>',
      'Life of its access tokens. (default: as the surface says)',
      wholeSeconds,
    )
    .option('--introspect <WHICH>', 'own, or any for a resource server. (default: own)')
    .option('--dpop-bound-access-tokens', 'Give no token without a DPoP proof (RFC 9449).')
    .option('--disabled', 'Keep the client but give no token.')
  answersFromTenant<CreateOptions>(
    addSecretOptions(create, 'secret'),
    terminal,
    async (opened, options, id) => {
      const secret = await chosenSecret('secret', options, terminal)
      if (secret !== null && options.public) throw usageFailure('A public client can keep no secret.')
      if (options.jwks !== undefined && options.public) {
        throw usageFailure('A public client can keep no private key.')
      }
      // Words that are not known are refused by the operation, with those that are.
      const input = {
        id,
        secret,
        name: options.name,
        public: options.public,
        jwks: options.jwks === undefined ? undefined : readJwks(options.jwks),
        grants: options.grant as readonly GrantType[] | undefined,
        scopes: options.scope,
        roles: options.role,
        accessToken: options.accessToken as ClientInput['accessToken'],
        expiresIn: options.expiresIn,
        introspect: options.introspect as ClientInput['introspect'],
        dpopBoundAccessTokens: options.dpopBoundAccessTokens,
        disabled: options.disabled,
      }
      const created = await createClient(opened.mintkeeper.operations, opened.tenant.id, input)
      return shown(created.client, created.secret, 'Created')
    },
  )
}

function addSwitch(
  clients: Command,
  terminal: Terminal,
  name: 'disable' | 'enable',
  description: string,
): void {
  const command = clients.command(name).description(description).argument('<CLIENT>', 'Its client_id.')
  answersFromTenant(command, terminal, async (opened, _options, id = '') => {
    await requireClient(opened, id)
    const patch = { disabled: name === 'disable' }
    const client = await updateClient(opened.mintkeeper.operations, opened.tenant.id, id, patch)
    return shown(client, null, name === 'disable' ? 'Disabled' : 'Enabled')
  })
}

function clientTable(clients: readonly ClientResource[]): string {
  return table<ClientResource>(
    [
      { title: 'client_id', value: ({ id }) => id },
      { title: 'name', value: ({ name }) => name ?? '' },
      { title: 'type', value: typeOf },
      { title: 'grants', value: ({ grants }) => grants.join(' ') },
      { title: 'scopes', value: ({ scopes }) => scopes.join(' ') },
      { title: 'state', value: stateOf },
      { title: 'created', value: ({ createdAt }) => timeText(createdAt) },
    ],
    clients,
    'There are no clients.',
  )
}
