import { resolve } from 'node:path'
import type { Command } from 'commander'
import { createPasswords } from '../../crypto/password.ts'
import { CSV_PASSWORDS_AT_ONCE, readCsvFiles } from '../../import/csv/csv.ts'
import { openSourceFile } from '../../import/source-file.ts'
import { answersFromTenant } from '../answer.ts'
import { usageFailure } from '../failure.ts'
import { addImportOptions, type ImportOptions, importFrom } from '../import/run-import.ts'
import type { Terminal } from '../terminal.ts'

interface CsvImportOptions extends ImportOptions {
  readonly clients?: string
}

export function addImportCsv(imports: Command, terminal: Terminal): void {
  const command = imports
    .command('csv')
    .description(
      'Take over users from CSV with a header: id, username, email, password_hash or password, roles (a;b), disabled, ' +
        'claims.NAME. To hash a password takes some 20 ms of a core; hashes come in as they are. To run it again goes on ' +
        'where another run was ended, and follows what was changed in the file since; what was changed here stays as it ' +
        'is. The column password is for users who are not here yet. Without a column of hashes or secrets these stay; ' +
        'without one of roles, claims, disabled, grants or scopes there are none.',
    )
    .argument('[FILE]', 'The users.')
    .option(
      '--clients <FILE>',
      'Clients: id, name, secret or secret_hash, public, grants (a;b), scopes (a;b).',
    )
  answersFromTenant<CsvImportOptions>(
    addImportOptions(command),
    terminal,
    async (opened, options, path?: string) => {
      if (path === undefined && options.clients === undefined)
        throw usageFailure('Name a file of users, or one of clients with --clients.')
      const { store } = opened.mintkeeper.services
      const tenant = opened.tenant.id
      // Its own: of the server's, the configuration says how many may wait.
      const passwords = createPasswords({ queue: CSV_PASSWORDS_AT_ONCE })
      const open = async (file: string | undefined) =>
        file === undefined ? null : await openSourceFile(resolve(file))
      const reader = readCsvFiles({
        users: await open(path),
        clients: await open(options.clients),
        tenant,
        hash: async (password) => (options.dryRun === true ? null : await passwords.hash(password)),
        isKnown: async (id) => (await store.findCurrentUser(tenant, id)) !== null,
      })
      return await importFrom(reader, opened, options, terminal)
    },
  )
}
