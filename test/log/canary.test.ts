/** T170: secrets that were told to the server are in no log line, error, header or file. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { listRefusals } from '../../src/admin/operations/refusals.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { everyEvent } from '../audit/listed.ts'
import {
  CLIENT,
  expectNone,
  IMPORTED,
  OPAQUE,
  SECRETS,
  SERVER,
  type Server,
  startServer,
} from './canaries.ts'
import {
  as,
  createSender,
  LOGIN,
  type Sender,
  SURFACES,
  useBadly,
  useRest,
  useWell,
} from './requests-with-secrets.ts'

let server: Server
let sender: Sender

const printed = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name))

beforeAll(async () => {
  server = await startServer()
  sender = createSender(server)
})
afterAll(async () => {
  await server.close()
  vi.restoreAllMocks()
})

describe.each(Object.entries(SURFACES))('at %s', (_, surface) => {
  test('what goes well', () => useWell(sender, surface))

  test('what is refused', () => useBadly(sender, surface))
})

test('at the other endpoints', () => useRest(sender))

describe('while the store fails', () => {
  const { standard, spree, newstore } = SURFACES as Required<typeof SURFACES>
  const failures: readonly (() => Error)[] = [
    () => new StoreUnavailable('the database could not be written', { cause: new Error('disk I/O error') }),
    () => new TypeError('a bug'),
  ]
  const methods: readonly (keyof Store)[] = [
    ...(['issue', 'revokeFamily', 'revokeToken', 'denyJwt', 'markSeen', 'rehashClient'] as const),
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
    const { form, send } = sender
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
    expect(failed > 0).toBe(method !== 'markSeen' && method !== 'rehashClient')
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

test('nothing that is kept of refused requests has one', async () => {
  const { store } = server.mintkeeper.services
  await server.refusalsWritten()
  const { rows } = await store.listRefusals('any', null, 1000)
  expect(rows.length).toBeGreaterThan(60)
  const operations = server.mintkeeper.operations
  const told = await listRefusals(operations, null, { before: null, limit: 1000 })
  for (const text of [JSON.stringify(rows), JSON.stringify(told)]) {
    expectNone(text, server.secrets)
    expect(text).not.toMatch(/canary-/i)
  }
  const facts = new Set(rows.flatMap(({ findings }) => findings.map(({ finding }) => finding)))
  for (const fact of ['grants_of_surface', 'secrets_of_client', 'body_looks_like', 'scope_refused']) {
    expect(facts).toContain(fact)
  }
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
