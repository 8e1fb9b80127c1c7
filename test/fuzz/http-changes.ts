/** What can be wrong with a request line and headers (T104, T129, T131, T140), and what must make no difference. */
import { SURFACES } from '../../src/surfaces/index.ts'
import type { Change } from './credential-changes.ts'
import { basicHeader, changed } from './draft.ts'
import { MARKER } from './target.ts'
import { BARE_HOST, CLIENT, HOST, PASSWORD, USERNAME } from './world.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH']

const method: Change = (draft, choice) => {
  const others = METHODS.filter((each) => each !== draft.method)
  return changed(draft, 'another method', 'broken', { method: choice.of(others) })
}

/** Every path there is, with its other spellings. */
const PATHS: ReadonlySet<string> = new Set(
  SURFACES.flatMap(({ routes }) => routes.flatMap(({ paths }) => paths)).map((path) =>
    path.replace('{tenant}', 'dodici'),
  ),
)

const path: Change = (draft, choice) => {
  const { target } = draft
  const middle = choice.below(target.length)
  const letter = target.charCodeAt(middle).toString(16)
  const next = choice.of([
    `${target}/`,
    `${target}.json`,
    `/${target}`,
    target.replace('/', '//'),
    target.toUpperCase(),
    `${target.slice(0, middle)}%${letter}${target.slice(middle + 1)}`,
    target.replaceAll('/', '%2F'),
    target.replaceAll('/', '\\'),
    `${target};x`,
    `${target};${MARKER}=1`,
    `${target}%00`,
    `${target}%20`,
    `${target}/.`,
    `${target}/../${MARKER}`,
    `/.${target}`,
    `/x/..${target}`,
    `${target}${'/x'.repeat(2000)}`,
    target.slice(0, -1),
    target.replace(
      'dodici',
      choice.of(['nobody', 'other', 'bare', 'DODICI', '__proto__', '..', '%64odici', '']),
    ),
    '/',
    '/__proto__',
    `/${MARKER}`,
    '/v0',
    '/admin/v1/tenants',
  ])
  if (next === target) return null
  // Keys are every tenant's own affair, whatever surfaces it has.
  const served =
    PATHS.has(next) || (draft.operation.endpoint === 'jwks' && /realms\/(?:other|bare)\//.test(next))
  return changed(draft, `the path ${next.slice(0, 60)}`, served ? 'odd' : 'broken', { target: next })
}

const credentialInQuery: Change = (draft, choice) => {
  const name = choice.of([
    'password',
    'token',
    'refresh_token',
    'access_token',
    'client_secret',
    'client_assertion',
  ])
  const there = draft.pairs.find(([each]) => each === name)?.[1]
  const value = typeof there === 'string' ? encodeURIComponent(there) : choice.of(['', 'x', '%zz'])
  const text = choice.of([`?${name}=${value}`, `?${name}`, `?x=1&${name}=${value}`, `?${name}[]=${value}`])
  const escaped = choice.percent(20) ? text.replace(name[0]!, `%${name.charCodeAt(0).toString(16)}`) : text
  return changed(draft, `${name} in the query`, 'broken', { target: draft.target + escaped })
}

/** All of it in the query, and none of it in the body. */
const queryForBody: Change = (draft) => {
  if (draft.pairs.length === 0) return null
  const query = draft.pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')
  const target = `${draft.target}?${query}`
  return changed(draft, 'the query for a body', 'broken', { target, pairs: [], spoil: () => Buffer.of() })
}

const authorization: Change = (draft, choice) => {
  if (draft.operation.method === 'GET' && draft.bearer === null) return null
  const { basic } = draft
  const right = basic === null ? basicHeader(CLIENT.id, 'x') : basicHeader(basic.id, basic.secret)
  const text = right.slice('Basic '.length)
  const value = choice.of([
    ...[
      'Basic',
      'Basic ',
      'Basic !!!',
      'Basic Og',
      'Basic /w==',
      'Basic AAA6AAA=',
      'Bearer',
      'Bearer  ',
      'Digest x',
    ],
    ...[
      text,
      `Basic: ${text}`,
      `Basic\t${text}`,
      `Basic${text}`,
      `Token ${text}`,
      `Bearer ${text}.`,
      `Basic ${text}!`,
    ],
    ...[
      `Basic ${text}, Basic ${text}`,
      `"${right}"`,
      `Negotiate ${'A'.repeat(6000)}`,
      `Basic ${'QUFB'.repeat(2500)}`,
    ],
    ...[
      `Basic ${Buffer.from(`${USERNAME}`).toString('base64')}`,
      `Bearer ${PASSWORD}`,
      'Bearer null',
      '__proto__',
    ],
    ...[`Basic ${Buffer.from([0xff, 0x3a, 0xff]).toString('base64')}`, 'Bearer \xe9\xff', ',', '=', MARKER],
  ])
  // NewStore knows no such header; Spree takes one that it can not read for none.
  const form = { newstore: 'documented', spree: 'odd', standard: 'broken', realm: 'broken' } as const
  const reads = draft.operation.method === 'POST' ? form[draft.operation.surface] : 'odd'
  return changed(draft, `Authorization: ${value.slice(0, 30)}`, reads, {
    authorization: value,
    basic: null,
    bearer: null,
  })
}

const UNKNOWN_HOSTS = [
  'nobody.example',
  `${HOST}.evil.example`,
  `evil.${HOST}`,
  `${HOST}@${MARKER}`,
  MARKER,
  '..',
  '[::1]',
]

const host: Change = (draft, choice) => {
  const public_ = draft.operation.method === 'GET' && draft.operation.endpoint !== 'info'
  const known = [HOST.toUpperCase(), `${HOST}:8443`, `${HOST}.`, `${HOST}:`, `${HOST}:x`]
  const next = choice.of([...known, ...UNKNOWN_HOSTS, BARE_HOST, ''])
  // The realm's path names the tenant, and who asks for keys may ask any.
  const matters = draft.operation.surface !== 'realm' && !known.includes(next) && next !== ''
  const broken = matters && !(public_ && next === BARE_HOST)
  return changed(draft, `the host ${next}`, broken ? 'broken' : 'odd', { host: next })
}

const twoHosts: Change = (draft, choice) =>
  changed(draft, 'two hosts', 'broken', {
    headers: [...draft.headers, ['host', choice.of([HOST, 'evil.example'])]],
  })

/** A second header that says something else than the first. */
const typeTwice: Change = (draft, choice) => {
  if (draft.pairs.length === 0 || draft.contentType === null) return null
  const other = choice.of(['text/plain', 'application/x-www-form-urlencoded; x=y', MARKER])
  return changed(draft, 'two types', 'broken', { headers: [...draft.headers, ['content-type', other]] })
}

const authorizationTwice: Change = (draft, choice) => {
  const { authorization, basic, bearer } = draft
  if (authorization !== null || (basic === null && bearer === null)) return null
  const other = choice.of([basicHeader(CLIENT.id, 'x'), `Bearer ${PASSWORD}`, MARKER])
  // Spree takes a header that it can not read for none, and a user may come without a client.
  const form = bearer === null && draft.operation.surface === 'spree' ? 'odd' : 'broken'
  return changed(draft, 'two authorizations', form, {
    headers: [...draft.headers, ['authorization', other]],
  })
}

/** Header and claims of proofs that nothing has signed. */
const PROOFS = ['none', 'HS256', 'ES256'].map((alg) =>
  [
    { typ: 'dpop+jwt', alg, jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } },
    { htm: 'POST', jti: 'x', iat: 1 },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.'),
)

/** Where proofs are known, one that is none; elsewhere nobody looks. */
const badProof: Change = (draft, choice) => {
  const { surface, endpoint } = draft.operation
  const isRead = endpoint === 'token' && (surface === 'standard' || surface === 'realm')
  const proof = choice.of([
    '',
    'x',
    MARKER,
    'null',
    'a.b.c',
    'x'.repeat(5000),
    ...PROOFS.map((text) => `${text}.x`),
  ])
  return changed(draft, 'a bad proof', isRead ? 'broken' : 'documented', {
    headers: [...draft.headers, ['DPoP', proof]],
  })
}

export const HTTP_CHANGES: readonly Change[] = [
  ...[
    method,
    path,
    path,
    credentialInQuery,
    queryForBody,
    authorization,
    authorization,
    host,
    twoHosts,
    typeTwice,
    authorizationTwice,
    badProof,
  ],
]

/** Nothing that is said here may change what is decided. */
const NOISE: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['X-Forwarded-For', ['203.0.113.9', '::1', '127.0.0.1, 10.0.0.1', 'unknown', MARKER, ','.repeat(3000)]],
  ['X-Forwarded-Host', ['evil.example', BARE_HOST, MARKER, '']],
  ['X-Forwarded-Proto', ['http', 'gopher', MARKER]],
  ['X-Forwarded-Port', ['1', 'x']],
  ['Forwarded', [`for=1;host=${BARE_HOST};proto=http`, `host="${MARKER}"`]],
  ['X-Real-IP', ['127.0.0.1']],
  ['CF-Connecting-IP', ['127.0.0.1']],
  ['X-Original-URL', ['/admin/v1', `/${MARKER}`]],
  ['X-Rewrite-URL', ['/oauth/introspect']],
  ['X-HTTP-Method-Override', ['GET', 'DELETE']],
  ['X-Request-Id', ['x', MARKER, '9287978A-6641-410E-B7DB-102C22A4F392', 'a'.repeat(5000)]],
  ['X-NewStore-Request-Id', ['9287978a-6641-410e-b7db-102c22a4f392', `${MARKER}\t`]],
  ['Origin', ['null', 'https://evil.example', MARKER]],
  ['Referer', [`https://evil.example/${MARKER}`]],
  ['Cookie', ['session=1', '__proto__=x']],
  ['Accept', ['application/json', 'text/html, */*', '', 'x/y;q=2', 'application/json;q=0', MARKER]],
  ['Accept-Language', ['de', '*']],
  ['Accept-Encoding', ['gzip, br', 'identity;q=0']],
  ['Content-Language', ['tlh']],
  ['Expect', ['100-continue']],
  ['User-Agent', ['', `${'a'.repeat(5000)}!`, `${MARKER} \xe9\xff`, 'Mozilla/5.0 ((((((((((']],
  ['Connection', ['keep-alive', 'X-Forwarded-For', 'close']],
  ['Constructor', ['x']],
  ['__proto__', ['x']],
  ['DPoP-Nonce', ['x']],
  ['traceparent', ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '00-x']],
]

export const noise: Change = (draft, choice) => {
  const [name, values] = choice.of(NOISE)
  return changed(draft, name, 'documented', { headers: [...draft.headers, [name, choice.of(values)]] })
}

export const query: Change = (draft, choice) => {
  if (draft.target.includes('?')) return null
  const text = choice.of([
    ...[
      '?',
      '?x=1',
      '?&&&',
      '?=',
      '?%',
      '?%zz',
      '?__proto__=1',
      '?grant_type=client_credentials',
      '?scope=admin',
    ],
    ...[
      '?username=x&client_id=x',
      `?x=${MARKER}`,
      `?${'a=1&'.repeat(2000)}`,
      '?a[]=1&a[b]=2',
      '??',
      '?x=%00%ff',
    ],
  ])
  return changed(draft, `the query ${text.slice(0, 30)}`, 'documented', { target: draft.target + text })
}
