/** T170: secrets that were told to the server are in no log line, error, header or file. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { everyEvent } from '../audit/listed.ts'
import {
  type Answer,
  basic,
  CLIENT,
  expectNone,
  IMPORTED,
  type Line,
  OPAQUE,
  SECRETS,
  SERVER,
  type Server,
  startServer,
} from './canaries.ts'

let server: Server

const printed = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name))

beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => {
  await server.close()
  vi.restoreAllMocks()
})

interface Surface {
  readonly token: string
  readonly refresh: string
  readonly revoke: string | null
  readonly introspect: string | null
}

const REALM = '/auth/realms/main/protocol/openid-connect'
const SURFACES: Readonly<Record<string, Surface>> = {
  newstore: { token: '/v0/token', refresh: '/v0/refresh_token', revoke: null, introspect: null },
  spree: {
    ...{ token: '/spree_oauth/token', refresh: '/spree_oauth/token' },
    ...{ revoke: '/spree_oauth/revoke', introspect: '/spree_oauth/introspect' },
  },
  standard: {
    ...{ token: '/oauth/token', refresh: '/oauth/token' },
    ...{ revoke: '/oauth/revoke', introspect: '/oauth/introspect' },
  },
  realm: {
    ...{ token: `${REALM}/token`, refresh: `${REALM}/token` },
    ...{ revoke: `${REALM}/revoke`, introspect: `${REALM}/token/introspect` },
  },
}

const PUBLIC = [
  '/.well-known/jwks.json',
  '/.well-known/openid-configuration',
  '/v0/openapi.json',
  `${REALM}/certs`,
]

type Fields = Readonly<Record<string, string>>

/** Sends it and checks all that is seen of it. */
async function send(method: string, path: string, headers: Fields = {}, body?: string): Promise<Answer> {
  const before = server.written.length
  const answer = await server.send(method, path, headers, body)
  expect(server.written).toHaveLength(before + 1)
  expectLine(server.lines().at(-1)!, answer)
  const issued = issuedBy(answer)
  // A kept refresh token is answered again, so it is known already.
  const known = [...server.secrets].filter((secret) => !issued.includes(secret))
  expectNone(answer.body, known)
  for (const token of issued) server.secrets.add(token)
  expectNone(JSON.stringify([...answer.headers]), server.secrets)
  return answer
}

function issuedBy({ status, body }: Answer): readonly string[] {
  if (status !== 200) return []
  const { access_token, refresh_token } = JSON.parse(body)
  return [access_token, refresh_token].filter((token) => token !== undefined)
}

/** One line of JSON with all it has to have, and the answer's request id. */
function expectLine(line: Line, { status, headers }: Answer): void {
  expect(line).toMatchObject({
    requestId: headers.get('x-request-id') ?? headers.get('x-newstore-request-id'),
    tenant: 'main',
    surface: expect.stringMatching(/^(?:newstore|spree|standard|realm)$/),
    outcome: status < 400 ? 'ok' : expect.stringMatching(/^[a-z_]+$/),
    reason: status < 400 ? null : expect.stringMatching(/^[a-z0-9_]+$/),
    durationMs: expect.any(Number),
    status,
    msg: 'request',
  })
  for (const name of ['endpoint', 'grant', 'client', 'user', 'source', 'note']) {
    expect(['string', 'object']).toContain(typeof line[name])
  }
  // Causes of what is the client's own fault would only repeat what it sent.
  expect(line.error === undefined).toBe(status < 500)
}

function form(path: string, fields: Fields, headers: Fields = {}): Promise<Answer> {
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return send('POST', path, { ...type, ...headers }, new URLSearchParams(fields).toString())
}

function json(path: string, fields: Fields, headers: Fields = {}): Promise<Answer> {
  return send('POST', path, { 'content-type': 'application/json', ...headers }, JSON.stringify(fields))
}

function as({ id, secret }: { readonly id: string; readonly secret: string }): Fields {
  return { authorization: basic(id, secret) }
}

const LOGIN = { grant_type: 'password', username: 'ann', password: SECRETS.password }

