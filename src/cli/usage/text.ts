import { table } from '../table.ts'
import { timeText } from '../time-text.ts'
import type { UsageReport } from './report.ts'
import { callerText, countText, dayText, remarksOf, slopeText, zeroText } from './words.ts'

/** A report for people at a terminal. */
export function reportText({ summary, callers, stillDeprecated, withSuccessor }: UsageReport): string {
  const ways = table(
    [
      { title: 'surface', value: ({ surface }) => surface },
      { title: 'use', value: ({ use }) => use },
      { title: 'calls', value: ({ succeeded }) => countText(succeeded), align: 'right' },
      { title: 'refused', value: ({ failed }) => countText(failed), align: 'right' },
      { title: '7 days', value: ({ lastWeek }) => countText(lastWeek), align: 'right' },
      { title: '7 before', value: ({ weekBefore }) => countText(weekBefore), align: 'right' },
      { title: 'trend', value: slopeText, align: 'right' },
      { title: 'none left on', value: (use) => zeroText(use, summary.until) },
    ],
    summary.uses,
    `Nobody has called since ${dayText(summary.since)}. What was called within the last minute may not be known yet.`,
  )
  if (summary.uses.length === 0) return ways
  const who = table(
    [
      { title: 'who', value: callerText },
      { title: 'surface', value: ({ surface }) => surface },
      { title: 'use', value: ({ use }) => use },
      { title: 'calls', value: ({ succeeded }) => countText(succeeded), align: 'right' },
      { title: 'refused', value: ({ failed }) => countText(failed), align: 'right' },
      { title: '7 days', value: ({ lastWeek }) => countText(lastWeek), align: 'right' },
      { title: '7 before', value: ({ weekBefore }) => countText(weekBefore), align: 'right' },
      { title: 'last', value: ({ lastAt }) => timeText(lastAt) },
      { title: 'remarks', value: (caller) => remarksOf(caller).join('; ') },
    ],
    callers,
    '',
  )
  const many = `${countText(stillDeprecated)} ${stillDeprecated === 1 ? 'caller' : 'callers'}`
  return `${ways}\n${who}\nStill by deprecated ways in the last 7 days: ${many}, of which ${countText(withSuccessor)} could use a client that is there already.\n`
}
