/** Runs the check between two servers, as the command does. */
import { type AskOptions, createAsk } from '../../src/cli/surface-check/ask.ts'
import { runCheck } from '../../src/cli/surface-check/run-check.ts'
import type { CheckedSurface } from '../../src/surface-check/case.ts'
import { CASES } from '../../src/surface-check/cases.ts'
import type { CaseResult } from '../../src/surface-check/play.ts'

export interface CheckedServers {
  readonly against: string
  readonly here: string
}

/** What came of each case, by its name. */
export type Results = ReadonlyMap<string, CaseResult>

/** Only the cases named, or all. */
export async function check(
  surface: CheckedSurface,
  { against, here }: CheckedServers,
  credentials: Readonly<Record<string, string>>,
  names: readonly string[] | null = null,
): Promise<Results> {
  const askOf = (origin: string, options: Pick<AskOptions, 'alone'> = {}) => {
    return createAsk({ base: new URL(origin), host: null, timeoutMs: 20_000, clock: Date.now, ...options })
  }
  const { password = '', client_secret = '' } = credentials
  const results = await runCheck(
    CASES[surface].filter(({ name }) => names === null || names.includes(name)),
    {
      surface,
      against: askOf(against),
      here: askOf(here, { alone: true }),
      credentials: new Map(Object.entries({ scope: 'admin', ...credentials })),
      secrets: [password, client_secret],
      ignoredHeaders: [],
    },
  )
  return new Map(results.map((result) => [result.case.name, result]))
}

/** The names of the cases that came out so. */
export function namesOf(results: Results, state: CaseResult['state']): readonly string[] {
  return [...results.values()].filter((result) => result.state === state).map((result) => result.case.name)
}

/** What was found in a case: field, old server, here, and whether it is meant. */
export function findingsOf(results: Results, name: string) {
  return (results.get(name)?.findings ?? []).map(({ kind, field, against, here, byDesign }) => {
    return [kind, field, against, here, byDesign === null ? 'different' : 'by design'] as const
  })
}
