/** What a request says: parameters of the documents with bad values, and those changed in every way. */
import fc from 'fast-check'
import { MARKER, often, type Target } from './target.ts'
import {
  CLIENT,
  DISABLED_CLIENT,
  DISABLED_USER,
  EXPIRED_SECRET,
  KIOSK,
  OPAQUE_CLIENT,
  OTHER_SECRET,
  PASSWORD,
  PUBLIC_CLIENT,
  RESOURCE_SERVER,
  SPREE_PASSWORD,
  SPREE_USERNAME,
  USERNAME,
  type World,
} from './world.ts'

/** A value that is no text is JSON's; other bodies have its text. */
export type Pair = readonly [name: string, value: unknown]

/** How a request says which client it comes from: never well. */
export interface ChosenClient {
  readonly authorization: string | null
  readonly pairs: readonly Pair[]
}

const EVIL = [
  ...['', ' ', '\0', 'a\0b', 'null', 'undefined', '0', '%', '%00', '%zz', '+', '\ud800', '\udc00x', '\ufeff'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '../../etc/passwd',
    `' or 1=1 --`,
    '{"$gt":""}',
  ],
  ...[
    `\r\nset-cookie: ${MARKER}`,
    `${MARKER}\u0007\u001b[31m`,
    'ｍｙｕｓｅｒ',
    '\u202e',
    'İ',
    '<x>&amp;',
    ']]>',
  ],
  ...[MARKER, 'x'.repeat(15_000), 'a '.repeat(5000), '\u{1f600}'.repeat(2000), '['.repeat(3000)],
]

const evilText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...EVIL) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
)

const evilValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: evilText },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(0, -1, 1e308, true, false, null, [], {}, ['x', 'y'], {
      a: { b: 'c' },
    }),
  },
)

/** A secret with one character changed, doubled or lost; never the last one, which a cut might take away again. */
function nearly(secret: string): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.integer({ min: 0, max: secret.length - 2 }),
      fc.constantFrom('A', 'z', '0', '-', '~', ' ', 'é', ''),
    )
    .map(([place, character]) => {
      const changed = character === secret[place] ? '.' : character
      return secret.slice(0, place) + changed + secret.slice(place + 1)
    })
}

const usernames = fc.constantFrom(
  ...[USERNAME, USERNAME.toUpperCase(), SPREE_USERNAME, DISABLED_USER.username, 'no-password', 'nobody', '1'],
)

const GRANT_TYPES = [
  ...['password', 'client_credentials', 'refresh_token', 'authorization_code', 'PASSWORD', 'password ', ''],
  ...['urn:ietf:params:oauth:grant-type:jwt-bearer', '__proto__', 'constructor', MARKER],
]

const SCOPES = ['admin', 'read', 'read read', 'admin write', 'openid', 'a"b', 'offline_access', ' ', MARKER]

/** The parameters of one endpoint, spoilt now and then. */
export function parametersOf(target: Target, world: World): fc.Arbitrary<readonly Pair[]> {
  const password = fc.oneof(
    nearly(PASSWORD),
    nearly(SPREE_PASSWORD),
    fc.constantFrom(...world.digests),
    evilText,
  )
  const token = tokenOf(target, world)
  const grants: readonly fc.Arbitrary<readonly Pair[]>[] = [
    fc.oneof(
      fc.tuple(
        often(pair('username', USERNAME), paired('username', fc.oneof(usernames, evilText))),
        paired('password', password),
      ),
      fc.constant(Object.entries(DISABLED_USER)),
      fc.constant(Object.entries({ username: 'no-password', password: 'x' })),
    ),
    fc.constant([]),
    paired('refresh_token', token).map((each) => [each]),
  ]
  const tokenRequest = fc
    .integer({ min: 0, max: grants.length - 1 })
    .chain((index) =>
      fc.tuple(
        often(pair('grant_type', GRANT_TYPES[index]), paired('grant_type', fc.constantFrom(...GRANT_TYPES))),
        grants[index]!,
      ),
    )
    .map(([first, rest]) => [first, ...rest])
  const tokenOnly = fc.tuple(
    paired('token', token),
    paired('token_type_hint', fc.constantFrom('access_token', 'refresh_token', MARKER)),
  )
  const plain: fc.Arbitrary<readonly Pair[]> = target.endpoint === 'token' ? tokenRequest : tokenOnly
  const scope = fc.option(paired('scope', fc.constantFrom(...SCOPES)), { freq: 2, nil: null })
  return fc
    .tuple(plain, scope, fc.array(change, { maxLength: 2 }))
    .map(([pairs, asked, changes]) =>
      changes.reduce((spoilt, apply) => apply(spoilt), asked === null ? pairs : [...pairs, asked]),
    )
}

