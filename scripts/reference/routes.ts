import type { SurfacePolicy } from '../../src/protocol/policy.ts'
import type { Seconds } from '../../src/protocol/time.ts'
import { type Route, SURFACES, type Surface, type SurfaceRequest } from '../../src/surfaces/index.ts'
import { code, table } from './markdown.ts'

/** docs/reference/routes.md, from the surfaces' own tables. */
export function renderRoutesReference(): string {
  return `${[
    '# Routes of the token plane',
    'Paths are compared byte for byte. A known path with another method is 405 with `Allow`; an unknown path below the prefix of a surface is 404 in the shape of that surface, any other path in that of the standard surface. A surface that is off for a tenant answers 404. [Errors](errors.md) has the shapes, [admin-api.md](admin-api.md) the paths of the control plane.',
    'Parameters are read from the body only. A credential in the query string (`password`, `client_secret`, `access_token`, `refresh_token`, `token`, `client_assertion`) is refused on every surface.',
    '## Defaults by surface',
    table(
      [
        'surface',
        'access token',
        'life',
        'refresh',
        'reuse window',
        'refresh token lives',
        'grants',
        'client',
      ],
      SURFACES.map((surface) => defaultsRow(surface.name, surface.policy({}, EXAMPLE))),
    ),
    ...SURFACES.flatMap(renderSurface),
  ].join('\n\n')}\n`
}

const EXAMPLE = { id: 'example', issuer: 'https://tokens.example/' }

function defaultsRow(name: string, policy: SurfacePolicy): readonly string[] {
  return [
    name,
    accessTokenText(policy),
    `${policy.expiresIn} s`,
    code(policy.refresh),
    `${policy.reuseWindow} s`,
    refreshLifeText(policy),
    policy.grants.map(code).join(', '),
    policy.client,
  ]
}

function accessTokenText({ accessToken, jwt, tokenLength, signingAlgorithm }: SurfacePolicy): string {
  const asJwt = `JWT (${code(jwt.typ)}, ${signingAlgorithm ?? "the tenant's algorithm"})`
  const asOpaque = `opaque, ${tokenLength} characters`
  switch (accessToken) {
    case 'jwt':
      return asJwt
    case 'opaque':
      return asOpaque
    case 'per-client':
      return `${asJwt}, or ${asOpaque}, as the client's \`accessToken\` says`
  }
}

function refreshLifeText({ refreshExpiresIn, refreshIdleExpiresIn }: SurfacePolicy): string {
  const whole = refreshExpiresIn === null ? 'for ever' : days(refreshExpiresIn)
  return refreshIdleExpiresIn === null ? whole : `${whole}, unused ${days(refreshIdleExpiresIn)}`
}

function days(seconds: Seconds): string {
  return `${seconds / 86400} days`
}

function renderSurface(surface: Surface): readonly string[] {
  return [
    `## ${surface.name}`,
    `Bodies have at most ${surface.bodyLimit / 1024} KiB. Every answer has ${headersText(surface)}.`,
    table(
      ['method', 'path', 'endpoint', 'body'],
      surface.routes.map((route) => [
        code(route.method),
        route.paths.map(code).join(', '),
        route.endpoint,
        bodiesText(route),
      ]),
    ),
  ]
}

function headersText(surface: Surface): string {
  const policy = surface.policy({}, EXAMPLE)
  return Object.keys(surface.headers({ requestId: '', policy }))
    .map(code)
    .join(', ')
}

/** What each form of body looks like with parameters that every endpoint finds something of its own in. */
const PARAMETERS = { username: 'a', password: 'b', refresh_token: 'c', token: 'd' }

const BODIES: readonly (readonly [name: string, type: string | null, write: (fields: object) => string])[] = [
  ['form', 'application/x-www-form-urlencoded', (fields) => new URLSearchParams({ ...fields }).toString()],
  ['JSON', 'application/json', (fields) => JSON.stringify(fields)],
  [
    'multipart',
    'multipart/form-data; boundary=cut',
    (fields) =>
      `${Object.entries(fields)
        .map(([name, value]) => `--cut\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
        .join('')}--cut--`,
  ],
  [
    'XML',
    'application/xml',
    (fields) =>
      `<a>${Object.entries(fields)
        .map(([name, value]) => `<${name}>${value}</${name}>`)
        .join('')}</a>`,
  ],
  ['a form without `Content-Type`', null, (fields) => new URLSearchParams({ ...fields }).toString()],
]

/** Found out by asking: a body is read if the decoder finds a parameter in it. */
function bodiesText(route: Route): string {
  if (route.method === 'GET') return ''
  return BODIES.filter(([, type, write]) =>
    ['password', 'refresh_token'].some((grant) => {
      const body = write({ grant_type: grant, ...PARAMETERS })
      return isRead(route, { headers: headersOf(type), body })
    }),
  )
    .map(([name]) => name)
    .join(', ')
}

function headersOf(contentType: string | null): SurfaceRequest['headers'] {
  const basic = `Basic ${btoa('client:secret')}`
  const headers: Readonly<Record<string, string | null>> = {
    'content-type': contentType,
    authorization: basic,
  }
  return { get: (name) => headers[name] ?? null }
}

function isRead(route: Route, request: SurfaceRequest): boolean {
  try {
    switch (route.endpoint) {
      case 'token':
        return settled(route.decode(request)).grantType !== ''
      case 'revocation':
      case 'introspection':
        return settled(route.decode(request)).token === PARAMETERS.token
      default:
        return false
    }
  } catch {
    return false
  }
}

function settled<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new TypeError('a decoder that has to be waited for')
  return value
}
