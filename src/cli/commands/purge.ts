import type { Command } from 'commander'
import { purgeExpired } from '../../admin/operations/purge.ts'
import { answersFromStore } from '../answer.ts'
import type { Terminal } from '../terminal.ts'

export function addPurge(program: Command, terminal: Terminal): void {
  const command = program
    .command('purge')
    .description(
      'Delete tokens and signing keys of which nothing is alive, and whatever is kept for a time only. A server does it by itself.',
    )
  answersFromStore(command, terminal, async ({ mintkeeper, config }) => {
    const deleted = await purgeExpired(mintkeeper.operations, config)
    return { data: { deleted }, text: `Deleted ${deleted} ${deleted === 1 ? 'row' : 'rows'}.\n` }
  })
}