/** Everything that goes well; the tokens of the last login. */
async function useWell({ token, refresh, revoke, introspect }: Surface): Promise<void> {
  for (const client of [CLIENT, OPAQUE, IMPORTED]) {
    const { body } = await form(token, LOGIN, as(client))
    const { refresh_token } = JSON.parse(body)
    const again = await form(refresh, { grant_type: 'refresh_token', refresh_token }, as(client))
    const next = JSON.parse(again.body)
    await form(refresh, { grant_type: 'refresh_token', refresh_token }, as(client))
    await send('GET', '/spree_oauth/token/info', { authorization: `Bearer ${next.access_token}` })
    if (introspect !== null) {
      await form(introspect, { token: next.access_token }, as(SERVER))
      await form(introspect, { token: next.refresh_token }, as(client))
      await form(introspect, { token: next.refresh_token }, { authorization: `Bearer ${next.access_token}` })
    }
    if (revoke !== null) {
      await form(revoke, { token: next.access_token }, as(client))
      await form(revoke, { token: next.refresh_token }, as(client))
      const own = await form(token, { grant_type: 'client_credentials' }, as(client))
      await form(revoke, { token: JSON.parse(own.body).access_token }, as(client))
    }
    // A spent one: the family is dead.
    await form(refresh, { grant_type: 'refresh_token', refresh_token }, as(client))
  }
  await form(token, { ...LOGIN, username: 'bob', password: SECRETS.weakPassword }, as(CLIENT))
  await json(token, LOGIN)
}

/** Everything that is refused, with a secret in each place where somebody might put one. */
async function useBadly({ token, refresh, revoke, introspect }: Surface): Promise<void> {
  const wrong = { id: CLIENT.id, secret: SECRETS.wrongSecret }
  const refused = [
    await form(token, { ...LOGIN, password: SECRETS.wrongPassword }, as(CLIENT)),
    await form(token, { ...LOGIN, username: SECRETS.mistypedName, password: 'x' }, as(CLIENT)),
    await form(token, { grant_type: SECRETS.wrongPassword }, as(CLIENT)),
    await form(token, { grant_type: 'client_credentials', scope: SECRETS.wrongPassword }, as(CLIENT)),
    await form(token, { grant_type: 'client_credentials' }, as(wrong)),
    await form(token, { grant_type: 'client_credentials' }, as({ id: SECRETS.mistypedName, secret: 'x' })),
    await form(token, {
      grant_type: 'client_credentials',
      client_id: CLIENT.id,
      client_secret: SECRETS.wrongSecret,
    }),
    await form(
      token,
      { ...LOGIN, password: SECRETS.wrongPassword, client_secret: CLIENT.secret },
      as(CLIENT),
    ),
    await form(refresh, { grant_type: 'refresh_token', refresh_token: SECRETS.unknownToken }, as(CLIENT)),
    await form(`${token}?password=${SECRETS.password}`, LOGIN, as(CLIENT)),
    await form(`${token}?client_secret=${SECRETS.clientSecret}&x=${SECRETS.stateOfNobody}`, LOGIN),
    await form(`${token}?%70assword=${SECRETS.password}`, LOGIN),
    await send('GET', `${token}?username=ann&secret=${SECRETS.password}`, as(CLIENT)),
    await send('DELETE', token, as(CLIENT), undefined),
    await send('POST', `${token}/${SECRETS.password}`, as(CLIENT), SECRETS.password),
    await send('POST', token, { 'content-type': 'application/json' }, `{"password":"${SECRETS.password}",}`),
    await send('POST', token, { 'content-type': 'application/json' }, `"${SECRETS.password}"`),
    await send(
      'POST',
      token,
      { 'content-type': 'text/plain', ...as(CLIENT) },
      `password=${SECRETS.password}`,
    ),
    await send('POST', token, { 'content-type': `text/${SECRETS.password}` }, SECRETS.password),
    await send('POST', token, { 'content-type': 'application/xml' }, `<a><${SECRETS.password}>x</a>`),
    await send(
      'POST',
      token,
      { 'content-type': 'multipart/form-data; boundary=b' },
      `--b\r\n${SECRETS.password}`,
    ),
    await form(token, { [SECRETS.password]: SECRETS.password, grant_type: SECRETS.password }),
    await send('POST', token, {}, `password=${SECRETS.password}&password=${SECRETS.wrongPassword}`),
    await send('POST', token, {}, `password=${SECRETS.password}%`),
    await send('POST', token, {}, `${SECRETS.password}%00=%FF`),
    await send('POST', token, {}, `grant_type=password&x=${SECRETS.password.repeat(3000)}`),
    await send('POST', token, { authorization: SECRETS.password }),
    await send('POST', token, { authorization: `Basic ${SECRETS.clientSecret}` }),
    await send('POST', token, { authorization: `${SECRETS.clientSecret} x` }),
  ]
  for (const { status } of refused) expect([400, 401, 403, 404, 405, 413]).toContain(status)
  for (const path of [revoke, introspect]) {
    if (path === null) continue
    await form(path, { token: SECRETS.unknownToken }, as(CLIENT))
    await form(path, { token: SECRETS.unknownToken }, as(wrong))
    await form(path, { token: SECRETS.unknownToken, token_type_hint: SECRETS.password })
    await form(path, { token: `ey${SECRETS.unknownToken}.x.y` }, as(CLIENT))
    await form(`${path}?token=${SECRETS.unknownToken}`, {}, as(CLIENT))
    await send('POST', path, as(CLIENT), `token=${SECRETS.unknownToken}&token=x`)
    await send('POST', path, { authorization: `Bearer ${SECRETS.unknownToken}` }, 'token=x')
  }
}

