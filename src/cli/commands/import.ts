import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addImportAuth0 } from './import-auth0.ts'
import { addImportCsv } from './import-csv.ts'
import { addImportSpree } from './import-spree.ts'

export function addImportCommands(program: Command, terminal: Terminal): void {
  const imports = program
    .command('import')
    .description('Take over users, clients and live tokens of another system.')
  addImportSpree(imports, terminal)
  addImportAuth0(imports, terminal)
  addImportCsv(imports, terminal)
}
