import type { Command } from 'commander'
import { measureStorage, type StorageReport } from '../../admin/operations/storage.ts'
import { printableDatabase } from '../../config/network-values.ts'
import { answersFromStore } from '../answer.ts'
import { bytesText } from '../bytes-text.ts'
import { card, table } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { timeText } from '../time-text.ts'

/** Rows of a table are counted no further: a command may take a second, not a minute. */
const COUNT_UP_TO = 1_000_000

export function addStorage(program: Command, terminal: Terminal): void {
  const command = program
    .command('storage')
    .description(
      'Say how many rows and bytes there are, how many come and go, and how many there will be in 30 days.',
    )
  answersFromStore(command, terminal, async ({ mintkeeper, config }) => {
    const report = await measureStorage(mintkeeper.operations, COUNT_UP_TO)
    const { overdue } = report.tokens
    return {
      data: { ...report, purgeIsBehind: overdue > 0 },
      text: textOf(report, printableDatabase(config.database)),
      ...(overdue > 0 && { note: behindNote(overdue) }),
    }
  })
}

function textOf({ bytes, freeBytes, tokens, tables, forecast }: StorageReport, database: string): string {
  const about = tokens.isExact ? '' : 'about '
  const rows = (count: number) => `${about}${countText(count)}`
  const free = freeBytes === null ? '' : `, of which ${bytesText(freeBytes)} are free for new rows`
  const summary = card([
    ['database', database],
    ['size', bytes === null ? 'not on a disk' : bytesText(bytes) + free],
    ['token rows', `${rows(tokens.rows)}: ${countText(tokens.live)} live, ${countText(tokens.dead)} dead`],
    ['written', `${rows(tokens.writtenInDay)} in the last 24 hours`],
    ['dying', `${rows(tokens.dyingInDay)} in 24 hours, ${countText(tokens.dyingInWeek)} in 7 days`],
    [
      'forecast',
      `${countText(forecast.rows)} rows${forecast.bytes === null ? '' : `, ${bytesText(forecast.bytes)}`} at ${timeText(forecast.at)}`,
    ],
  ])
  const days = table(
    [
      { title: 'written on', value: ({ day }) => timeText(day).slice(0, 10) },
      { title: 'still there', value: ({ rows: count }) => countText(count), align: 'right' },
    ],
    tokens.days,
    '',
  )
  const others = table(
    [
      { title: 'table', value: (row) => row.table },
      { title: 'rows', value: (row) => `${row.isAll ? '' : 'over '}${countText(row.rows)}`, align: 'right' },
    ],
    tables,
    '',
  )
  return `${summary}\n${days}\n${others}`
}

function countText(count: number): string {
  return count.toLocaleString('en').replaceAll(',', ' ')
}

function behindNote(overdue: number): string {
  return `warning: ${countText(overdue)} dead rows should have been deleted by now. A server deletes them unless
purgeIntervalSeconds is 0; if one runs, see whether its log says why it could not. Or run: mintkeeper purge
`
}