/** What is no live token at the target's surface, whatever else it may be. */
function tokenOf({ surface, endpoint }: Target, world: World): fc.Arbitrary<string> {
  const everything = [...new Set(Object.values(world.tokens).flat())]
  const here = [...world.bound[surface], ...world.dead[surface]]
  // What is good at another endpoint of the surface.
  if (endpoint === 'token') here.push(...world.ownAccess[surface])
  if (endpoint === 'info' || endpoint === 'introspection') here.push(...world.ownRefresh[surface])
  return fc.oneof(
    { weight: here.length > 0 ? 4 : 0, arbitrary: fc.constantFrom('', ...here) },
    { weight: 2, arbitrary: fc.constantFrom(...world.tokens[surface]) },
    { weight: 3, arbitrary: fc.constantFrom(...everything).chain(nearly) },
    { weight: 1, arbitrary: fc.constantFrom(...world.digests) },
    { weight: 1, arbitrary: evilText },
  )
}

export function chosenOf(target: Target, world: World): fc.Arbitrary<ChosenClient> {
  const confidential = fc.constantFrom(CLIENT, OPAQUE_CLIENT, RESOURCE_SERVER)
  const wrong = fc.oneof(
    confidential.chain(({ id, secret }) => nearly(secret).map((text) => [id, text] as const)),
    confidential.chain(({ id }) => fc.constantFrom(...world.digests).map((text) => [id, text] as const)),
    fc.constantFrom<readonly [string, string]>(
      [CLIENT.id, OPAQUE_CLIENT.secret],
      [CLIENT.id, OTHER_SECRET],
      [PUBLIC_CLIENT, CLIENT.secret],
    ),
    // Both right, but no longer.
    fc.constantFrom(DISABLED_CLIENT, EXPIRED_SECRET).map(({ id, secret }) => [id, secret] as const),
    confidential.map(({ id }) => [id, ''] as const),
    fc.tuple(fc.oneof(evilText, fc.constant(CLIENT.id.toLowerCase())), evilText),
  )
  const sent = fc.constantFrom('basic', 'body', 'both', 'id only')
  const bearer = fc
    .oneof(tokenOf(target, world), evilText)
    .map((text) => ({ authorization: `Bearer ${text}`, pairs: [] }))
  return fc.oneof(
    {
      weight: target.endpoint === 'info' ? 0 : 2,
      arbitrary: fc.constant({ authorization: null, pairs: [] }),
    },
    {
      weight: 4,
      arbitrary: fc
        .constantFrom(PUBLIC_CLIENT, PUBLIC_CLIENT, KIOSK)
        .map((id) => ({ authorization: null, pairs: [pair('client_id', id)] })),
    },
    { weight: target.endpoint === 'token' || target.endpoint === 'revocation' ? 1 : 4, arbitrary: bearer },
    {
      weight: 3,
      arbitrary: fc.tuple(wrong, sent).map(([[id, secret], how]) => ({
        authorization: how === 'basic' || how === 'both' ? basic(id, secret) : null,
        pairs: [
          ...(how === 'basic' ? [] : [pair('client_id', id)]),
          ...(how === 'basic' || how === 'id only' ? [] : [pair('client_secret', secret)]),
        ],
      })),
    },
  )
}

function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}

function pair(name: string, value: unknown): Pair {
  return [name, value]
}

function paired(name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<Pair> {
  return value.map((each) => [name, each])
}

const NAMES = [
  ...[
    'grant_type',
    'username',
    'password',
    'refresh_token',
    'token',
    'scope',
    'scopes',
    'state',
    'client_id',
  ],
  ...[
    'client_secret',
    'client_assertion',
    'access_token',
    '__proto__',
    'constructor',
    'toString',
    'a.b',
    '',
    '[]',
  ],
  ...['[', 'a]', 'a[b][c]', 'x y', '"', 'é', '\\', '\0', '\ud800', MARKER],
]

type Change = (pairs: readonly Pair[]) => readonly Pair[]

const anywhere = fc.nat({ max: 10 })

/** Duplicates, brackets, other names, other values, parameters that are missing and such as nobody asked for. */
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Change>((pairs) => pairs) },
  {
    weight: 1,
    arbitrary: anywhere.map(
      (at): Change =>
        (pairs) => [...pairs, ...pairs.slice(at, at + 1)],
    ),
  },
  {
    weight: 1,
    arbitrary: anywhere.map(
      (at): Change =>
        (pairs) =>
          pairs.filter((_, index) => index !== at),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anywhere, fc.constantFrom('[]', '[x]', '[', '.x', ' ', '\0', '%'))
      .map(([at, suffix]): Change => changedAt(at, ([name, value]) => [name + suffix, value])),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anywhere, fc.constantFrom(...NAMES))
      .map(([at, name]): Change => changedAt(at, ([, value]) => [name, value])),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anywhere, evilValue)
      .map(([at, value]): Change => changedAt(at, ([name]) => [name, value])),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...NAMES), evilValue).map(
      (added): Change =>
        (pairs) => [...pairs, added],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Change>((pairs) => [
      ...pairs,
      ...Array.from({ length: 120 }, (_, n) => pair(`x${n}`, n)),
    ]),
  },
)

function changedAt(at: number, replace: (pair: Pair) => Pair): Change {
  return (pairs) => pairs.map((each, index) => (index === at ? replace(each) : each))
}
