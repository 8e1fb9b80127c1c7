import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { printableDatabase } from '../../config/network-values.ts'
import type { Config } from '../../config/schema.ts'
import { backupSqlite } from '../../stores/sqlite/backup.ts'
import { answers } from '../answer.ts'
import { bytesText } from '../bytes-text.ts'
import { databaseFile, masterKeyFile, requireDatabase } from '../database-files.ts'
import { CommandFailed } from '../failure.ts'
import { addStoreOptions, type ConfigOptions, loadWith } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function addBackup(program: Command, terminal: Terminal): void {
  const command = program
    .command('backup')
    .description('Copy an SQLite database into a new file, while servers go on working with it.')
    .argument('<FILE>', 'The copy, which must not be there yet.')
  answers<ConfigOptions>(addStoreOptions(command), terminal, async (options, file = '') => {
    const { config } = loadWith(options, terminal)
    const path = requireFile(config)
    const target = resolve(file)
    const bytes = await backupSqlite(path, target)
    return {
      data: { file: target, bytes, masterKeyFile: masterKeyFile(config) },
      text: `Copied ${printableDatabase(config.database)} to ${target} (${bytesText(bytes)}), and checked the copy.\n`,
      note: keyNote(config),
    }
  })
}

function requireFile(config: Config): string {
  const path = databaseFile(config)
  if (path !== null) {
    requireDatabase(config)
    return path
  }
  throw new CommandFailed(
    config.database.reveal().startsWith('postgres')
      ? 'PostgreSQL takes its own backups: use pg_dump, or a base backup with its log.'
      : `${printableDatabase(config.database)} is kept nowhere: there is nothing to copy.`,
  )
}

/** A database without its master key is worth nothing to anybody, its owner included. */
function keyNote(config: Config): string {
  const file = masterKeyFile(config)
  const where = file !== null && existsSync(file) ? `the file ${file}` : 'the one that is configured'
  return `The master key is not in it: keep ${where}, too, and in another place.\n`
}
