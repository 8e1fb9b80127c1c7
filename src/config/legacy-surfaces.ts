import { type Draft, mappingIn, mappingsIn, memberOf, textIn } from './draft.ts'
import { type Finding, formatPath } from './problem.ts'
import { secondsOfDateTime } from './text-values.ts'

/** 2024-01-08, since when the Token API v0 is deprecated: its API document. */
const NEWSTORE_DEPRECATION = '2024-01-08'

const DATE = /^\d{4}-\d{2}-\d{2}$/

/** What is looked through for some requests. Those that are over can go. */
const MAX_BROWN_OUTS = 100

/** What is wrong with how surfaces are said to end. */
export function findEndingProblems(tenant: Draft): readonly Finding[] {
  const surfaces = mappingIn(tenant, 'surfaces')
  if (surfaces === null) return []
  const newstore = mappingIn(surfaces, 'newstore')
  const spree = mappingIn(surfaces, 'spree')
  return [
    ...(newstore === null ? [] : sunsetProblems(newstore, NEWSTORE_DEPRECATION)),
    ...(spree === null ? [] : spreeProblems(spree)),
    ...[newstore, spree].flatMap((surface) => (surface === null ? [] : brownOutProblems(surface))),
  ]
}

/** RFC 9745 §4: "The timestamp given in the Sunset header field MUST NOT be earlier". */
function sunsetProblems(surface: Draft, deprecated: string): readonly Finding[] {
  const sunset = textIn(surface, 'sunset')
  if (sunset === null || !DATE.test(sunset) || sunset >= deprecated) return []
  const message = `must not be before ${deprecated}, when the surface was deprecated`
  return [{ path: [...surface.path, 'sunset'], message }]
}

function spreeProblems(spree: Draft): readonly Finding[] {
  const deprecated = textIn(spree, 'deprecated')
  if (deprecated !== null) return DATE.test(deprecated) ? sunsetProblems(spree, deprecated) : []
  if (memberOf(spree, 'deprecated') !== undefined) return []
  return ['sunset', 'sunsetPolicy', 'migrationGuide']
    .filter((key) => memberOf(spree, key) !== undefined)
    .map((key) => ({ path: [...spree.path, key], message: 'needs deprecated beside it' }))
}

function brownOutProblems(surface: Draft): readonly Finding[] {
  const brownOuts = mappingsIn(surface, 'brownOuts')
  const first = new Map<string, Draft>()
  const findings: Finding[] = []
  if (brownOuts.length > MAX_BROWN_OUTS) {
    const message = `must not list more than ${MAX_BROWN_OUTS}: those that are over can go`
    findings.push({ path: [...surface.path, 'brownOuts'], message })
  }
  for (const brownOut of brownOuts) {
    const [from, to] = [timeIn(brownOut, 'from'), timeIn(brownOut, 'to')]
    const users = memberOf(brownOut, 'users')
    if (Array.isArray(users) && users.length === 0) {
      const message = 'must name somebody; without it, it is for everybody'
      findings.push({ path: [...brownOut.path, 'users'], message })
    }
    if (from === null || to === null) continue
    if (to <= from) findings.push({ path: [...brownOut.path, 'to'], message: 'must be after from' })
    // The times are what it is named by, when it is ended early.
    const earlier = first.get(`${from} ${to}`)
    if (earlier === undefined) first.set(`${from} ${to}`, brownOut)
    else {
      const message = `has the times of ${formatPath(earlier.path)}: list the users of both there`
      findings.push({ path: brownOut.path, message })
    }
  }
  return findings
}

function timeIn(draft: Draft, key: string): number | null {
  const text = textIn(draft, key)
  return text === null ? null : secondsOfDateTime(text)
}
