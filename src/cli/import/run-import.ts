import type { Command } from 'commander'
import { endOfUsersTokens } from '../../admin/operations/end-of-tokens.ts'
import { eventOf } from '../../admin/operations/operations.ts'
import { createDryRun } from '../../import/dry-run.ts'
import { type ChangedHere, IMPORT_KINDS, type ImportReader, type Refused } from '../../import/import.ts'
import type { ImportReport, KindReport } from '../../import/report.ts'
import { runImport } from '../../import/writer.ts'
import { epochSeconds } from '../../protocol/time.ts'
import type { Answer } from '../answer.ts'
import type { StoreOptions } from '../options.ts'
import { printable, table } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import type { OpenedTenant } from '../with-mintkeeper.ts'
import { createProgressBar, numberText, rateOf } from './progress-bar.ts'
import { openRefusalsFile } from './refusals-file.ts'
import { rowRules } from './row-rules.ts'

/** What every import takes, whatever it reads. */
export interface ImportOptions extends StoreOptions {
  readonly dryRun?: true
  readonly refused?: string
  readonly overwriteChanged?: true
}

/** How many refusals are told of if there is no file for them. */
const TOLD = 10

export function addImportOptions(command: Command): Command {
  return command
    .option('--dry-run', 'Only say what would become of each row, and write nothing.')
    .option(
      '--refused <FILE>',
      'Where to write what can not be imported, or was changed here as well: a JSON object a line, with the place and ' +
        'the reason.',
    )
    .option(
      '--overwrite-changed',
      'What was changed both in the source and here becomes as it is in the source. (default: it stays as it is here)',
    )
}

/** What an import has to say. `isDryRun` and `seconds` besides, for programs. */
export interface ImportAnswer extends Answer {
  readonly report: ImportReport
}

/** Writes what a reader reads into the tenant, with a progress bar, and closes the reader, whatever happens. */
export async function importFrom(
  reader: ImportReader,
  opened: OpenedTenant,
  options: ImportOptions,
  terminal: Terminal,
): Promise<ImportAnswer> {
  try {
    return await importAll(reader, opened, options, terminal)
  } finally {
    await reader.close()
  }
}

async function importAll(
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
  const told: (Refused | ChangedHere)[] = []
  const bar = createProgressBar(terminal)
  const startMs = performance.now()
  note('import.begin', null)
  try {
    const report = await runImport(reader, {
      tenant: tenant.id,
      target: isDryRun ? createDryRun(store) : store,
      rules: rowRules(mintkeeper.operations, tenant.id),
      overwritesChanged: options.overwriteChanged === true,
      eventOf: (type, changed) => eventOf(mintkeeper.operations, type, { tenant: tenant.id, ...changed }),
      endOfTokens:
        reader.hasTokens || isDryRun
          ? null
          : (users) => endOfUsersTokens(mintkeeper.operations, tenant.id, users),
      now: epochSeconds(mintkeeper.services.clock),
      onRefused(refused) {
        file?.add(refused)
        if (told.length < TOLD) told.push(refused)
      },
      onProgress: (rows) => bar.show(rows, reader.progress()),
    })
    bar.clear()
    note('import.end', summaryOf(report))
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
  }
}

function summaryOf(report: ImportReport): string {
  const counts = IMPORT_KINDS.flatMap((kind) => {
    const { imported, updated } = report[kind]
    return [`${imported} ${kind}s`, ...(updated > 0 ? [`${updated} ${kind}s updated`] : [])]
  })
  return counts.join(', ')
}

function reportText(report: ImportReport, seconds: number, isDryRun: boolean): string {
  const count = (title: string, of: (report: KindReport) => number) =>
    ({
      title,
      value: (kind: (typeof IMPORT_KINDS)[number]) => numberText(of(report[kind])),
      align: 'right',
    }) as const
  /** A first import has none. */
  const ifAny = (name: 'updated' | 'changedHere', title: string) =>
    IMPORT_KINDS.some((kind) => report[kind][name] > 0) ? [count(title, (kind) => kind[name])] : []
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
        ...ifAny('updated', isDryRun ? 'would be updated' : 'updated'),
        count('there already', ({ known }) => known),
        ...ifAny('changedHere', 'changed here'),
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
  told: readonly (Refused | ChangedHere)[],
  { refused: path, overwriteChanged }: ImportOptions,
): string {
  const sumOf = (name: 'refused' | 'changedHere') =>
    IMPORT_KINDS.reduce((sum, kind) => sum + report[kind][name], 0)
  const [refused, changed] = [sumOf('refused'), sumOf('changedHere')]
  const lines = [...notes]
  if (changed > 0 && overwriteChanged === undefined) lines.push(CHANGED_HERE)
  if (refused + changed > 0 && path !== undefined) lines.push(`What was refused is in ${path}.`)
  for (const { kind, place, reason } of told)
    lines.push(`${kind === 'refused' ? 'Refused' : 'Changed here'}: ${place}: ${reason}`)
  if (refused + changed > told.length && path === undefined) {
    lines.push(
      `And ${numberText(refused + changed - told.length)} more: have all written to a file with --refused FILE.`,
    )
  }
  return lines.length === 0 ? '' : `\n${lines.map((line) => `${printable(line)}\n`).join('')}`
}

const CHANGED_HERE =
  'What was changed both in the source and here stays as it is here: change it by hand, or import again with ' +
  '--overwrite-changed.'
