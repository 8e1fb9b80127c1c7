/** Requests of any shape to any route, none with a credential that is good where it is sent. */
import fc from 'fast-check'
import { SURFACE_NAMES } from '../../src/protocol/policy.ts'
import { ENCODERS, type Encoding } from './encoding.ts'
import { chosenOf, parametersOf } from './parameters-arbitrary.ts'
import { MARKER, often, TARGETS, type Target } from './target.ts'
import { BARE_HOST, HOST, type World } from './world.ts'

export interface FuzzedRequest {
  readonly method: string
  readonly url: string
  readonly host: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export function fuzzedRequest(world: World): fc.Arbitrary<FuzzedRequest> {
  const target = fc.constantFrom(...SURFACE_NAMES).chain((name) => {
    const own = TARGETS.filter(({ surface }) => surface === name)
    const token = own.filter(({ endpoint }) => endpoint === 'token')
    return fc.oneof(fc.constantFrom(...own), fc.constantFrom(...token))
  })
  return target.chain((target) =>
    fc
      .record({
        method: often(target.method, fc.constantFrom(...METHODS)),
        url: urlOf(target.path),
        host: often(HOST, fc.oneof(fc.constant(BARE_HOST), fc.constantFrom(...HOSTS))),
        chosen: chosenOf(target, world),
        parameters: parametersOf(target, world),
        encoding: BODY_TYPES[target.surface],
        contentType: often(null, fc.constantFrom(...CONTENT_TYPES)),
        headers: fc.oneof(
          fc.constant({}),
          fc.dictionary(fc.constantFrom(...HEADERS), headerValue, { maxKeys: 3 }),
        ),
        spoil: spoiling,
      })
      .map(({ method, url, host, chosen, parameters, encoding, contentType, headers, spoil }) => {
        const pairs = [...parameters, ...chosen.pairs]
        const { type, text } = ENCODERS[encoding](pairs)
        const body = spoil(Buffer.from(text))
        return {
          method,
          url,
          host,
          headers: {
            ...(chosen.authorization !== null && { authorization: chosen.authorization }),
            'content-type': contentType ?? type,
            ...headers,
          },
          body,
        }
      }),
  )
}

const METHODS = [
  ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND'],
  ...['post', 'POST ', '', '__proto__', 'constructor', MARKER],
]

const HOSTS: readonly (string | null)[] = [
  ...[HOST.toUpperCase(), `${HOST}:8443`, `${HOST}.`, `${HOST}.:80`, 'nobody.example', '[::1]:80'],
  ...['', ':', '.', '..', '__proto__', 'constructor', `${HOST}@${MARKER}`, `${HOST}/${MARKER}`, MARKER],
  ...['x'.repeat(5000), '\0', null],
]

const REALMS = ['nobody', '__proto__', 'constructor', '', '.', '..', 'dodici%2f', 'DODICI', 'other', MARKER]

function urlOf(pattern: string): fc.Arbitrary<string> {
  const path = fc
    .tuple(
      often('dodici', fc.constantFrom(...REALMS)),
      fc.oneof({ weight: 12, arbitrary: fc.constant(asItIs) }, { weight: 1, arbitrary: pathChange }),
    )
    .map(([realm, change]) => change(pattern.replace('{tenant}', realm)))
  const query = often('', queryText)
  const prefix = often('', fc.constantFrom('http://evil.example', 'https://', `http://${MARKER}`, '//', '*'))
  return fc.tuple(prefix, path, query).map((parts) => parts.join(''))
}

const asItIs = (path: string) => path

const pathChange: fc.Arbitrary<(path: string) => string> = fc.constantFrom(
  (path: string) => `${path}/`,
  (path: string) => `/${path}`,
  (path: string) => path.toUpperCase(),
  (path: string) => path.replace('t', '%74'),
  (path: string) => path.replaceAll('/', '%2F'),
  (path: string) => path.replaceAll('/', '\\'),
  (path: string) => `${path};${MARKER}`,
  (path: string) => `${path}.json`,
  (path: string) => `${path}%00`,
  (path: string) => `${path}/../${MARKER}`,
  (path: string) => `${path}${'/x'.repeat(3000)}`,
  (path: string) => path.slice(1),
  (path: string) => path.slice(0, -1),
  () => '',
  () => '/',
  () => '/__proto__',
  () => `/${MARKER}`,
)

const queryText = fc.oneof(
  fc.constantFrom(
    ...['?', '#', '?#', '?&&&', '?=', '?%', '?a[]=1', '?__proto__=1', `?x=${MARKER}`, '?grant_type=password'],
    ...[
      '?password=x',
      '?Password',
      '?refresh_token=x',
      '?token=',
      '?%74oken=x',
      '?access_token=x&password=y',
    ],
    ...[
      '?client_secret=a#?',
      '?client_assertion',
      '?password[]=x',
      '#?password=x',
      `?${'a=1&'.repeat(5000)}`,
    ],
  ),
  fc.string({ unit: 'binary' }).map((text) => `?${text}`),
)

const CONTENT_TYPES = [
  ...[
    'application/x-www-form-urlencoded',
    'application/json',
    'application/xml',
    'text/xml',
    'text/plain',
    '',
  ],
  ...['multipart/form-data; boundary=cut', 'multipart/form-data', 'multipart/form-data; boundary=""'],
  ...['APPLICATION/JSON ; charset="UTF-8"', 'application/json; charset=utf-16', ' application/json'],
  ...[
    'application/x-www-form-urlencoded\tx',
    'application/json, application/xml',
    `text/${MARKER}`,
    ';',
    '/',
  ],
  `multipart/form-data; boundary=${'x'.repeat(100)}`,
]

/** Those that something reads, and those that nothing may read. */
const HEADERS = [
  ...['accept', 'authorization', 'content-length', 'content-type', 'x-request-id', 'x-newstore-request-id'],
  ...['request-id', 'host', 'x-forwarded-host', 'x-forwarded-for', 'x-forwarded-proto', 'forwarded'],
  ...[
    'x-http-method-override',
    'x-original-url',
    'origin',
    'cookie',
    'content-encoding',
    'expect',
    '__proto__',
  ],
]

const headerValue = fc.oneof(
  fc.constantFrom(
    ...['application/json', 'text/html, */*', 'text/x-json;q=0.1', '*/*, application/json', ',;,', '', ' '],
    ...['9287978a-6641-410e-b7db-102c22a4f392', '9287978A-6641-410E-B7DB-102C22A4F392', `${MARKER}-6641`],
    ...['0', '-1', '1e9', '99999999999999999999', 'NaN', '0x10', 'other.example', 'gzip', 'null', MARKER],
    ...[
      'Basic',
      'Basic ',
      'Basic !!!',
      'Basic Og==',
      'Basic OjpA',
      'Basic /w==',
      'Bearer',
      'Bearer  ',
      'Digest x',
    ],
    ...[
      'Basic AAA6AAA=',
      'Basic Og',
      'bAsIc Onh4',
      `Basic ${'QUFB'.repeat(3000)}`,
      `Bearer ${'x'.repeat(9000)}`,
    ],
  ),
  // What a header can hold: no line break, no NUL.
  fc
    .array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 30 })
    .map((codes) => String.fromCharCode(...codes)),
)

