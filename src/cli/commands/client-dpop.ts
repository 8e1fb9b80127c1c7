import type { Command } from 'commander'
import { updateClient } from '../../admin/operations/clients.ts'
import { answersFromTenant } from '../answer.ts'
import { requireClient, shown } from '../client-card.ts'
import type { StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

interface RequireDpopOptions extends StoreOptions {
  readonly off?: true
}

export function addRequireDpopCommand(clients: Command, terminal: Terminal): void {
  const requireDpop = clients
    .command('require-dpop')
    .description('Give a client no token any more without a DPoP proof (RFC 9449). Tokens it has live on.')
    .argument('<CLIENT>', 'Its client_id.')
    .option('--off', 'Give it tokens without a proof again.')
  answersFromTenant<RequireDpopOptions>(requireDpop, terminal, async (opened, { off }, id = '') => {
    await requireClient(opened, id)
    const patch = { dpopBoundAccessTokens: off === undefined }
    const client = await updateClient(opened.mintkeeper.operations, opened.tenant.id, id, patch)
    return shown(client, null, off === undefined ? 'Bound the tokens of' : 'Unbound the tokens of')
  })
}
