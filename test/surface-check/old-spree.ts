/** Spree as it was recorded: answers requests as those of the recordings were, on a real socket. */
import { randomBytes } from 'node:crypto'
import { SPREE_CASES } from '../../src/surface-check/spree-cases.ts'
import { NOBODY, WRONG } from '../../src/surface-check/wrong-values.ts'
import {
  type Case,
  type Exchange,
  fillRequest,
  MissingValue,
  type RecordedResponse,
  readRecording,
  type Step,
  type Values,
} from '../wire/spree/recording.ts'
import { CLIENTS, clientId, clientSecret } from '../wire/spree/shop.ts'
import { type Asked, type OldServer, type Said, startOldServer } from './old-server.ts'

/** What a credentials file says. */
export interface ShopCredentials {
  readonly username: string
  readonly password: string
  readonly client_id: string
  readonly client_secret: string
}

/** Whom the recorded shop knows. */
export const SHOP: ShopCredentials = {
  username: 'spree@example.com',
  password: 'spree123',
  client_id: clientId('admin'),
  client_secret: clientSecret('admin'),
}

export interface OldSpreeOptions {
  /** Default: the one of which everything was recorded. */
  readonly stack?: Stack
  /** Who takes the place of the recorded user and client. */
  readonly shop?: ShopCredentials
  /** Is asked first; null: it has nothing to say, and what was recorded is answered. */
  readonly also?: (asked: Asked) => Said | null
}

/** A value of a request, or the recorded one that it stands for. */
type Alike = (value: string) => string

/** One of the stacks that answer some things otherwise, in `elsewhere` of the recordings. */
export type Stack = `Spree ${string}`

/** The recordings that the documented requests of the check are answered from; the others name theirs. */
const OF_DOCUMENT: readonly string[] = [
  'password/json: customer, no client',
  'password/xml body',
  'scope/json null',
  'introspect/client, its own token',
  'client_credentials/json, scope admin',
  'client_credentials/no scope asked, client with scope admin',
  'refresh/json',
]

/** Who asked under which name does not matter: all users of the recordings are one, and so are all clients. */
const ALIKE: ReadonlyMap<string, string> = new Map([
  ['customer@example.com', SHOP.username],
  ['customer123', SHOP.password],
  ['nobody@example.com', NOBODY],
  ['a', NOBODY],
  ...['wrong', 'unknown', 'x', 'root', 'b'].map((value) => [value, WRONG] as const),
  ...(Object.keys(CLIENTS) as (keyof typeof CLIENTS)[]).flatMap((name) => [
    [clientId(name), SHOP.client_id] as const,
    [clientSecret(name), SHOP.client_secret] as const,
  ]),
])

/** Tokens of one recorded sequence, and how far it is. */
interface Session {
  readonly candidates: readonly Case[]
  readonly step: number
  readonly values: Values
}

const CONSTANTS: Values = new Map(
  (Object.keys(CLIENTS) as (keyof typeof CLIENTS)[]).flatMap((name) => [
    [`${name}_uid`, clientId(name)],
    [`${name}_secret`, clientSecret(name)],
  ]),
)

/** The recorded shop, or what another stack was recorded to answer. What was not recorded is a 599. */
export async function startOldSpree(options: OldSpreeOptions = {}): Promise<OldServer> {
  const { stack = null, shop = SHOP, also = () => null } = options
  const cases = recordedCases()
  const sessions = new Map<string, Session>()
  const own = new Map(
    Object.entries(shop).map(([name, value]) => [value, SHOP[name as keyof ShopCredentials]]),
  )
  const alike: Alike = (value) => own.get(value) ?? ALIKE.get(value) ?? value

  return await startOldServer((asked) => {
    const said = also(asked)
    if (said !== null) return said
    const session = [...sessions].find(([token]) => mentions(asked, token))?.[1]
    const { candidates, step, values } = session ?? {
      candidates: cases,
      step: 0,
      values: new Map(CONSTANTS),
    }
    const wanted = normal(asked, alike)
    const left = candidates.filter((each) => isAsked(each.steps[step], wanted, values, alike))
    // The one that goes on longest has a name for every token that may be asked about.
    const [first] = left.toSorted((one, other) => other.steps.length - one.steps.length)
    if (first === undefined) return { status: 599, headers: {}, body: `not recorded: ${wanted}` }
    const recorded = saidIn(first, step, stack, values)
    const body = recorded.body.replaceAll(SHOP.client_id, shop.client_id)
    const next: Session = { candidates: left, step: step + 1, values }
    for (const token of tokensOf(values)) sessions.set(token, next)
    return { ...recorded, body }
  })
}

function recordedCases(): readonly Case[] {
  const sources = SPREE_CASES.map(({ source }) => source.replace(/^recorded from Doorkeeper, /, ''))
  return readRecording().filter(({ name }) => {
    return OF_DOCUMENT.includes(name) || sources.some((source) => isNamed(source, name))
  })
}

