import type { NotedRefusal } from '../http/noted-refusal.ts'
import type { TenantDirectory } from '../http/tenant.ts'
import { type BodyType, bodyTypeOf } from '../protocol/media-type.ts'
import type { SurfaceName } from '../protocol/policy.ts'
import { KNOWN_GRANT_TYPES, meantWord, OTHER_NAMES, PARAMETER_NAMES } from '../protocol/request-words.ts'
import type { BodyShape, Finding } from '../store/findings.ts'
import type { RedactedRequest } from '../store/refusals.ts'
import { SURFACES } from '../surfaces/index.ts'
import { pairsOf, shapeOf } from './body.ts'
import { type BodyKind, kindsRead } from './body-types.ts'
import { hostNameOf, mediaTypeOf } from './redacted-request.ts'

/** What the request itself tells: where it went, and in which form. */
export function requestFindings(
  refused: NotedRefusal,
  request: RedactedRequest,
  directory: TenantDirectory,
): readonly Finding[] {
  switch (refused.reason) {
    case 'unknown_path':
      return pathFindings(refused.path)
    case 'unknown_host':
      return hostFindings(refused, directory)
    case 'unknown_realm':
      return realmFindings(refused, directory)
    case 'surface_off':
      return [{ finding: 'surfaces_on', surfaces: surfacesOf(refused) }]
    case 'method':
      return [{ finding: 'methods', allow: refused.refusal.allow }]
    case 'body_too_large':
      return [{ finding: 'body_limit', bytes: refused.match.surface.bodyLimit }]
    default:
      return [...bodyFindings(refused, request), ...parameterFindings(refused)]
  }
}

/** Every path there is, by its letters alone. */
const PATHS: ReadonlyMap<string, string> = new Map(
  SURFACES.flatMap(({ routes }) => routes.flatMap(({ paths }) => paths.slice(0, 1))).map((path) => [
    plain(path),
    path,
  ]),
)

/** In lower case, without doubled slashes, the one at its end, and the prefix that Keycloak dropped. */
function plain(path: string): string {
  const text = path.toLowerCase().replaceAll(/\/+/g, '/').replace(/\/$/, '')
  return text.replace(/^(?:\/auth)?\/realms\/[^/]+/, '/realms/{tenant}')
}

function pathFindings(path: string): readonly Finding[] {
  const known = PATHS.get(plain(path)) ?? PATHS.get(plain(path).replace(/^\/api(?=\/)/, ''))
  return known === undefined ? [] : [{ finding: 'path_like', path: known }]
}

/** The tenant whose id is spelt otherwise, or whose host it was sent to. */
function realmFindings({ host, match }: NotedRefusal, directory: TenantDirectory): readonly Finding[] {
  const tenant = directory.byId(match.tenant?.toLowerCase() ?? '') ?? directory.byHost(host)
  return tenant === null ? [] : [{ finding: 'realm_like', tenant: tenant.id }]
}

function hostFindings({ host, request }: NotedRefusal, directory: TenantDirectory): readonly Finding[] {
  const asked = hostNameOf(host)
  const forwarded = request.headers.get('x-forwarded-host')
  return [
    ...(asked === null ? [] : [{ finding: 'host_unknown', host: asked } as const]),
    ...(forwarded === null || forwarded === host
      ? []
      : [{ finding: 'forwarded_host_ignored', isKnown: directory.byHost(forwarded) !== null } as const]),
  ]
}

function surfacesOf({ of }: NotedRefusal): readonly SurfaceName[] {
  return of === null ? [] : [...of.surfaces.keys()]
}

