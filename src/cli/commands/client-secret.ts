import type { Command } from 'commander'
import type { ClientSecretInput } from '../../admin/operations/client-input.ts'
import {
  addClientSecret,
  changeClientSecret,
  removeClientSecret,
} from '../../admin/operations/client-secrets.ts'
import { type Answer, answersFromTenant } from '../answer.ts'
import { requireClient, shown } from '../client-card.ts'
import { CommandFailed } from '../failure.ts'
import { type StoreOptions, wholeSeconds } from '../options.ts'
import { addSecretOptions, chosenSecret } from '../secret-input.ts'
import type { Terminal } from '../terminal.ts'
import type { OpenedTenant } from '../with-mintkeeper.ts'

interface AddOptions extends StoreOptions {
  readonly name?: string
  readonly expiresIn?: number
}

interface RotateOptions extends StoreOptions {
  readonly overlap: number
}

/** The commands on the secrets of a client. */
export function addClientSecretCommands(clients: Command, terminal: Terminal): void {
  const rotate = clients
    .command('rotate-secret')
    .description('Give a client a new secret. Without one of your choice, one is made and shown once.')
    .argument('<CLIENT>', 'Its client_id.')
    .option('--overlap <SECONDS>', 'How long its other secrets stay valid.', wholeSeconds, 0)
  answersWithSecret<RotateOptions>(rotate, terminal, 'Changed the secret of', ({ overlap }) => ({
    othersExpireIn: overlap,
  }))

  const add = clients
    .command('add-secret')
    .description('Give a client a further secret. Without one of your choice, one is made and shown once.')
    .argument('<CLIENT>', 'Its client_id.')
    .option('--name <TEXT>', 'What people call the secret.')
    .option('--expires-in <SECONDS>', 'How long it stays valid. (default: for good)', wholeSeconds)
  answersWithSecret<AddOptions>(add, terminal, 'Added a secret to', ({ name, expiresIn }) => ({
    name,
    expiresIn,
  }))

  const one = (name: string, description: string) =>
    clients
      .command(name)
      .description(description)
      .argument('<CLIENT>', 'Its client_id.')
      .argument('<SECRET>', 'The id of the secret: see client show.')

  const mute = one('mute-secret', 'Have each use of a secret told, in the log and by a metric. It works on.')
  answersAboutSecret(mute, terminal, 'Muted', async ({ mintkeeper, tenant }, client, secret) => {
    const patch = { muted: true }
    return (await changeClientSecret(mintkeeper.operations, tenant.id, client, secret, patch)).client
  })

  const unmute = one('unmute-secret', 'Have the uses of a secret told no more.')
  answersAboutSecret(unmute, terminal, 'Unmuted', async ({ mintkeeper, tenant }, client, secret) => {
    const patch = { muted: false }
    return (await changeClientSecret(mintkeeper.operations, tenant.id, client, secret, patch)).client
  })

  const remove = one('remove-secret', 'Take a secret away from a client, at once. Ends no token.')
  answersAboutSecret(remove, terminal, 'Removed', async ({ mintkeeper, tenant }, client, secret) =>
    removeClientSecret(mintkeeper.operations, tenant.id, client, secret),
  )
}

function answersWithSecret<Options extends StoreOptions>(
  command: Command,
  terminal: Terminal,
  done: string,
  inputOf: (options: Options) => ClientSecretInput,
): void {
  answersFromTenant<Options>(
    addSecretOptions(command, 'secret'),
    terminal,
    async (opened, options, id = ''): Promise<Answer> => {
      await requireClient(opened, id)
      const secret = await chosenSecret('secret', options, terminal)
      const input = { ...inputOf(options), secret }
      const added = await addClientSecret(opened.mintkeeper.operations, opened.tenant.id, id, input)
      return shown(added.client, added.secret, done)
    },
  )
}

function answersAboutSecret(
  command: Command,
  terminal: Terminal,
  done: string,
  run: (opened: OpenedTenant, client: string, secret: string) => ReturnType<typeof removeClientSecret>,
): void {
  answersFromTenant(command, terminal, async (opened, _options, id = '', secret = '') => {
    const { secrets } = await requireClient(opened, id)
    if (!secrets.some((one) => one.id === secret)) {
      throw new CommandFailed(`The client ${id} has no secret ${secret}. See: mintkeeper client show ${id}`)
    }
    return shown(await run(opened, id, secret), null, `${done} the secret ${secret} of`)
  })
}
