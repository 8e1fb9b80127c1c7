import type { Command } from 'commander'
import { clearFailuresOfSource, showFailuresOfSource } from '../../admin/operations/login-failures.ts'
import { answersFromTenant } from '../answer.ts'
import { failedLoginsText } from '../failed-logins-text.ts'
import { card } from '../table.ts'
import type { Terminal } from '../terminal.ts'

const ADDRESS = 'An IPv4 address, or an IPv6 address, of which the /64 counts.'

export function addSourceCommands(program: Command, terminal: Terminal): void {
  const sources = program.command('source').description('Where logins come from.')

  const show = sources
    .command('show')
    .description('Show how many logins have failed from an address, and whether it is blocked.')
    .argument('<ADDRESS>', ADDRESS)
  answersFromTenant(show, terminal, async ({ mintkeeper, tenant }, _options, address = '') => {
    const failures = await showFailuresOfSource(mintkeeper.operations, tenant.id, address)
    const text = card([
      ['failed logins', failedLoginsText(failures)],
      ['of clients', failedLoginsText(failures.clients)],
    ])
    return { data: failures, text }
  })

  const unlock = sources
    .command('unlock')
    .description('Let users and clients log in again from an address from which too many logins have failed.')
    .argument('<ADDRESS>', ADDRESS)
  answersFromTenant(unlock, terminal, async ({ mintkeeper, tenant }, _options, address = '') => {
    await clearFailuresOfSource(mintkeeper.operations, tenant.id, address)
    const failures = await showFailuresOfSource(mintkeeper.operations, tenant.id, address)
    return { data: failures, text: `Failed logins from ${address} count no more.\n` }
  })
}
