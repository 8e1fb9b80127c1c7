/** T162: each login, issue, refresh, reuse, revocation and refusal leaves one event that says who, when, whence and how it ended. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { AuditEntry } from '../../src/store/audit.ts'
import { createHarness, type Harness, type HarnessOptions, TENANT } from '../harness.ts'
import { everyEvent } from './listed.ts'

const REQUEST_ID = '9287978a-6641-410e-b7db-102c22a4f392'
const HEADERS = { 'x-request-id': REQUEST_ID }
const SECRET = 'canary-secret-of-the-client-0123456789'
const PASSWORD = 'canary-password'

let harness: Harness
let user: string
let clientSecret: { readonly client_id: string; readonly client_secret: string }

async function start(options: HarnessOptions = {}): Promise<void> {
  const surfaces = {
    standard: { passwordGrant: true, refresh: 'rotate' },
    spree: {},
    newstore: {},
  } as const
  harness = createHarness({ tenants: [{ ...TENANT, surfaces }], ...options })
  await harness.client({ id: 'shop', secret: SECRET, scopes: ['read', 'write'], accessToken: 'opaque' })
  await harness.client({ id: 'other', secret: `${SECRET}9` })
  user = (await harness.user({ username: 'ann', password: PASSWORD })).id
  await harness.services.keys.ensure(TENANT.id, TENANT.signingAlgorithm)
  clientSecret = { client_id: 'shop', client_secret: SECRET }
}

beforeEach(async () => await start())

/** What one request leaves, and its answer. */
async function left(path: string, form: Readonly<Record<string, string>>) {
  const before = await everyEvent(harness.store)
  const answer = await harness.post(path, form, HEADERS)
  const after = await everyEvent(harness.store)
  expect(after.slice(0, before.length)).toEqual(before)
  return { answer, events: after.slice(before.length) }
}

const token = (form: Readonly<Record<string, string>>) => left('/oauth/token', { ...clientSecret, ...form })
const revoke = (form: Readonly<Record<string, string>>) => left('/oauth/revoke', { ...clientSecret, ...form })

function event(expected: Partial<AuditEntry>): unknown {
  return {
    ...{ id: expect.stringMatching(/^\d+\.\d+$/), atMs: harness.now() * 1000, tenant: TENANT.id },
    ...{ actor: 'requester', user: null, client: 'shop', object: null, surface: 'standard' },
    ...{ source: '192.0.2.1', requestId: REQUEST_ID, result: 'ok', reason: null, details: null },
    ...expected,
  }
}

const ROW = expect.stringMatching(/^[0-9a-z]+$/)
const LOGIN = { grant_type: 'password', username: 'ann', password: PASSWORD }

describe('T162 what was done', () => {
  test('a login', async () => {
    const { events } = await token({ ...LOGIN, scope: 'read' })
    expect(events).toEqual([event({ type: 'login', user, object: ROW, details: 'read' })])
  })

  test('an opaque token for a client', async () => {
    const { events } = await token({ grant_type: 'client_credentials', scope: 'read write' })
    expect(events).toEqual([event({ type: 'issue', object: ROW, details: 'read write' })])
  })

  test('a JWT for a client, which is stored nowhere, by its jti', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'other', client_secret: `${SECRET}9` }
    const { events, answer } = await left('/oauth/token', form)
    const [, claims = ''] = answer.json().access_token.split('.')
    const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    expect(events).toEqual([event({ type: 'issue', client: 'other', object: jti })])
  })

  test('a refresh, its replay, its reuse, and what comes after', async () => {
    const refresh_token = (await token(LOGIN)).answer.json().refresh_token
    const form = { grant_type: 'refresh_token', refresh_token }
    const first = await token(form)
    const [refreshed] = first.events
    expect(first.events).toEqual([event({ type: 'refresh', user, object: ROW, details: 'read write' })])
    const replay = await token(form)
    expect(replay.answer.json().refresh_token).toBe(first.answer.json().refresh_token)
    expect(replay.events).toEqual([
      event({ type: 'refresh', user, object: refreshed?.object ?? null, details: 'replayed' }),
    ])
    harness.advance(3601)
    const refusal = { user, result: 'invalid_grant' } as const
    expect((await token(form)).events).toEqual([
      event({ type: 'reuse', ...refusal, reason: 'refresh_token_reused', object: ROW }),
    ])
    expect((await token(form)).events).toEqual([
      event({ type: 'refresh', ...refusal, reason: 'refresh_token_revoked' }),
    ])
  })

  test('a revocation, once', async () => {
    const { access_token, refresh_token } = (await token(LOGIN)).answer.json()
    const { events } = await revoke({ token: access_token })
    expect(events).toEqual([event({ type: 'revoke', user, object: ROW })])
    expect((await revoke({ token: access_token })).events).toEqual([])
    const other = (await token(LOGIN)).answer.json()
    expect((await revoke({ token: other.refresh_token })).events).toHaveLength(1)
    expect((await revoke({ token: other.refresh_token })).events).toEqual([])
    expect((await revoke({ token: other.access_token })).events).toEqual([])
    expect((await revoke({ token: refresh_token })).events).toEqual([])
    expect((await revoke({ token: 'nobody-knows-it' })).events).toEqual([])
  })

  test('a revocation of a JWT, once', async () => {
    const as = { client_id: 'other', client_secret: `${SECRET}9` }
    const issued = await left('/oauth/token', { grant_type: 'client_credentials', ...as })
    const form = { token: issued.answer.json().access_token, ...as }
    expect((await left('/oauth/revoke', form)).events).toEqual([
      event({ type: 'revoke', client: 'other', object: issued.events[0]?.object ?? '' }),
    ])
    expect((await left('/oauth/revoke', form)).events).toEqual([])
  })

  test('a login at a surface that knows no clients', async () => {
    const { events } = await left('/v0/token', LOGIN)
    expect(events).toEqual([
      event({
        ...{ type: 'login', user, client: null, surface: 'newstore' },
        ...{ object: expect.any(String), details: expect.stringContaining('offline_access') },
      }),
    ])
  })
})

