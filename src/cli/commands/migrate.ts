import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { printableDatabase } from '../../config/network-values.ts'
import { migrateDatabase, readSchemaOf } from '../../server/open-store.ts'
import type { SchemaStatus } from '../../stores/migrations/index.ts'
import { markerOf } from '../../stores/sqlite/marker.ts'
import { type Answer, answers } from '../answer.ts'
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

const UP = 'Bring the schema of the database up to date, making the database if there is none.'
const STATUS = 'Only say which steps it has and which it lacks.'

export function addMigrate(program: Command, terminal: Terminal): void {
  const migrate = program
    .command('migrate')
    .description(`${UP} The same as migrate up.`)
    .option('--status', STATUS)
  answers<MigrateOptions>(addStoreOptions(migrate), terminal, async (options) => {
    return options.status ? await status(options, terminal) : await up(options, terminal)
  })
  const upCommand = migrate
    .command('up')
    .description(
      `${UP} Any number of nodes may do it at once: one does, the others wait. All steps are done or none.`,
    )
  answers<ConfigOptions>(addStoreOptions(upCommand), terminal, async (options) => await up(options, terminal))
  const statusCommand = migrate.command('status').description(`${STATUS} Exits with 1 if it lacks some.`)
  answers<ConfigOptions>(addStoreOptions(statusCommand), terminal, async (options) => {
    const answer = await status(options, terminal)
    return { ...answer, exitCode: answer.data.pending.length === 0 ? 0 : 1 }
  })
}

async function up(options: ConfigOptions, terminal: Terminal): Promise<Answer> {
  const { config } = loadWith(options, terminal)
  const appliedNow = await migrateDatabase(config, Date.now)
  const { data, text } = await status(options, terminal)
  const count = appliedNow.length === 1 ? 'one step' : `${appliedNow.length} steps`
  return { data: { ...data, appliedNow }, text: `Applied ${count}.\n\n${text}` }
}

async function status(
  options: ConfigOptions,
  terminal: Terminal,
): Promise<Answer & { readonly data: SchemaStatus & { readonly appliedNow: readonly string[] } }> {
  const { config } = loadWith(options, terminal)
  const file = databaseFile(config)
  if (file !== null && !existsSync(file) && !existsSync(markerOf(file))) {
    throw new CommandFailed(
      `There is no database ${printableDatabase(config.database)} yet: run mintkeeper migrate up`,
    )
  }
  const schema = await readSchemaOf(config, Date.now)
  if (schema === null) {
    throw new CommandFailed(`${printableDatabase(config.database)} has no schema to migrate.`)
  }
  const steps: Step[] = [
    ...schema.applied.map((name) => ({ name, state: 'applied' as const })),
    ...schema.pending.map((name) => ({ name, state: 'pending' as const })),
  ]
  return { data: { ...schema, appliedNow: [] }, text: stepTable(steps) }
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
