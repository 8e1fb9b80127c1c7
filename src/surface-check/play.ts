import type { Answer, Ask, Case, CheckedSurface, CheckRequest, RequestTemplate, Values } from './case.ts'
import { credentialsOf, fillRequest, NoAnswer, placeholdersOf } from './case.ts'
import { compareAnswers, headersNotCompared, isSuccess } from './compare.ts'
import type { Difference, Side } from './difference.ts'
import { readObject } from './json.ts'
import { type Deviation, findDeviation } from './known-differences.ts'
import { settingOf } from './settings.ts'
import { formsOf } from './shape.ts'

/** A difference, whether it is meant, and what decides about it. */
export interface Finding extends Difference {
  /** The deviation it is part of, and why; null: it is not meant. */
  readonly byDesign: string | null
  /** What decides about it here; null: nothing is known to. */
  readonly setting: string | null
}

/**
 * `same`. `by design`: every difference is meant. `different`: some are not. `refused`: both refuse what should have
 * succeeded, which proves nothing. `no answer`: one of the two has not answered it. `not played`: something that it needs
 * was not there.
 */
export type CaseState = 'same' | 'by design' | 'different' | 'refused' | 'no answer' | 'not played'

export interface CaseResult {
  readonly case: Case
  readonly state: CaseState
  /** Of the answers that were compared; null: there were none. */
  readonly statuses: { readonly against: number; readonly here: number } | null
  /** Why there is nothing to compare. */
  readonly reason: string | null
  readonly findings: readonly Finding[]
  /** Names of headers that were there, and were not compared. */
  readonly notCompared: readonly string[]
}

export interface Players {
  readonly surface: CheckedSurface
  /** The old server. */
  readonly against: Ask
  /** Mintkeeper. */
  readonly here: Ask
  readonly credentials: Values
  /** What must not be shown, of the credentials. */
  readonly secrets: readonly string[]
  /** Headers that are not compared, beside those that never are; in lower case. */
  readonly ignoredHeaders: readonly string[]
}

/** Asks both servers, one after the other, and compares what they answer. */
export async function playCase(played: Case, players: Players): Promise<CaseResult> {
  try {
    return await playBoth(played, players)
  } catch (thrown) {
    if (!(thrown instanceof NoAnswer)) throw thrown
    return { ...notPlayed(played, thrown.message), state: 'no answer' }
  }
}

async function playBoth(played: Case, players: Players): Promise<CaseResult> {
  const missing = credentialsOf(played).filter((name) => !players.credentials.has(name))
  if (missing.length > 0) return notPlayed(played, `needs ${missing.join(' and ')}`)
  const against = await playSide(played, players.against, players)
  if ('refused' in against) return notPlayed(played, `the old server ${against.refused}`)
  const here = await playSide(played, players.here, players)
  if ('refused' in here) return notPlayed(played, `Mintkeeper ${here.refused}`)
  return compared(played, against, here, players)
}

/** What comes before did not succeed: what the server did instead. */
interface Refused {
  readonly refused: string
}

async function playSide(
  { before, request }: Case,
  ask: Ask,
  { credentials, secrets }: Players,
): Promise<Side | Refused> {
  const values = new Map(credentials)
  const tokens = new Map<string, string>()
  for (const { name, request: template } of before) {
    const lacking = lackingOf(template, values)
    if (lacking !== null) return lacking
    const answer = await ask(fillRequest(template, values))
    if (!isSuccess(answer)) return { refused: `answers the ${name} before it with ${answer.status}` }
    for (const [member, token] of tokensOf(answer)) {
      values.set(`${name}.${member}`, token)
      // What is answered once more keeps the name it had first.
      if (!tokens.has(token)) tokens.set(token, `${name}.${member}`)
    }
  }
  const lacking = lackingOf(request, values)
  if (lacking !== null) return lacking
  const asked = fillRequest(request, values)
  const answer = await ask(asked)
  const answered = tokensOf(answer).map(([, token]) => token)
  const known = [...secrets.flatMap(formsOf), ...basicCredentials(asked), ...tokens.keys(), ...answered]
  return { answer, tokens, secrets: known }
}

/** Id and secret in Base64, as they are sent. */
function basicCredentials({ headers }: CheckRequest): readonly string[] {
  const [scheme, credentials] = (headers.Authorization ?? '').split(' ')
  return scheme === 'Basic' && credentials !== undefined ? [credentials] : []
}

function lackingOf(template: RequestTemplate, values: Values): Refused | null {
  const name = placeholdersOf(template).find((each) => !values.has(each))
  return name === undefined ? null : { refused: `has answered no ${name}` }
}

const TOKEN_MEMBERS: readonly string[] = ['access_token', 'refresh_token', 'id_token']

function tokensOf({ body }: Answer): readonly (readonly [member: string, token: string])[] {
  const members = readObject(body)?.members
  return TOKEN_MEMBERS.flatMap((name) => {
    const value = members?.get(name)?.string
    return typeof value === 'string' ? [[name, value] as const] : []
  })
}

function compared(played: Case, against: Side, here: Side, players: Players): CaseResult {
  const { surface, ignoredHeaders } = players
  const statuses = { against: against.answer.status, here: here.answer.status }
  const found = { surface, name: played.name, statuses: [statuses.against, statuses.here] as const }
  const differences = compareAnswers(
    { against, here },
    { countsDown: played.countsDown === true, ignoredHeaders },
  )
  const findings = differences.map((difference) => ({
    ...difference,
    byDesign: deviationText(findDeviation(difference, found)),
    setting: settingOf(difference, surface),
  }))
  const provesNothing = played.succeeds && !isSuccess(against.answer) && !isSuccess(here.answer)
  return {
    case: played,
    state: stateOf(findings, provesNothing),
    statuses,
    reason: provesNothing ? 'both refuse it' : null,
    findings,
    notCompared: [
      ...new Set([against, here].flatMap(({ answer }) => headersNotCompared(answer, ignoredHeaders))),
    ],
  }
}

/** As docs/reference/deviations.md has it. */
function deviationText(deviation: Deviation | null): string | null {
  return deviation === null ? null : `${deviation.what.replaceAll(/[`*]/g, '')}: ${deviation.why}`
}

function stateOf(findings: readonly Finding[], provesNothing: boolean): CaseState {
  if (findings.some(({ byDesign }) => byDesign === null)) return 'different'
  if (provesNothing) return 'refused'
  return findings.length > 0 ? 'by design' : 'same'
}

/** A case that is left out, and why. */
export function notPlayed(played: Case, reason: string): CaseResult {
  return { case: played, state: 'not played', statuses: null, reason, findings: [], notCompared: [] }
}
