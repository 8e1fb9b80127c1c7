import { OAuthError } from '../protocol/errors.ts'
import type { BodyType } from '../protocol/media-type.ts'
import type { Route, SurfaceRequest } from '../surfaces/index.ts'

export type BodyKind = Exclude<BodyType, 'none' | 'other'>

/** One parameter, in each form. */
const SAMPLES: Readonly<Record<BodyKind, readonly [contentType: string, body: (name: string) => string]>> = {
  form: ['application/x-www-form-urlencoded', (name) => `${name}=x`],
  json: ['application/json', (name) => `{"${name}":"x"}`],
  multipart: [
    'multipart/form-data; boundary=b',
    (name) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nx\r\n--b--`,
  ],
  xml: ['application/xml', (name) => `<r><${name}>x</${name}></r>`],
}

const KINDS: readonly BodyKind[] = ['form', 'json', 'multipart', 'xml']

/** In which forms a route reads parameters: found out by giving it one, so that no list of them can be out of date. */
export function kindsRead(route: Route): readonly BodyKind[] {
  if (route.endpoint !== 'token' && route.endpoint !== 'revocation') return []
  return KINDS.filter((kind) => reads(route, kind))
}

function reads(route: Extract<Route, { endpoint: 'token' | 'revocation' }>, kind: BodyKind): boolean {
  const [contentType, bodyOf] = SAMPLES[kind]
  const request = (name: string): SurfaceRequest => ({
    headers: { get: (header) => (header === 'content-type' ? contentType : null) },
    body: bodyOf(name),
  })
  try {
    return route.endpoint === 'token'
      ? route.decode(request('grant_type')).grantType !== ''
      : route.decode(request('token')).token === 'x'
  } catch (thrown) {
    // It has read what the grant type is.
    return thrown instanceof OAuthError && thrown.code === 'unsupported_grant_type'
  }
}
