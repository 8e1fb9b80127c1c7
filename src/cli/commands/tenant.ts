import type { Command } from 'commander'
import type { Tenant } from '../../protocol/policy.ts'
import { answersFromStore } from '../answer.ts'
import { table } from '../table.ts'
import type { Terminal } from '../terminal.ts'

export function addTenantCommands(program: Command, terminal: Terminal): void {
  const tenants = program.command('tenant').description('Tenants; a configuration file makes them.')
  answersFromStore(
    tenants.command('list').description('List the tenants.'),
    terminal,
    async ({ mintkeeper, config }) => {
      const rows = await mintkeeper.services.store.listTenants()
      const resolved = mintkeeper.directory().tenants
      const items = rows.map(({ id, hosts, issuer, signingAlgorithm }) => ({
        id,
        hosts,
        issuer,
        signingAlgorithm,
        surfaces: surfacesOf(resolved.find((tenant) => tenant.id === id)),
        isDefault: id === config.defaultTenant,
      }))
      const text = table<(typeof items)[number]>(
        [
          { title: 'id', value: ({ id }) => id },
          { title: 'hosts', value: ({ hosts, isDefault }) => (isDefault ? 'any' : hosts.join(' ')) },
          { title: 'issuer', value: ({ issuer }) => issuer },
          { title: 'algorithm', value: ({ signingAlgorithm }) => signingAlgorithm },
          { title: 'surfaces', value: ({ surfaces }) => surfaces.join(' ') },
        ],
        items,
        'There are no tenants.',
      )
      return { data: items, text }
    },
  )
}

function surfacesOf(tenant: Tenant | undefined): readonly string[] {
  return [...(tenant?.surfaces.keys() ?? [])]
}
