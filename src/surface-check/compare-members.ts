import type { CompareOptions, Difference, Side, Sides } from './difference.ts'
import type { Json } from './json.ts'
import { readJwt, shapeOf, withoutKnown, withoutSecrets } from './shape.ts'

/** Where members stand, and how their values may be shown. */
interface Place {
  readonly sides: Sides
  /** The name of a member's field. */
  readonly fieldOf: (name: string) => string
  /** `key order` and its kind. */
  readonly orderField: string
  /** Claims are no secrets, however long; members of a body may be. */
  readonly shows: (text: string, secrets: readonly string[]) => string
  readonly countsDown: boolean
}

/**
 * How a member is compared whose value is another in each answer. `token`, `random`: by its shape. `moment`: seconds
 * since the epoch, near now. `expiry`: by its distance from `iat`.
 */
type Kind = 'token' | 'random' | 'moment' | 'expiry'

const KINDS: Readonly<Record<string, Kind>> = {
  access_token: 'token',
  refresh_token: 'token',
  id_token: 'token',
  request_id: 'random',
  jti: 'random',
  // Each server has keys of its own.
  kid: 'random',
  created_at: 'moment',
  iat: 'moment',
  nbf: 'moment',
  auth_time: 'moment',
  exp: 'expiry',
}

/** How far clocks may be apart, and answers may take. Seconds. */
const SLACK = 300

/** A new token may have lost a second by the time its life is counted and rounded, as Doorkeeper does it. */
const ROUNDING = 1

/** How far apart the two servers may be asked for what is left of a token, each after two answers. Seconds. */
const COUNTED_SLACK = 60

/** What is different between the members of two JSON objects, and of those inside. */
export function compareMembers(
  against: Json,
  here: Json,
  sides: Sides,
  { countsDown }: CompareOptions,
): readonly Difference[] {
  return compareObjects(against, here, {
    sides,
    countsDown,
    fieldOf: (name) => name,
    orderField: 'key order',
    shows: withoutSecrets,
  })
}

function compareObjects(against: Json, here: Json, place: Place): readonly Difference[] {
  const names = new Set([...against.names, ...here.names])
  const inMembers = [...names].flatMap((name): readonly Difference[] => {
    const field = place.fieldOf(name)
    const [there, ours] = [against.members.get(name), here.members.get(name)]
    const texts = {
      against: there === undefined ? null : shown(name, there, against, place.sides.against, place),
      here: ours === undefined ? null : shown(name, ours, here, place.sides.here, place),
    }
    if (there === undefined || ours === undefined) {
      return [{ kind: ours === undefined ? 'missing' : 'extra', field, ...texts }]
    }
    return compareMember(name, { there, ours }, texts, place)
  })
  return [...compareOrder(against, here, place), ...inMembers]
}

/** Of the members that both have. One that is there twice is so here as well. */
function compareOrder(against: Json, here: Json, { orderField }: Place): readonly Difference[] {
  const there = against.names.filter((name) => here.members.has(name))
  const ours = here.names.filter((name) => against.members.has(name))
  if (JSON.stringify(there) === JSON.stringify(ours)) return []
  return [{ kind: 'order', field: orderField, against: there.join(', '), here: ours.join(', ') }]
}

function compareMember(
  name: string,
  { there, ours }: { readonly there: Json; readonly ours: Json },
  texts: Pick<Difference, 'against' | 'here'>,
  place: Place,
): readonly Difference[] {
  const field = place.fieldOf(name)
  if (there.type !== ours.type) return [{ kind: 'type', field, ...texts }]
  if (there.type === 'object') {
    const inside = (inner: string) => `${field}.${inner}`
    return compareObjects(there, ours, { ...place, fieldOf: inside, orderField: `${field} key order` })
  }
  const kind = kindOf(name)
  if (kind !== null) {
    if (texts.against !== texts.here) {
      return [{ kind: kind === 'token' || kind === 'random' ? 'shape' : 'value', field, ...texts }]
    }
    return kind === 'token' ? compareJwts(field, there.string ?? '', ours.string ?? '', place) : []
  }
  if (there.text === ours.text) return []
  if (name === 'expires_in' && there.integer !== null && ours.integer !== null) {
    const slack = place.countsDown ? COUNTED_SLACK : ROUNDING
    if (Math.abs(there.integer - ours.integer) <= slack) return []
  }
  const isAlike = texts.against === texts.here
  return [{ kind: 'value', field, ...texts, ...(isAlike && { here: `${texts.here}, another one` }) }]
}

/** Header and claims; nothing if they are no JWTs. */
function compareJwts(field: string, against: string, here: string, place: Place): readonly Difference[] {
  const [there, ours] = [readJwt(against), readJwt(here)]
  if (there === null || ours === null) return []
  const part = (what: string): Place => ({
    ...place,
    fieldOf: (name) => `${field} ${what} ${name}`,
    orderField: `${field} ${what} order`,
    shows: withoutKnown,
  })
  const signatures: readonly Difference[] =
    there.signatureLength === ours.signatureLength
      ? []
      : [
          {
            kind: 'shape',
            field: `${field} signature`,
            against: `${there.signatureLength} bytes`,
            here: `${ours.signatureLength} bytes`,
          },
        ]
  return [
    ...compareObjects(there.header, ours.header, part('header')),
    ...compareObjects(there.claims, ours.claims, part('claim')),
    ...signatures,
  ]
}

function kindOf(name: string): Kind | null {
  return Object.hasOwn(KINDS, name) ? (KINDS[name] ?? null) : null
}

/** A member as it may be shown: what is random by its shape, and with its type in any case. */
function shown(name: string, value: Json, { members }: Json, side: Side, place: Place): string {
  const { string, integer } = value
  const plain = place.shows(value.text, side.secrets)
  switch (kindOf(name)) {
    case 'token':
      return string === null ? plain : tokenText(string, side)
    case 'random':
      return string === null ? plain : shapeOf(string)
    case 'moment':
      return integer === null ? plain : momentText(integer, side)
    case 'expiry':
      return integer === null ? plain : expiryText(integer, members.get('iat')?.integer ?? null, side)
    case null:
      return plain
  }
}

/** Two JWTs of one second may be equal by chance; of others that means that a token was answered once more. */
function tokenText(token: string, { tokens }: Side): string {
  const earlier = readJwt(token) === null ? tokens.get(token) : undefined
  return earlier === undefined ? shapeOf(token) : `${shapeOf(token)}, that of ${earlier}`
}

function momentText(moment: number, { answer }: Side): string {
  const distance = moment - answer.receivedAt
  return Math.abs(distance) <= SLACK ? 'now' : `${signed(distance)} seconds from now`
}

function expiryText(expiry: number, issued: number | null, { answer }: Side): string {
  if (issued !== null) return `iat ${signed(expiry - issued)}`
  // Without `iat`, the time between the two answers makes a difference of seconds.
  return `about ${signed(Math.round((expiry - answer.receivedAt) / 60))} minutes from now`
}

function signed(count: number): string {
  return count < 0 ? `- ${-count}` : `+ ${count}`
}