/** The parameter that the refusal names, and others whose names were meant to be one. */
function parameterFindings({ refusal, body, request }: NotedRefusal): readonly Finding[] {
  const { parameter } = refusal
  const findings: Finding[] = []
  if (parameter !== null && PARAMETER_NAMES.has(parameter)) {
    findings.push({ finding: 'parameter', name: parameter })
  }
  const pairs = body === null ? null : pairsOf(body, request.headers.get('content-type'))
  const grantType = pairs?.find(([name]) => name === 'grant_type')?.[1]
  const meantGrant = grantType == null ? null : meantWord(grantType, KNOWN_GRANT_TYPES)
  if (meantGrant !== null && refusal.code === 'unsupported_grant_type') {
    findings.push({ finding: 'grant_like', meant: meantGrant })
  }
  const names = pairs?.slice(0, 30).map(([name]) => name) ?? []
  return [...findings, ...likeFindings(names, grantType === 'password')]
}

/** A request has fewer parameters than that. */
const MOST_LIKE = 10

function likeFindings(names: readonly string[], isLogin: boolean): readonly Finding[] {
  const findings = names.flatMap((sent): Finding[] => {
    const other = isLogin ? OTHER_NAMES.get(sent) : undefined
    if (other !== undefined && !names.includes(other)) {
      return [{ finding: 'parameter_like', sent, meant: other }]
    }
    const meant = PARAMETER_NAMES.has(sent) ? null : meantWord(sent, PARAMETER_NAMES)
    return meant === null ? [] : [{ finding: 'parameter_like', sent: printed(sent), meant }]
  })
  return findings.slice(0, MOST_LIKE)
}

/** Of a name that has the letters of a known one. */
function printed(sent: string): string {
  return sent.replaceAll(/[^\w -]/g, '?')
}

/** What is in the way of reading a body at all. */
const UNREAD: ReadonlySet<string> = new Set(['missing_parameter', 'no_client', 'unsupported_media_type'])

function bodyFindings(refused: NotedRefusal, redacted: RedactedRequest): readonly Finding[] {
  const { body, request, reason, refusal, match } = refused
  const isUnread = UNREAD.has(reason) || refusal.code === 'malformed_body'
  if (!isUnread || body === null || match.route === null || match.route.method !== 'POST') return []
  const announced = request.headers.get('content-type')
  const findings: Finding[] = []
  if (redacted.headers.includes('content-encoding')) findings.push({ finding: 'body_compressed' })
  if (body.trim() === '') findings.push({ finding: 'body_empty' })
  const type = typeWithoutCharset(announced)
  if (type !== bodyTypeOf(announced)) findings.push({ finding: 'body_charset' })
  const read = kindsRead(match.route)
  const shape = shapeOf(body)
  // A body without a Content-Type is read as a form.
  const isOfType = shape === null || KIND_OF[shape] === (type === 'none' ? 'form' : type)
  const isRead = shape === null || read.includes(KIND_OF[shape])
  if (shape !== null && !isOfType) {
    findings.push({ finding: 'body_looks_like', shape, announced: mediaTypeOf(announced), isRead })
  }
  const names = redacted.query.filter((name) => PARAMETER_NAMES.has(name))
  if (names.length > 0) findings.push({ finding: 'parameters_in_query', names })
  const isTypeRead = type === 'none' || (type !== 'other' && read.includes(type))
  if (read.length > 0 && !(isTypeRead && isRead)) {
    findings.push({ finding: 'body_types', read: read.map((kind) => MEDIA_TYPES[kind]) })
  }
  return findings
}

const KIND_OF: Readonly<Record<BodyShape, BodyKind>> = {
  form: 'form',
  JSON: 'json',
  XML: 'xml',
  multipart: 'multipart',
}

/** What a header would announce if it named no charset, which may be one that nobody reads. */
function typeWithoutCharset(announced: string | null): BodyType {
  return bodyTypeOf(announced?.replaceAll(/;\s*charset\s*=\s*("[^"]*"|[^\s;",]*)/gi, '') ?? null)
}

const MEDIA_TYPES: Readonly<Record<BodyKind, string>> = {
  form: 'application/x-www-form-urlencoded',
  json: 'application/json',
  multipart: 'multipart/form-data',
  xml: 'application/xml',
}
