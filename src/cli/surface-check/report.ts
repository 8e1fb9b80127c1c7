import type { CheckedSurface } from '../../surface-check/case.ts'
import { reasonNotToCompare } from '../../surface-check/compared-headers.ts'
import type { CaseResult, CaseState, Finding } from '../../surface-check/play.ts'

/** What came of a check. */
export interface Report {
  readonly surface: CheckedSurface
  /** The URL of the old server. */
  readonly against: string
  /** The URL of Mintkeeper, or which tenant of this configuration was asked, and as which host. */
  readonly here: string
  /** Headers that were not to be compared, beside those that never are. */
  readonly ignoredHeaders: readonly string[]
  readonly results: readonly CaseResult[]
}

/** A finding and the cases it was made in, in which it was the same to the letter. */
export interface GroupedFinding {
  readonly finding: Finding
  readonly cases: readonly string[]
}

const STATES: readonly CaseState[] = ['same', 'by design', 'different', 'refused', 'no answer', 'not played']

/** For programs. */
export function reportData(report: Report) {
  const { surface, against, here, results } = report
  return {
    surface,
    against,
    here,
    counts: countsOf(results),
    cases: results.map(({ case: { name, asks, source }, ...result }) => ({
      name,
      asks,
      source,
      state: result.state,
      statuses: result.statuses,
      reason: result.reason,
      differences: result.findings,
    })),
    notCompared: notComparedIn(report),
  }
}

export function countsOf(results: readonly CaseResult[]): Readonly<Record<CaseState, number>> {
  const count = (state: CaseState) => results.filter((result) => result.state === state).length
  return Object.fromEntries(STATES.map((state) => [state, count(state)])) as Record<CaseState, number>
}

/** The findings that are meant, or those that are not; each once. */
export function groupedFindings(
  results: readonly CaseResult[],
  which: 'by design' | 'different',
): readonly GroupedFinding[] {
  const groups = new Map<string, { finding: Finding; cases: string[] }>()
  for (const { case: played, findings } of results) {
    for (const finding of findings) {
      if ((finding.byDesign === null) !== (which === 'different')) continue
      const key = JSON.stringify(finding)
      const group = groups.get(key) ?? { finding, cases: [] }
      group.cases.push(played.name)
      groups.set(key, group)
    }
  }
  return [...groups.values()]
}

export interface HeadersNotCompared {
  readonly reason: string
  readonly headers: readonly string[]
}

/** The headers that were there and were not compared, by the reason. */
export function notComparedIn({ results, ignoredHeaders }: Report): readonly HeadersNotCompared[] {
  const names = [...new Set(results.flatMap(({ notCompared }) => notCompared))].toSorted()
  const byReason = Map.groupBy(names, (name) => reasonNotToCompare(name, ignoredHeaders) ?? '')
  return [...byReason].map(([reason, headers]) => ({ reason, headers }))
}
