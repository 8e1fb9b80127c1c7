/** Two Mintkeepers are the same; one difference between them, of whatever kind, is found and told. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../clients/server.ts'
import { DOCUMENT_CLIENT, NEWSTORE_USER, SPREE_USER } from '../clients/tenant.ts'
import { check, findingsOf, namesOf } from './checked.ts'
import { type OldServer, type Said, startRelay } from './old-server.ts'

const SPREE = { ...SPREE_USER, client_id: DOCUMENT_CLIENT.id, client_secret: DOCUMENT_CLIENT.secret }

let server: RunningServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

/** The same Mintkeeper, with what it answers changed. */
async function startDistorted(distort: (said: Said) => Said): Promise<OldServer> {
  return await startRelay(server.origin, distort)
}

/** With the JSON of a success changed. */
function inBody(change: (body: Record<string, unknown>) => unknown): (said: Said) => Said {
  return (said) => {
    if (said.status !== 200) return said
    return { ...said, body: JSON.stringify(change(JSON.parse(said.body))) }
  }
}

/** With one part of the JWT changed; the signature is that of another token then. */
function inJwt(part: 0 | 1, change: (members: Record<string, unknown>) => unknown): (said: Said) => Said {
  return inBody((body) => {
    const parts = String(body.access_token).split('.')
    const members = JSON.parse(Buffer.from(parts[part] ?? '', 'base64url').toString())
    parts[part] = Buffer.from(JSON.stringify(change(members))).toString('base64url')
    return { ...body, access_token: parts.join('.') }
  })
}

async function findingsOfLogin(surface: 'newstore' | 'spree', distort: (said: Said) => Said) {
  const old = await startDistorted(distort)
  try {
    const credentials = surface === 'newstore' ? NEWSTORE_USER : SPREE
    const results = await check(surface, { against: old.origin, here: server.origin }, credentials, [
      'password',
    ])
    return { findings: findingsOf(results, 'password'), state: results.get('password')?.state }
  } finally {
    await old.close()
  }
}

describe('Mintkeeper against Mintkeeper', () => {
  test.each(['newstore', 'spree'] as const)('%s: no difference', async (surface) => {
    const credentials = surface === 'newstore' ? NEWSTORE_USER : SPREE
    const results = await check(surface, { against: server.origin, here: server.origin }, credentials)
    expect([...results.values()].flatMap(({ findings }) => findings)).toEqual([])
    expect(namesOf(results, 'same')).toHaveLength(results.size)
  })
})

