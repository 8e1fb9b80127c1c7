import type { Command } from 'commander'
import { updateClient } from '../../admin/operations/clients.ts'
import { answersFromTenant } from '../answer.ts'
import { requireClient, shown } from '../client-card.ts'
import { usageFailure } from '../failure.ts'
import { readJwks } from '../jwks-file.ts'
import type { StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

interface KeysOptions extends StoreOptions {
  readonly jwks?: string
  readonly none?: true
}

export function addClientKeysCommand(clients: Command, terminal: Terminal): void {
  const setKeys = clients
    .command('set-keys')
    .description('Set the public keys by which a client authenticates, in place of those it has.')
    .argument('<CLIENT>', 'Its client_id.')
    .option('--jwks <FILE>', 'File that holds the keys: a JWK Set.')
    .option('--none', 'Take all its keys away.')
  answersFromTenant<KeysOptions>(setKeys, terminal, async (opened, { jwks, none }, id = '') => {
    if ((jwks === undefined) === (none === undefined)) throw usageFailure('Give --jwks or --none.')
    await requireClient(opened, id)
    const patch = { jwks: jwks === undefined ? null : readJwks(jwks) }
    const client = await updateClient(opened.mintkeeper.operations, opened.tenant.id, id, patch)
    return shown(client, null, 'Set the keys of')
  })
}
