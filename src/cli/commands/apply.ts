import type { Command } from 'commander'
import type { ItemReport } from '../../admin/operations/apply-change.ts'
import { openMintkeeper } from '../../server.ts'
import { type Answer, answers } from '../answer.ts'
import { fromConfiguration } from '../from-configuration.ts'
import { addStoreOptions, type ConfigOptions, loadWith, noteWarnings } from '../options.ts'
import { table } from '../table.ts'
import type { Terminal } from '../terminal.ts'

interface Line extends ItemReport {
  readonly tenant: string
}

export function addApply(program: Command, terminal: Terminal): void {
  const command = program
    .command('apply')
    .description(
      'Make tenants, users and clients in the database what a configuration file lists. What it does not list stays.',
    )
    .argument('[FILE]', 'The configuration file, as --config.')
  answers<ConfigOptions>(addStoreOptions(command), terminal, async (options, file) => {
    return await apply(file === undefined ? options : { ...options, config: file }, terminal)
  })
}

async function apply(options: ConfigOptions, terminal: Terminal): Promise<Answer> {
  const loaded = loadWith(options, terminal)
  noteWarnings(loaded, terminal)
  const mintkeeper = await openMintkeeper({ ...loaded.config, purgeIntervalSeconds: 0 }, { apply: false })
  try {
    const reports = await fromConfiguration(mintkeeper.apply())
    const lines = reports.flatMap(({ tenant, items }) => items.map((item) => ({ tenant, ...item })))
    return { data: reports, text: reportTable(lines) }
  } finally {
    await mintkeeper.close()
  }
}

function reportTable(lines: readonly Line[]): string {
  return table<Line>(
    [
      { title: 'tenant', value: ({ tenant }) => tenant },
      { title: 'what', value: ({ kind }) => kind },
      { title: 'id', value: ({ id }) => id },
      { title: 'name', value: ({ name }) => name ?? '' },
      { title: 'outcome', value: ({ outcome }) => outcome },
      { title: 'fields', value: ({ fields }) => fields.join(' ') },
    ],
    lines,
    'The configuration lists no tenants: nothing was changed.',
  )
}
