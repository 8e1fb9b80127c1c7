import type { Case } from '../../surface-check/case.ts'
import type { CaseResult } from '../../surface-check/play.ts'
import { card, printable, table } from '../table.ts'
import { countsOf, type GroupedFinding, groupedFindings, notComparedIn, type Report } from './report.ts'

/** A line for each case, then every difference once, with the cases it was found in. */
export function reportText(report: Report): string {
  const { results } = report
  const cases = table<CaseResult>(
    [
      { title: 'state', value: ({ state }) => state },
      { title: 'case', value: (result) => result.case.name },
      { title: 'against', value: ({ statuses }) => String(statuses?.against ?? '-'), align: 'right' },
      { title: 'here', value: ({ statuses }) => String(statuses?.here ?? '-'), align: 'right' },
      { title: 'found', value: foundText },
    ],
    results,
    '',
  )
  const compared = results.filter(({ statuses }) => statuses !== null).length
  const servers = card([
    ['against', report.against],
    ['here', report.here],
  ])
  return [
    servers,
    cases,
    section('Different', groupedFindings(results, 'different'), compared),
    section('Different by design', groupedFindings(results, 'by design'), compared),
    notComparedText(report),
    `${countsText(results)}\n`,
  ]
    .filter((part) => part !== '')
    .join('\n')
}

/** What would be asked. */
export function caseTable(cases: readonly Case[]): string {
  return table<Case>(
    [
      { title: 'case', value: ({ name }) => name },
      { title: 'asks', value: ({ asks }) => asks },
      { title: 'source', value: ({ source }) => source },
    ],
    cases,
    '',
  )
}

function foundText({ reason, findings }: CaseResult): string {
  const differences = findings.length === 1 ? 'a difference' : `${findings.length} differences`
  return [...(reason === null ? [] : [reason]), ...(findings.length === 0 ? [] : [differences])].join('; ')
}

function section(title: string, groups: readonly GroupedFinding[], compared: number): string {
  if (groups.length === 0) return ''
  return [`${title}:\n`, ...groups.map((group) => findingText(group, compared))].join('\n')
}

function findingText({ finding, cases }: GroupedFinding, compared: number): string {
  const { field, against, here, setting, byDesign } = finding
  const lines = card([
    ['against', against ?? '(not there)'],
    ['here', here ?? '(not there)'],
    ['cases', cases.length === compared && compared > 1 ? 'all' : cases.join(', ')],
    ['why', byDesign],
    ['depends on', setting],
  ])
  return `${printable(field)}\n${lines.replaceAll(/^/gm, '  ').trimEnd()}\n`
}

function notComparedText(report: Report): string {
  const lines = notComparedIn(report).map(({ reason, headers }) => `  ${headers.join(', ')}: ${reason}\n`)
  return lines.length === 0 ? '' : `Headers that were not compared:\n\n${lines.join('')}`
}

function countsText(results: readonly CaseResult[]): string {
  const counts = Object.entries(countsOf(results)).filter(([, count]) => count > 0)
  return `${counts.map(([state, count]) => `${count} ${state}`).join(', ')}.`
}
