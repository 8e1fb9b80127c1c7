import type { NotedRefusal } from '../http/noted-refusal.ts'
import { queryOf } from '../protocol/http.ts'
import { hasTwoValues } from '../protocol/media-type.ts'
import {
  KNOWN_GRANT_TYPES,
  KNOWN_MEDIA_TYPES,
  KNOWN_SCHEMES,
  KNOWN_SCOPES,
  METHODS,
  PARAMETER_NAMES,
  PATH_WORDS,
  TELLING_HEADERS,
  TOKEN_PARAMETERS,
  UNSHOWN,
} from '../protocol/request-words.ts'
import { tokenLook } from '../protocol/token-look.ts'
import { userAgentOf } from '../protocol/user-agent.ts'
import type { RedactedParameter, RedactedRequest } from '../store/refusals.ts'
import { SURFACES } from '../surfaces/index.ts'
import { type Pair, pairsOf, pairsOfForm } from './body.ts'

/** What may be shown because there is such a thing. */
interface KnownNames {
  /** The client and the user the request was from, if they were found. */
  readonly client: string | null
  readonly user: string | null
  readonly scopes: ReadonlySet<string>
}

const MOST_PARAMETERS = 30
const MOST_SCOPES = 30
/** Of all values: words that may be shown can be repeated. */
const MOST_CHARACTERS = 1000

const SEGMENTS: ReadonlySet<string> = new Set(
  [...SURFACES.flatMap(({ routes }) => routes.flatMap(({ paths }) => paths)), ...PATH_WORDS]
    .flatMap((path) => path.split('/'))
    .filter((segment) => !segment.startsWith('{')),
)

export function redactedRequest(refused: NotedRefusal, known: KnownNames): RedactedRequest {
  const { request, body, match } = refused
  const header = (name: string) => request.headers.get(name)
  const pairs = body === null ? null : pairsOf(body, header('content-type'))
  return {
    method: METHODS.has(request.method) ? request.method : UNSHOWN,
    path: redactedPath(refused.path, match.tenant !== null ? refused.tenant : null),
    query: namesOf(pairsOfForm(queryOf(request.url))),
    host: hostNameOf(refused.host),
    userAgent: userAgentOf(header('user-agent')),
    contentType: mediaTypeOf(header('content-type')),
    contentLength: lengthOf(header('content-length')),
    authorization: schemeOf(header('authorization')),
    headers: TELLING_HEADERS.filter((name) => header(name) !== null),
    parameters: pairs === null ? null : redactedParameters(pairs, known),
  }
}

/** A host name with its port, in lower case; null for what is none. */
export function hostNameOf(host: string | null): string | null {
  if (host === null) return null
  const name = host.toLowerCase()
  return /^[a-z0-9.-]{1,253}(:\d{1,5})?$|^\[[0-9a-f:.]{2,45}\](:\d{1,5})?$/.test(name) ? name : null
}

/** The media type without its parameters; null: none was sent. Not of two. */
export function mediaTypeOf(contentType: string | null): string | null {
  if (contentType === null || contentType === '') return null
  const essence = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
  return KNOWN_MEDIA_TYPES.has(essence) && !hasTwoValues(contentType) ? essence : UNSHOWN
}

function redactedPath(path: string, tenant: string | null): string {
  const segments = path.split('/', 20)
  return segments
    .map((segment) => (SEGMENTS.has(segment) || segment === tenant ? segment : UNSHOWN))
    .join('/')
}

/** Each once. */
function namesOf(pairs: readonly Pair[]): readonly string[] {
  return [...new Set(pairs.slice(0, MOST_PARAMETERS).map(([name]) => shownName(name)))]
}

function shownName(name: string): string {
  const bracket = name.indexOf('[')
  const base = bracket === -1 ? name : name.slice(0, bracket)
  if (!PARAMETER_NAMES.has(base)) return UNSHOWN
  return bracket === -1 ? base : `${base}[]`
}

function lengthOf(header: string | null): number | null {
  return header !== null && /^\d{1,12}$/.test(header) ? Number(header) : null
}

function schemeOf(header: string | null): string | null {
  if (header === null) return null
  const [scheme = ''] = header.trim().split(' ', 1)
  return KNOWN_SCHEMES.get(scheme.toLowerCase()) ?? UNSHOWN
}

function redactedParameters(pairs: readonly Pair[], known: KnownNames): readonly RedactedParameter[] {
  let room = MOST_CHARACTERS
  return pairs.slice(0, MOST_PARAMETERS).map(([name, sent]) => {
    const value = shownValue(name, sent, known)
    room -= value.length
    return { name: shownName(name), value: room < 0 ? '[and more]' : value }
  })
}

function shownValue(name: string, value: string | null, known: KnownNames): string {
  if (value === null) return '[no text]'
  if (value === '') return '[empty]'
  switch (name) {
    case 'grant_type':
      return KNOWN_GRANT_TYPES.has(value) ? value : '[no grant type]'
    case 'client_id':
      return value === known.client ? value : '[not known]'
    case 'username':
      return known.user === null ? '[not known]' : `[the user ${known.user}]`
    case 'scope':
      return scopeText(value, known.scopes)
    case 'token_type_hint':
      return ['access_token', 'refresh_token'].includes(value) ? value : '[not shown]'
    case 'client_assertion_type':
      return value === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' ? value : '[not shown]'
    case 'client_assertion':
      return `[${tokenLook(value)}]`
    case 'client_secret':
    case 'password':
      return '[secret]'
    default:
      return TOKEN_PARAMETERS.has(name) ? `[${tokenLook(value)}]` : '[not shown]'
  }
}

function scopeText(value: string, scopes: ReadonlySet<string>): string {
  const words = value.split(' ').filter((word) => word !== '')
  const shown = words.slice(0, MOST_SCOPES).map((word) => {
    return scopes.has(word) || KNOWN_SCOPES.has(word) ? word : UNSHOWN
  })
  return [...shown, ...(words.length > MOST_SCOPES ? ['[and more]'] : [])].join(' ')
}