describe('T162 what was refused', () => {
  const wrong = { client_id: 'shop', client_secret: `${SECRET}-wrong` }

  test('a wrong password', async () => {
    const { events } = await token({ ...LOGIN, password: 'wrong' })
    const refusal = { result: 'invalid_grant', reason: 'wrong_password' } as const
    expect(events).toEqual([event({ type: 'login', user, ...refusal })])
  })

  test('a user whom nobody knows: the name may be a password that was typed in the wrong field', async () => {
    const { events } = await token({ ...LOGIN, username: PASSWORD })
    const refusal = { result: 'invalid_grant', reason: 'unknown_user' } as const
    expect(events).toEqual([event({ type: 'login', ...refusal })])
    expect(JSON.stringify(events)).not.toContain(PASSWORD)
  })

  test('a login that is blocked', async () => {
    await start({ loginFailures: { perUser: 1 } })
    await token({ ...LOGIN, password: 'wrong' })
    const { events } = await token(LOGIN)
    const refusal = { result: 'invalid_grant', reason: 'login_blocked' } as const
    expect(events).toEqual([event({ type: 'login', user, ...refusal })])
  })

  test.each([
    ['issue', '/oauth/token', { grant_type: 'client_credentials' }],
    ['login', '/oauth/token', LOGIN],
    ['refresh', '/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x' }],
    ['revoke', '/oauth/revoke', { token: 'x' }],
    ['authenticate', '/oauth/introspect', { token: 'x' }],
  ] as const)('a client that can not prove who it is: %s', async (type, path, form) => {
    const refusal = { type, result: 'invalid_client' } as const
    const known = await left(path, { ...form, ...wrong })
    expect(known.events).toEqual([event({ ...refusal, reason: 'wrong_client_secret' })])
    const unknown = await left(path, { ...form, ...wrong, client_id: SECRET })
    expect(unknown.events).toEqual([event({ ...refusal, client: null, reason: 'unknown_client' })])
    expect(JSON.stringify([known.events, unknown.events])).not.toContain(SECRET)
  })

  test('the revocation of a token of another client', async () => {
    const { access_token } = (await token(LOGIN)).answer.json()
    const { events } = await left('/oauth/revoke', {
      ...{ token: access_token, client_id: 'other', client_secret: `${SECRET}9` },
    })
    const refusal = { result: 'unauthorized_client', reason: 'token_of_another_client' } as const
    expect(events).toEqual([event({ type: 'revoke', client: 'other', ...refusal })])
  })
})

describe('what leaves nothing', () => {
  test.each([
    ['a grant type that is not there', '/oauth/token', { grant_type: 'nothing' }],
    ['a login without a name', '/oauth/token', { grant_type: 'password', password: PASSWORD }],
    ['a refresh without a token', '/oauth/token', { grant_type: 'refresh_token' }],
    ['the revocation of nothing', '/oauth/revoke', {}],
    ['a path that is not there', '/oauth/nothing', LOGIN],
  ] as const)('%s', async (_, path, form) => {
    expect((await left(path, { ...clientSecret, ...form })).events).toEqual([])
  })

  test('introspection, public keys, and what is not there', async () => {
    const { access_token } = (await token(LOGIN)).answer.json()
    expect((await left('/oauth/introspect', { token: access_token, ...clientSecret })).events).toEqual([])
    expect((await left('/oauth/introspect', { token: 'x', ...clientSecret })).events).toEqual([])
    const before = await everyEvent(harness.store)
    await harness.send({ method: 'GET', path: '/.well-known/jwks.json' })
    await harness.send({ method: 'GET', path: '/oauth/token' })
    await harness.send({ path: '/oauth/token', body: 'x'.repeat(100_000) })
    expect(await everyEvent(harness.store)).toEqual(before)
  })
})

test('T032 of fifty revocations of one token at once one leaves an event', async () => {
  const { access_token } = (await token(LOGIN)).answer.json()
  const before = await everyEvent(harness.store)
  const form = { ...clientSecret, token: access_token }
  const answers = await Promise.all(Array.from({ length: 50 }, () => harness.post('/oauth/revoke', form)))
  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
  expect((await everyEvent(harness.store)).length).toBe(before.length + 1)
})
