import { closeSync, fchmodSync, fstatSync, openSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { reasonOf } from '../../config/secret-files.ts'
import { SURFACE_NAMES, type SurfaceName } from '../../protocol/policy.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { USES, type Use } from '../../store/usage.ts'
import { answersFromTenant } from '../answer.ts'
import { CommandFailed, usageFailure } from '../failure.ts'
import { type StoreOptions, wholeNumber } from '../options.ts'
import type { Terminal } from '../terminal.ts'
import { momentOfText } from '../time-text.ts'
import { reportPage } from '../usage/page.ts'
import { readReport, type UsageReport } from '../usage/report.ts'
import { reportText } from '../usage/text.ts'

interface UsageOptions extends StoreOptions {
  readonly grant?: Use
  readonly surface?: SurfaceName
  readonly since?: string
  readonly limit: number
  readonly html?: string
}

export function addUsage(program: Command, terminal: Terminal): void {
  const command = program
    .command('usage')
    .description(
      'Say who asks for tokens, and how often: who still uses the password grant or a legacy surface, who keeps no token, and when there will be nobody left.',
    )
    .addOption(new Option('--grant <GRANT>', 'Only this grant, or other use of tokens.').choices([...USES]))
    .addOption(new Option('--surface <SURFACE>', 'Only on this surface.').choices([...SURFACE_NAMES]))
    .option(
      '--since <TIME>',
      'Not what was before the day of this time (30d, 2026-01-31T00:00:00Z). (default: 90d)',
    )
    .option('--limit <NUMBER>', 'At most so many users and clients.', wholeNumber, 100)
    .option('--html <FILE>', 'Write a page with charts into a file, in place of what is printed.')
  answersFromTenant<UsageOptions>(command, terminal, async ({ mintkeeper, tenant, config }, options) => {
    // That nobody has called would be no answer.
    if (config.usageRetentionDays === 0) {
      throw new CommandFailed(
        'No usage is kept (usageRetentionDays is 0): give it a number of days, and wait.',
      )
    }
    const { grant: use, surface, since, limit, html } = options
    const { operations } = mintkeeper
    const filter = { use, surface, since: sinceOf(since, operations.clock()) }
    const report = await readReport(operations, tenant.id, filter, limit)
    if (html === undefined) return { data: report, text: reportText(report), ...leftOut(report) }
    const file = resolve(html)
    writePage(file, reportPage(report))
    return {
      data: { ...report, file },
      text: `Wrote the usage of ${tenant.id} to ${file}.\n`,
      ...leftOut(report),
    }
  })
}

/** Only its owner may read it, for it tells names and addresses; also where there was another that everybody could. */
function writePage(path: string, page: string): void {
  try {
    const file = openSync(path, 'w', 0o600)
    try {
      if (fstatSync(file).isFile()) fchmodSync(file, 0o600)
      writeFileSync(file, page)
    } finally {
      closeSync(file)
    }
  } catch (thrown) {
    throw new CommandFailed(
      `The page can not be written to ${path} (${reasonOf(thrown)}). Name a file in a directory you may write to.`,
    )
  }
}

function sinceOf(text: string | undefined, nowMs: number): EpochSeconds | undefined {
  if (text === undefined) return undefined
  const moment = momentOfText(text, nowMs)
  if (moment === null) throw usageFailure('Give --since as 30d, 2026-01-31T00:00:00Z or seconds since 1970.')
  return Math.floor(moment / 1000)
}

function leftOut({ callers, callersInAll }: UsageReport): { readonly note?: string } {
  const left = callersInAll - callers.length
  return left === 0 ? {} : { note: `${left} more are left out: see --limit.\n` }
}