/** Long names end with `…`. */
export function isNamed(source: string, name: string): boolean {
  return source.endsWith('…') ? name.startsWith(source.slice(0, -1).trim()) : source === name
}

function mentions({ body, headers }: Asked, token: string): boolean {
  return body.includes(token) || headers.authorization?.includes(token) === true
}

function isAsked(exchange: Step | undefined, wanted: string, values: Values, alike: Alike): boolean {
  if (exchange === undefined || !('request' in exchange)) return false
  try {
    const { method = 'GET', path, headers = {}, body } = fillRequest(exchange.request, values)
    const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
    return normal({ method, path, headers: Object.fromEntries(lower), body: body ?? '' }, alike) === wanted
  } catch (thrown) {
    // It goes on from an answer that this sequence has not had.
    if (thrown instanceof MissingValue) return false
    throw thrown
  }
}

/** A request as a line, in which whoever asks, and how, is as good as anybody else. */
function normal({ method, path, headers, body }: Asked, alike: Alike): string {
  const [route = '', query = ''] = path.split('?')
  const [scheme = '', credential = ''] = (headers.authorization ?? '').split(' ')
  const plain = scheme === 'Basic' ? Buffer.from(credential, 'base64').toString() : credential
  return [
    method,
    route,
    pairsText(new URLSearchParams(query), alike),
    scheme,
    plain.split(':').map(alike).join(':'),
    bodyText(headers['content-type'] ?? '', body, alike),
  ].join(' ')
}

function bodyText(type: string, body: string, alike: Alike): string {
  const text = (pairs: Pairs) => pairsText(pairs, alike)
  if (type.startsWith('multipart')) {
    const parts = [...body.matchAll(/name="(\w+)"\r\n\r\n([^\r]*)\r\n/g)]
    return `multipart ${text(parts.map(([, name = '', value = '']) => [name, value] as const))}`
  }
  if (type === 'application/xml') {
    const elements = [...body.matchAll(/<(\w+)>([^<]+)<\/\w+>/g)]
    return `xml ${text(elements.map(([, name = '', value = '']) => [name, value] as const))}`
  }
  if (type === 'text/plain') return `text ${text(new URLSearchParams(body))}`
  try {
    return text(Object.entries(JSON.parse(body)))
  } catch {
    return body.startsWith('{') ? body : text(new URLSearchParams(body))
  }
}

type Pairs = Iterable<readonly [string, unknown]>

function pairsText(pairs: Pairs, alike: Alike): string {
  const all = [...pairs]
  // Who it is matters only with a password.
  const isAnybody = (name: string) => name === 'username' && !all.some(([other]) => other === 'password')
  const text = ([name, value]: readonly [string, unknown]) => (isAnybody(name) ? '' : alike(String(value)))
  return JSON.stringify(all.map((pair) => [pair[0], text(pair)]).toSorted())
}

/** The recorded answer with values in it, as the stack gave it. */
function saidIn({ steps, elsewhere }: Case, step: number, stack: Stack | null, values: Values): Said {
  const exchange = steps[step] as Exchange
  const elsewhereAt = stack === null ? undefined : elsewhere[stack]?.[step]
  const response = elsewhereAt ?? exchange.response
  const placeholders = Object.keys(exchange.save ?? {})
  for (const name of placeholders) if (!values.has(name)) values.set(name, token())
  return {
    status: response.status,
    headers: headersOf(response, stack),
    body: bodyOf(response, stack, values),
  }
}

/** The recordings leave out what every answer of a stack has otherwise. */
function headersOf({ status, headers }: RecordedResponse, stack: Stack | null): Said['headers'] {
  const filled = Object.entries(headers).map(([name, value]) => [
    name,
    value === '{{any:weak-etag}}' ? 'W/"0123456789abcdef"' : value,
  ])
  const hasPragma = status < 400 || stack === null || !/Doorkeeper 5\.[89]/.test(stack)
  return Object.fromEntries(hasPragma ? filled : filled.filter(([name]) => name !== 'pragma'))
}

function bodyOf({ body }: RecordedResponse, stack: Stack | null, values: Values): string {
  if (typeof body === 'string') return body
  const now = Math.floor(Date.now() / 1000)
  const life = stack !== null && /^Spree 4\.[0-5]/.test(stack) ? 7200 : 2_629_746
  return JSON.stringify(body)
    .replaceAll('"expires_in":2629746', `"expires_in":${life}`)
    .replaceAll('"exp":"{{any:epoch}}"', `"exp":${now + life}`)
    .replaceAll('"{{any:epoch}}"', String(now))
    .replaceAll('"{{any:user-id}}"', '1')
    .replaceAll('{{any:token43}}', token)
    .replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = values.get(name) ?? token()
      values.set(name, value)
      return value
    })
}

function tokensOf(values: Values): readonly string[] {
  return [...values].filter(([name]) => /_token\d*$/.test(name)).map(([, value]) => value)
}

function token(): string {
  return randomBytes(32).toString('base64url')
}