/** What never writes, and what a bearer shows. */
async function useRest(): Promise<void> {
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
  await send('GET', '/spree_oauth/token/info', bearer(SECRETS.unknownToken))
  await send('GET', '/spree_oauth/token/info', bearer(`ey${SECRETS.unknownToken}.x.y`))
  await send('GET', `/spree_oauth/token/info?access_token=${SECRETS.unknownToken}`)
  for (const path of PUBLIC) {
    await send('GET', path, as(CLIENT))
    await send('GET', `${path}?x=${SECRETS.password}`)
    await send('GET', `${path}?token=${SECRETS.password}`)
  }
}

describe.each(Object.entries(SURFACES))('at %s', (_, surface) => {
  test('what goes well', () => useWell(surface))

  test('what is refused', () => useBadly(surface))
})

test('at the other endpoints', useRest)

describe('while the store fails', () => {
  const { standard, spree, newstore } = SURFACES as Required<typeof SURFACES>
  const failures: readonly (() => Error)[] = [
    () => new StoreUnavailable('the database could not be written', { cause: new Error('disk I/O error') }),
    () => new TypeError('a bug'),
  ]
  const methods: readonly (keyof Store)[] = [
    ...(['issue', 'revokeFamily', 'revokeToken', 'denyJwt', 'markSeen', 'updateClient'] as const),
    ...([
      'findToken',
      'findImportedToken',
      'findUserByLogin',
      'findUser',
      'findClient',
      'isJwtDenied',
    ] as const),
  ]

  test.each(methods)('%s', async (method) => {
    const { store } = server.mintkeeper.services
    await server.importSecret()
    const works = store[method]
    const { access_token, refresh_token } = JSON.parse((await form(standard!.token, LOGIN, as(OPAQUE))).body)
    const jwt = JSON.parse(
      (await form(standard!.token, { grant_type: 'client_credentials' }, as(CLIENT))).body,
    )
    const { refresh_token: parent } = JSON.parse((await form(spree!.token, LOGIN)).body)
    const refreshed = await form(spree!.token, { grant_type: 'refresh_token', refresh_token: parent })
    const bearer = { authorization: `Bearer ${JSON.parse(refreshed.body).access_token}` }
    let failed = 0
    try {
      for (const failure of failures) {
        Object.assign(store, { [method]: () => Promise.reject(failure()) })
        const answers = [
          await form(newstore!.token, LOGIN),
          await form(standard!.token, { grant_type: 'client_credentials' }, as(IMPORTED)),
          await form(standard!.refresh, { grant_type: 'refresh_token', refresh_token }, as(OPAQUE)),
          await form(standard!.introspect!, { token: access_token }, as(SERVER)),
          await form(standard!.introspect!, { token: jwt.access_token }, as(SERVER)),
          await form(standard!.revoke!, { token: jwt.access_token }, as(CLIENT)),
          await form(standard!.revoke!, { token: access_token }, as(OPAQUE)),
          await form(standard!.revoke!, { token: refresh_token }, as(OPAQUE)),
          await send('GET', '/spree_oauth/token/info', bearer),
          await form(spree!.introspect!, { token: SECRETS.unknownToken }, bearer),
        ]
        failed += answers.filter(({ status }) => status >= 500).length
      }
    } finally {
      Object.assign(store, { [method]: works })
    }
    // Two of them make later requests cheaper, and nothing else: their failure is a note.
    expect(failed > 0).toBe(method !== 'markSeen' && method !== 'updateClient')
  })
})