describe('a planted difference is found:', () => {
  test('another status, of which the members are not compared', async () => {
    const found = await findingsOfLogin('spree', (said) => ({ ...said, status: 401 }))
    expect(found.state).toBe('different')
    expect(found.findings).toEqual([
      ['status', 'status code', '401', '200', 'different'],
      [
        'value',
        'body',
        'JSON with access_token, token_type, expires_in, refresh_token, created_at',
        'JSON with access_token, token_type, expires_in, refresh_token, created_at',
        'different',
      ],
    ])
  })

  test('a redirect, which is not followed', async () => {
    const found = await findingsOfLogin('spree', () => {
      return { status: 301, headers: { location: 'https://www.shop.example/spree_oauth/token' }, body: '' }
    })
    expect(found.findings[1]?.[2]).toBe('a redirect to https://www.shop.example/spree_oauth/token')
  })

  test('a header too few, one too many, and another value', async () => {
    const found = await findingsOfLogin('spree', ({ headers, ...said }) => {
      const { pragma, ...rest } = headers
      return { ...said, headers: { ...rest, 'cache-control': 'private', 'x-shop': 'one' } }
    })
    expect(found.findings).toEqual([
      ['value', 'header cache-control', 'private', 'no-store', 'different'],
      ['extra', 'header pragma', null, 'no-cache', 'different'],
      ['missing', 'header x-shop', 'one', null, 'different'],
    ])
  })

  test('another order of the members', async () => {
    const found = await findingsOfLogin(
      'spree',
      inBody(({ token_type, ...body }) => ({ token_type, ...body })),
    )
    expect(found.findings).toEqual([
      [
        'order',
        'key order',
        'token_type, access_token, expires_in, refresh_token, created_at',
        'access_token, token_type, expires_in, refresh_token, created_at',
        'different',
      ],
    ])
  })

  test('a member too many, and one too few', async () => {
    const change = ({ created_at, ...body }: Record<string, unknown>) => ({ ...body, resource_owner: 'joe' })
    const found = await findingsOfLogin('spree', inBody(change))
    expect(found.findings).toEqual([
      ['missing', 'resource_owner', '"joe"', null, 'different'],
      ['extra', 'created_at', null, 'now', 'different'],
    ])
  })

  test.each([
    ['another type', { expires_in: '7200' }, ['type', 'expires_in', '"7200"', '7200']],
    ['another life', { expires_in: 3600 }, ['value', 'expires_in', '3600', '7200']],
    ['another word', { token_type: 'bearer' }, ['value', 'token_type', '"bearer"', '"Bearer"']],
    [
      'a token of another form',
      { access_token: 'ab'.repeat(32) },
      ['shape', 'access_token', '64 hex characters', '43 characters base64url'],
    ],
    [
      'another time',
      { created_at: 1_600_000_000 },
      ['value', 'created_at', expect.stringMatching(/^- \d+ seconds/), 'now'],
    ],
  ])('%s', async (_name, change, expected) => {
    const found = await findingsOfLogin(
      'spree',
      inBody((body) => ({ ...body, ...change })),
    )
    expect(found.findings).toEqual([[...expected, 'different']])
  })

  test.each<[string, (said: Said) => Said, readonly unknown[]]>([
    [
      'another claim',
      inJwt(1, (claims) => ({ ...claims, sub: 'auth0|596c8f9579083748 9f4c191c' })),
      [
        'value',
        'access_token claim sub',
        '"auth0|596c8f9579083748 9f4c191c"',
        expect.stringMatching(/^"auth0\|/),
      ],
    ],
    [
      'a claim of another type',
      inJwt(1, (claims) => ({ ...claims, aud: [claims.aud] })),
      ['type', 'access_token claim aud', expect.stringMatching(/^\["http/), expect.stringMatching(/^"http/)],
    ],
    [
      'another life in the claims',
      inJwt(1, (claims) => ({ ...claims, exp: Number(claims.iat) + 60 })),
      ['value', 'access_token claim exp', 'iat + 60', 'iat + 86400'],
    ],
    [
      'a claim too many',
      inJwt(1, (claims) => ({ ...claims, email: 'joe@example.com' })),
      ['missing', 'access_token claim email', '"joe@example.com"', null],
    ],
    [
      'another order of the claims',
      inJwt(1, ({ gty, ...claims }) => ({ gty, ...claims })),
      ['order', 'access_token claim order', expect.stringMatching(/^gty, /), expect.stringMatching(/, gty$/)],
    ],
    [
      'another algorithm',
      inJwt(0, (header) => ({ ...header, alg: 'HS256' })),
      ['value', 'access_token header alg', '"HS256"', '"RS256"'],
    ],
  ])('%s', async (_name, distort, expected) => {
    expect((await findingsOfLogin('newstore', distort)).findings).toEqual([[...expected, 'different']])
  })
})

describe('an answer that has a secret where none belongs', () => {
  test('is told without it', async () => {
    const echo = (body: Record<string, unknown>) => ({
      ...body,
      note: `for ${SPREE.password}`,
      id_token: 'abc',
    })
    const found = await findingsOfLogin('spree', inBody(echo))
    expect(found.findings).toEqual([
      ['missing', 'note', '"for [secret]"', null, 'different'],
      ['missing', 'id_token', '3 hex characters', null, 'different'],
    ])
  })

  test('and in a header', async () => {
    const found = await findingsOfLogin('spree', (said) => {
      const { access_token: token } = JSON.parse(said.body)
      return { ...said, headers: { ...said.headers, 'x-token': `Bearer ${token}` } }
    })
    expect(found.findings).toEqual([['missing', 'header x-token', 'Bearer [secret]', null, 'different']])
  })
})

describe('the user', () => {
  test('whom one server refuses is not tried again', async () => {
    const old = await startDistorted((said) => said)
    try {
      const credentials = { ...SPREE, password: 'not-the-password' }
      await expect(check('spree', { against: old.origin, here: server.origin }, credentials)).rejects.toThrow(
        'Both servers refuse what must succeed, a login as JSON',
      )
      expect(old.asked).toHaveLength(1)
    } finally {
      await old.close()
    }
  })

  test('whom only the old server refuses is not sent to it again', async () => {
    const old = await startDistorted((said) => ({ ...said, status: 400 }))
    try {
      const results = await check('spree', { against: old.origin, here: server.origin }, SPREE)
      const { username } = SPREE
      const named = old.asked.filter(({ body }) => {
        return body.includes(username) || body.includes(encodeURIComponent(username))
      })
      expect(named).toHaveLength(1)
      expect(results.get('refresh')).toMatchObject({
        state: 'not played',
        reason: 'needs the login that was refused: see password-json',
      })
    } finally {
      await old.close()
    }
  })
})

describe('the client', () => {
  test.each(['both', 'only the old server'])(
    'whom %s do not know by its secret is tried once',
    async (who) => {
      const old = await startRelay(server.origin, (said, { body, headers }) => {
        const secret = new URLSearchParams(body).get('client_secret') ?? headers.authorization ?? ''
        return secret === '' || who === 'both' ? said : { ...said, status: 401 }
      })
      try {
        const client_secret = who === 'both' ? 'canary-of-a-wrong-secret' : SPREE.client_secret
        const credentials = { ...SPREE, client_secret }
        const results = await check('spree', { against: old.origin, here: server.origin }, credentials)
        expect(old.asked.filter(({ body }) => body.includes(client_secret))).toHaveLength(1)
        expect(results.get('introspect')).toMatchObject({
          state: 'not played',
          reason: 'needs the login that was refused: see password-of-client-without-scope',
        })
        expect(results.get('refresh')?.state).toBe('same')
      } finally {
        await old.close()
      }
    },
  )
})
