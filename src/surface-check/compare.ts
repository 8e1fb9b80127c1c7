import type { Answer } from './case.ts'
import { compareMembers } from './compare-members.ts'
import { meaningOf, reasonNotToCompare } from './compared-headers.ts'
import type { CompareOptions, Difference, Side, Sides } from './difference.ts'
import { readObject } from './json.ts'
import { withoutSecrets } from './shape.ts'

/**
 * All that is different between two answers: status, headers, and of a JSON object its members, their order, types,
 * values and, where these are random, shapes. Of a JWT, header and claims. If only one of the two is a success there is
 * no sense in comparing members: then it says what each of them is.
 */
export function compareAnswers(sides: Sides, options: CompareOptions): readonly Difference[] {
  const { against, here } = sides
  const status = compareStatus(against.answer.status, here.answer.status)
  if (isSuccess(against.answer) !== isSuccess(here.answer)) {
    return [...status, { kind: 'value', field: 'body', against: summaryOf(against), here: summaryOf(here) }]
  }
  const inside = [...compareHeaders(sides, options), ...compareBodies(sides, options)]
  return [...status, ...inside.map((difference) => withoutSecretNames(difference, sides))]
}

/** A server that repeats what it was sent may have made it the name of a header or member. */
function withoutSecretNames(difference: Difference, { against, here }: Sides): Difference {
  const secrets = [...against.secrets, ...here.secrets]
  const { field, kind } = difference
  const [there, ours] = [difference.against, difference.here].map((text) => {
    return text === null || kind !== 'order' ? text : withoutSecrets(text, secrets)
  })
  return { ...difference, field: withoutSecrets(field, secrets), against: there ?? null, here: ours ?? null }
}

export function isSuccess({ status }: Pick<Answer, 'status'>): boolean {
  return status >= 200 && status < 300
}

/** The headers of an answer that are not compared. */
export function headersNotCompared({ headers }: Answer, ignored: readonly string[]): readonly string[] {
  return [...headers.keys()].filter((name) => reasonNotToCompare(name, ignored) !== null)
}

function compareStatus(against: number, here: number): readonly Difference[] {
  return against === here
    ? []
    : [{ kind: 'status', field: 'status code', against: String(against), here: String(here) }]
}

function compareHeaders({ against, here }: Sides, { ignoredHeaders }: CompareOptions): readonly Difference[] {
  const names = new Set([...against.answer.headers.keys(), ...here.answer.headers.keys()])
  return [...names].toSorted().flatMap((name): readonly Difference[] => {
    if (reasonNotToCompare(name, ignoredHeaders) !== null) return []
    const field = `header ${name}`
    const [there, ours] = [headerText(against, name), headerText(here, name)]
    if (there === null || ours === null) {
      return [{ kind: ours === null ? 'missing' : 'extra', field, against: there, here: ours }]
    }
    const [meaning, ourMeaning] = [against, here].map((side) => {
      return meaningOf(name, side.answer.headers.get(name) ?? '')
    })
    if (meaning === ourMeaning) return []
    return [{ kind: 'value', field, against: there, here: orAnother(ours, there) }]
  })
}

function headerText({ answer, secrets }: Side, name: string): string | null {
  const value = answer.headers.get(name)
  return value === undefined ? null : withoutSecrets(value, secrets)
}

function compareBodies(sides: Sides, options: CompareOptions): readonly Difference[] {
  const { against, here } = sides
  const [there, ours] = [readObject(against.answer.body), readObject(here.answer.body)]
  if (there !== null && ours !== null) return compareMembers(there, ours, sides, options)
  if (against.answer.body === here.answer.body) return []
  const [text, ourText] = [bodyText(against), bodyText(here)]
  return [{ kind: 'type', field: 'body', against: text, here: orAnother(ourText, text) }]
}

/** Two values that are not the same must not look the same when what is secret about them is left out. */
function orAnother(text: string, other: string): string {
  return text === other ? `${text}, another one` : text
}

function bodyText({ answer, secrets }: Side): string {
  if (answer.body === '') return 'empty'
  const value = readObject(answer.body)
  if (value !== null) return withoutSecrets(`JSON with ${value.names.join(', ')}`, secrets)
  const type = withoutSecrets(answer.headers.get('content-type') ?? 'no type', secrets)
  return `${answer.body.length} characters of ${type}`
}

/** A line on an answer whose members are not compared. */
function summaryOf(side: Side): string {
  const location = headerText(side, 'location')
  if (location !== null && side.answer.status >= 300 && side.answer.status < 400)
    return `a redirect to ${location}`
  const value = readObject(side.answer.body)
  if (value === null || isSuccess(side.answer)) return bodyText(side)
  const said = ['error', 'message', 'error_description'].flatMap((name) => {
    const member = value.members.get(name)
    return member?.string ?? (member?.type === 'object' ? 'object' : [])
  })
  return said.length === 0 ? bodyText(side) : withoutSecrets(said.join(': '), side.secrets)
}