test('no line has one, whatever became of the request', () => {
  expect(server.secrets.size).toBeGreaterThan(60)
  expect(server.written.length).toBeGreaterThan(300)
  for (const text of server.written) expect(text).toMatch(/^[^\n\r]*\n$/)
  const all = server.written.join('')
  expectNone(all, server.secrets)
  expect(all).not.toMatch(/canary-/i)
})

test('no metric has one, nor a name of a tenant, client or user', async () => {
  const text = await server.metrics.text()
  expect(text.split('\n').length).toBeGreaterThan(200)
  expectNone(text, server.secrets)
  expect(text).not.toMatch(/canary|\b(?:main|shop|till|ann|bob)\b/i)
})

test('nothing is printed beside the log', () => {
  expect(printed.flatMap(({ mock }) => mock.calls)).toEqual([])
})

test('lines name client, user and grant where they are known', () => {
  const lines = server.lines()
  expect(lines).toContainEqual(
    expect.objectContaining({ grant: 'password', client: OPAQUE.id, outcome: 'ok', endpoint: 'token' }),
  )
  expect(lines).toContainEqual(expect.objectContaining({ note: 'rehashed', user: expect.any(String) }))
  expect(lines).toContainEqual(expect.objectContaining({ note: 'secret upgraded', client: IMPORTED.id }))
  expect(lines).toContainEqual(expect.objectContaining({ note: 'first use not stored', status: 200 }))
  expect(lines).toContainEqual(expect.objectContaining({ note: 'secret upgrade not stored', status: 200 }))
  expect(lines).toContainEqual(expect.objectContaining({ reason: 'wrong_client_secret', client: CLIENT.id }))
  expect(lines).toContainEqual(expect.objectContaining({ reason: 'unknown_client', client: null }))
  expect(lines).toContainEqual(expect.objectContaining({ reason: 'unknown_user', user: null }))
})

test('no event of the audit log has one', async () => {
  const { store } = server.mintkeeper.services
  // The events that belong to no change are written with it.
  await server.importSecret()
  const events = await everyEvent(store)
  const types = new Set(events.map(({ type, result }) => `${type} ${result}`))
  for (const type of ['login ok', 'issue ok', 'refresh ok', 'revoke ok']) {
    expect(types).toContain(type)
  }
  for (const type of ['login', 'issue', 'refresh', 'revoke', 'authenticate']) {
    expect([...types].some((each) => each.startsWith(`${type} `) && each !== `${type} ok`)).toBe(true)
  }
  const text = JSON.stringify(events)
  expectNone(text, server.secrets)
  expect(text).not.toMatch(/canary-/i)
})

test('no file has one but that of the master key, which has no other', () => {
  const files = server.files()
  expect([...files.keys()].sort()).toEqual([
    'mintkeeper.db',
    'mintkeeper.db-shm',
    'mintkeeper.db-wal',
    'mintkeeper.db.key',
    'mintkeeper.db.made',
  ])
  const masterKey = Buffer.from(files.get('mintkeeper.db.key')!.toString().trim(), 'base64')
  expect(masterKey).toHaveLength(32)
  for (const [name, bytes] of files) {
    const text = bytes.toString('latin1')
    expectNone(text, server.secrets)
    if (name.endsWith('.key')) continue
    expect(bytes.includes(masterKey)).toBe(false)
    expectNone(text, [
      masterKey.toString('base64'),
      masterKey.toString('hex'),
      masterKey.toString('base64url'),
    ])
  }
  for (const text of server.written)
    expectNone(text, [masterKey.toString('base64'), masterKey.toString('hex')])
  // What is there are hashes, and the search finds what there is.
  const database = Buffer.concat([files.get('mintkeeper.db')!, files.get('mintkeeper.db-wal')!])
  expect(database.includes('$argon2id$')).toBe(true)
  expect(() => expectNone(database.toString('latin1'), ['$argon2id$'])).toThrow()
})
