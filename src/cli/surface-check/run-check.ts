import { type Case, needsClient, needsUser } from '../../surface-check/case.ts'
import { isSuccess } from '../../surface-check/compare.ts'
import { type CaseResult, notPlayed, type Players, playCase } from '../../surface-check/play.ts'
import { CommandFailed, EXIT } from '../failure.ts'

/**
 * Plays cases one after the other. Throws `CommandFailed` if nothing can be proved: a server that does not answer, or
 * credentials that neither of the two takes, which is found out with the first case that needs them. A password or
 * secret that one of them refuses is not sent again, and a server that says nothing twice in a row is left alone.
 */
export async function runCheck(cases: readonly Case[], players: Players): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = []
  let refusedUser: CaseResult | null = null
  let refusedClient: CaseResult | null = null
  let silences = 0
  for (const played of cases) {
    const refused = (needsUser(played) ? refusedUser : null) ?? (needsClient(played) ? refusedClient : null)
    if (refused !== null) {
      results.push(notPlayed(played, `needs the login that was refused: see ${refused.case.name}`))
      continue
    }
    if (silences === 2) {
      results.push({ ...notPlayed(played, 'was not asked any more'), state: 'no answer' })
      continue
    }
    const result = await playCase(played, players)
    results.push(result)
    if (isCompared(result)) silences = 0
    if (result.state === 'no answer') silences += 1
    if (silences > 0 && !results.some(isCompared)) throw unanswered(result)
    const taken = takersOf(result)
    if (taken === 0 && !results.some((each) => (takersOf(each) ?? 0) > 0)) throw refusedByBoth(result)
    if (played.provesUser === true && taken === 1) refusedUser = result
    if (played.provesClient === true && isUnauthorized(result)) refusedClient = result
  }
  if (!results.some(isCompared)) throw nothingPlayed(results)
  return results
}

function isCompared({ statuses }: CaseResult): boolean {
  return statuses !== null
}

/** RFC 6749 §5.2: of `invalid_client` alone, 401 is the status. */
function isUnauthorized({ statuses }: CaseResult): boolean {
  return statuses?.against === 401 || statuses?.here === 401
}

function unanswered({ reason }: CaseResult): CommandFailed {
  return new CommandFailed(`${reason}.`, EXIT.unavailable)
}

/** How many of the two took good credentials; null: none were sent. */
function takersOf({ case: { succeeds }, statuses }: CaseResult): number | null {
  if (!succeeds || statuses === null) return null
  return [statuses.against, statuses.here].filter((status) => isSuccess({ status })).length
}

function refusedByBoth({ case: { name, asks }, statuses }: CaseResult): CommandFailed {
  return new CommandFailed(
    `Both servers refuse what must succeed, ${asks} (${name}): the old server answers ${statuses?.against}, Mintkeeper ${statuses?.here}.\nSee that the credentials in the file are right, that user and client are there in both systems, and that --against leads to the old server.`,
    EXIT.unavailable,
  )
}

function nothingPlayed([first]: readonly CaseResult[]): CommandFailed {
  const why = first === undefined ? '' : `: ${first.case.name} ${first.reason}`
  return new CommandFailed(`Nothing could be compared${why}.`, EXIT.unavailable)
}
