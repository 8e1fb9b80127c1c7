import type { Command } from 'commander'
import { printableDatabase } from '../../config/network-values.ts'
import { migrateSqlite, readSqliteSchema } from '../../stores/sqlite/database.ts'
import { answers } from '../answer.ts'
import { databaseFile } from '../database-files.ts'
import { CommandFailed } from '../failure.ts'
import { addStoreOptions, type ConfigOptions, loadWith } from '../options.ts'
import { table } from '../table.ts'
import type { Terminal } from '../terminal.ts'

interface MigrateOptions extends ConfigOptions {
  readonly status?: true
}

interface Step {
  readonly name: string
  readonly state: 'applied' | 'pending'
}

export function addMigrate(program: Command, terminal: Terminal): void {
  const command = program
    .command('migrate')
    .description('Bring the schema of the database up to date, making the database if there is none.')
    .option('--status', 'Only say which steps it has and which it lacks.')
  answers<MigrateOptions>(addStoreOptions(command), terminal, async (options) => {
    const { config } = loadWith(options, terminal)
    const path = databaseFile(config)
    if (path === null)
      throw new CommandFailed(`${printableDatabase(config.database)} has no schema to migrate.`)
    const file = { path, clock: Date.now }
    const applied = options.status ? [] : await migrateSqlite(file)
    const status = await readSqliteSchema(file)
    const steps: Step[] = [
      ...status.applied.map((name) => ({ name, state: 'applied' as const })),
      ...status.pending.map((name) => ({ name, state: 'pending' as const })),
    ]
    const done = options.status
      ? ''
      : `Applied ${applied.length === 1 ? 'one step' : `${applied.length} steps`}.\n\n`
    return { data: { ...status, appliedNow: applied }, text: `${done}${stepTable(steps)}` }
  })
}

function stepTable(steps: readonly Step[]): string {
  return table<Step>(
    [
      { title: 'step', value: ({ name }) => name },
      { title: 'state', value: ({ state }) => state },
    ],
    steps,
    'The schema has no steps.',
  )
}
