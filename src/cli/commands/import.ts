import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addImportSpree } from './import-spree.ts'

export function addImportCommands(program: Command, terminal: Terminal): void {
  const imports = program
    .command('import')
    .description('Take over users, clients and live tokens of another system.')
  addImportSpree(imports, terminal)
}