const anyEncoding = fc.constantFrom<Encoding>('form', 'form', 'json', 'json', 'multipart', 'xml', 'none')

/** What the surface reads, for the most part. */
const BODY_TYPES: Readonly<Record<Target['surface'], fc.Arbitrary<Encoding>>> = {
  newstore: often('form', anyEncoding),
  spree: anyEncoding,
  standard: often('form', anyEncoding),
  realm: often('form', anyEncoding),
}

/** Nothing here can give back a character that a secret was robbed of, nor cut it to a secret. */
const PIECES = [
  ...'00 ff c3 eda080 25 257a 26 3d 5b 5b5d 22 7b 5d 3c efbbbf 2b'
    .split(' ')
    .map((hex) => Buffer.from(hex, 'hex')),
  ...['<?x?>', '<a>', '--cut', '\r\n', '&&&&', '['.repeat(9000), 'x'.repeat(70_000)].map((text) =>
    Buffer.from(text),
  ),
]

/** Around a whole body. */
const WRAPPINGS = [
  '[@]',
  '"x"',
  '1',
  'null',
  '@@',
  ' @ ',
  '<!DOCTYPE r [<!ENTITY a "b">]>@',
  '<!DOCTYPE r>@',
  '<!-- -->@',
] as const

type Spoiling = (bytes: Buffer) => Buffer

const place = fc.double({ min: 0, max: 1, noNaN: true })

/** Bytes that are put into a body somewhere, or cut off its end. */
const spoiling: fc.Arbitrary<Spoiling> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Spoiling>((bytes) => bytes) },
  {
    weight: 1,
    arbitrary: fc.tuple(place, fc.constantFrom(...PIECES)).map(([at, piece]): Spoiling => {
      return (bytes) =>
        Buffer.concat([bytes.subarray(0, at * bytes.length), piece, bytes.subarray(at * bytes.length)])
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...WRAPPINGS).map(
      (around): Spoiling =>
        (bytes) =>
          Buffer.from(around.replaceAll('@', () => bytes.toString())),
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Spoiling =>
        (bytes) =>
          bytes.subarray(0, at * bytes.length),
    ),
  },
)
