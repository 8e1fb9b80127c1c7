import type { Command } from 'commander'
import { importedClientRow, importedUserRow } from '../../admin/operations/imported-rows.ts'
import { eventOf } from '../../admin/operations/operations.ts'
import { createDryRun } from '../../import/dry-run.ts'
import { IMPORT_KINDS, type ImportReader, type Refused, type RowRules } from '../../import/import.ts'
import type { ImportReport, KindReport } from '../../import/report.ts'
import { runImport } from '../../import/writer.ts'
import type { Answer } from '../answer.ts'
import type { StoreOptions } from '../options.ts'
import { printable, table } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import type { OpenedTenant } from '../with-mintkeeper.ts'
import { createProgressBar, numberText, rateOf } from './progress-bar.ts'
import { openRefusalsFile } from './refusals-file.ts'

/** What every import takes, whatever it reads. */
export interface ImportOptions extends StoreOptions {
  readonly dryRun?: true
  readonly refused?: string
}

/** How many refusals are told of if there is no file for them. */
const TOLD = 10

export function addImportOptions(command: Command): Command {
  return command
    .option('--dry-run', 'Only say what would become of each row, and write nothing.')
    .option(
      '--refused <FILE>',
      'Where to write what can not be imported: a JSON object a line, with the place and the reason.',
    )
}

/** What an import has to say. `isDryRun` and `seconds` besides, for programs. */
export interface ImportAnswer extends Answer {
  readonly report: ImportReport
}

/** Writes what a reader reads into the tenant, with a progress bar, and closes the reader. */
export async function importFrom(
  reader: ImportReader,
  { mintkeeper, tenant }: OpenedTenant,
  options: ImportOptions,
  terminal: Terminal,
): Promise<ImportAnswer> {
  const { store } = mintkeeper.services
  const isDryRun = options.dryRun === true
  const note = (type: 'import.begin' | 'import.end', details: string | null) => {
    if (!isDryRun) store.noteEvent(eventOf(mintkeeper.operations, type, { tenant: tenant.id, details }))
  }
  const file = options.refused === undefined ? null : openRefusalsFile(options.refused)
  const told: Refused[] = []
  const bar = createProgressBar(terminal)
  const startMs = performance.now()
  note('import.begin', null)
  try {
    const report = await runImport(reader, {
      tenant: tenant.id,
      target: isDryRun ? createDryRun(store) : store,
      rules: rulesOf({ mintkeeper, tenant }),
      onRefused(refused) {
        file?.add(refused)
        if (told.length < TOLD) told.push(refused)
      },
      onProgress: (rows) => bar.show(rows, reader.progress()),
    })
    bar.clear()
    note('import.end', IMPORT_KINDS.map((kind) => `${report[kind].imported} ${kind}s`).join(', '))
    const seconds = (performance.now() - startMs) / 1000
    return {
      report,
      data: { dryRun: isDryRun, seconds: Math.round(seconds * 10) / 10, ...report, notes: reader.notes() },
      text: reportText(report, seconds, isDryRun),
      note: noteText(report, reader.notes(), file === null ? told : [], options),
    }
  } finally {
    bar.clear()
    file?.close()
    await reader.close()
  }
}

function rulesOf({ mintkeeper, tenant }: Pick<OpenedTenant, 'mintkeeper' | 'tenant'>): RowRules {
  const { operations } = mintkeeper
  return {
    user: ({ createdAt, ...user }) => importedUserRow(operations, tenant.id, user, createdAt),
    client: ({ createdAt, secret, ...client }) =>
      importedClientRow(operations, tenant.id, client, secret, createdAt),
  }
}

function reportText(report: ImportReport, seconds: number, isDryRun: boolean): string {
  const count = (title: string, of: (report: KindReport) => number) =>
    ({
      title,
      value: (kind: (typeof IMPORT_KINDS)[number]) => numberText(of(report[kind])),
      align: 'right',
    }) as const
  const rows = IMPORT_KINDS.reduce((sum, kind) => sum + report[kind].found, 0)
  const leftOut = IMPORT_KINDS.flatMap((kind) =>
    Object.entries(report[kind].leftOut).map(([reason, number]) => ({ kind, reason, number })),
  )
  return [
    table(
      [
        { title: '', value: (kind) => `${kind}s` },
        count('found', ({ found }) => found),
        count(isDryRun ? 'would be imported' : 'imported', ({ imported }) => imported),
        count('there already', ({ known }) => known),
        count('left out', ({ leftOut }) => Object.values(leftOut).reduce((sum, number) => sum + number, 0)),
        count('refused', ({ refused }) => refused),
      ],
      IMPORT_KINDS,
      '',
    ),
    ...leftOut.map(
      ({ kind, reason, number }) =>
        `Left out: ${numberText(number)} ${kind}${number === 1 ? '' : 's'}, ${reason}.\n`,
    ),
    `${numberText(rows)} rows in ${seconds.toFixed(1)} seconds: ${numberText(rateOf(rows, seconds))} a second.\n`,
    ...(isDryRun ? ['Nothing was written.\n'] : []),
  ].join('')
}

function noteText(
  report: ImportReport,
  notes: readonly string[],
  told: readonly Refused[],
  { refused: path }: ImportOptions,
): string {
  const refused = IMPORT_KINDS.reduce((sum, kind) => sum + report[kind].refused, 0)
  const lines = [...notes]
  if (refused > 0 && path !== undefined) lines.push(`What was refused is in ${path}.`)
  for (const { place, reason } of told) lines.push(`Refused: ${place}: ${reason}`)
  if (refused > told.length && path === undefined) {
    lines.push(
      `And ${numberText(refused - told.length)} more: have all written to a file with --refused FILE.`,
    )
  }
  return lines.length === 0 ? '' : `\n${lines.map((line) => `${printable(line)}\n`).join('')}`
}
