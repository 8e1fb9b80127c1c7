/** Users who are not here yet, on the spree surface. */
import { beforeEach, describe, expect, test } from 'vitest'
import {
  BASIC,
  CREDENTIALS,
  listen,
  type NewServer,
  noteOf,
  type OldServer,
  reasonOf,
  reply,
  SPREE_CLIENT,
  spreeLogin,
  startNew,
  startSpree,
} from './old-server.ts'

const INFO = 'GET /spree_oauth/token/info'

let old: OldServer
let here: NewServer
beforeEach(async () => {
  ;({ old, here } = await startSpree())
})

const learned = () => here.store.findUserByLogin('dodici', 'ann@example.com')

describe('the first login of a user who is not here', () => {
  test('is answered by the old server, and teaches the id that the user has there', async () => {
    const response = await spreeLogin(here, { username: 'Ann@Example.com' })
    expect(response.status).toBe(200)
    expect(Object.keys(response.json())).toEqual([
      ...['access_token', 'token_type', 'expires_in', 'refresh_token', 'created_at'],
    ])
    expect(response.header('content-type')).toBe('application/json; charset=utf-8')
    expect(old.asked).toEqual(['POST /spree_oauth/token', INFO])
    expect(noteOf(here)).toBe('upstream, upstream, user learned')
    expect(await learned()).toMatchObject({
      ...{ id: '17', username: 'ann@example.com', email: 'ann@example.com', roles: [], claims: {} },
    })
    await old.close()
    expect((await spreeLogin(here)).status).toBe(200)
  })

  test.each([
    ['in the header', {}, BASIC],
    ['in the body', CREDENTIALS, {}],
    ['with no client', {}, {}],
  ])('has the client prove itself there as it did here: %s', async (_, form, headers) => {
    expect((await spreeLogin(here, { ...form, scope: '' }, headers)).status).toBe(200)
    const { client, status } = old.harness.entries[0] ?? {}
    const sent = 'authorization' in headers || 'client_id' in form
    expect([client, status]).toEqual([sent ? SPREE_CLIENT.id : null, 200])
    expect(old.requests[0]?.headers.authorization).toBe(BASIC === headers ? BASIC.authorization : undefined)
  })

  test('of a public client sends its id', async () => {
    for (const server of [old.harness, here]) await server.client({ id: 'storefront', public: true })
    expect((await spreeLogin(here, { client_id: 'storefront' })).status).toBe(200)
    expect(old.harness.entries[0]).toMatchObject({ client: 'storefront', status: 200 })
  })

  test('is asked about only for a client that has proved itself here, and may log in', async () => {
    await here.client({ ...SPREE_CLIENT, id: 'machine', grants: ['client_credentials'] })
    const refused: [object, number][] = [
      [{ client_id: 'shop', client_secret: 'wrong' }, 401],
      [{ client_id: 'nobody' }, 401],
      [{ ...CREDENTIALS, client_id: 'machine' }, 401],
    ]
    for (const [form, status] of refused) expect((await spreeLogin(here, form)).status).toBe(status)
    expect(old.asked).toEqual([])
  })

  test('asks for the scope that was asked for, unless the client may not have it here', async () => {
    const response = await spreeLogin(here, { ...CREDENTIALS, scope: 'read write' })
    expect(response.json().scope).toBe('read write')
    old.asked.length = 0
    const wrong = await spreeLogin(here, { ...CREDENTIALS, username: 'nobody', password: 'wrong' })
    for (const scope of ['admin', 'admin read', 'unheard', 'a"b']) {
      const found = await spreeLogin(here, { ...CREDENTIALS, username: 'nobody', scope })
      expect([found.status, found.body]).toEqual([wrong.status, wrong.body])
      expect(reasonOf(here)).toBe('unknown_user')
    }
    expect(old.asked).toEqual(['POST /spree_oauth/token'])
  })

  test('is refused for a scope that the old server does not give, and the password counts as right', async () => {
    await old.harness.store.deleteClient('dodici', 'shop')
    await old.harness.client({ ...SPREE_CLIENT, scopes: ['read'] })
    here = startNew(old.url, { surface: 'spree', loginFailures: { perUser: 1 } })
    await here.client(SPREE_CLIENT)
    for (let time = 0; time < 3; time++) {
      const response = await spreeLogin(here, { ...CREDENTIALS, scope: 'write' })
      expect([response.status, response.json().error]).toEqual([400, 'invalid_scope'])
    }
    expect(reasonOf(here)).toBe('upstream_refused_scope')
  })

  test('of a client that is new is refused like a wrong password', async () => {
    await here.client({ ...SPREE_CLIENT, id: 'new' })
    const response = await spreeLogin(here, { ...CREDENTIALS, client_id: 'new' })
    expect([response.status, response.json().error]).toEqual([400, 'invalid_grant'])
    expect(reasonOf(here)).toBe('upstream_refused_client')
  })
})

describe('an id', () => {
  const tokens = { access_token: 'a'.repeat(43), token_type: 'Bearer', expires_in: 7200 }
  async function startWith(status: number, info: unknown, accessToken: unknown = tokens.access_token) {
    const socket = await listen((request, response) =>
      request.method === 'GET'
        ? reply(response, status, info)
        : reply(response, 200, { ...tokens, access_token: accessToken }),
    )
    const server = startNew(socket.url, { surface: 'spree' })
    return { server, socket, response: await spreeLogin(server) }
  }

  test.each([
    [17, null, '17'],
    [17, 'Spree::User', '17'],
    [17, 'Spree::LegacyUser', '17'],
    ['b1b6c0de-4b1d-4c1e-9d53-2b6d1f1f0a11', undefined, 'b1b6c0de-4b1d-4c1e-9d53-2b6d1f1f0a11'],
  ])('that is told as %j of %j is the sub', async (id, type, sub) => {
    const { server, response } = await startWith(200, { resource_owner_id: id, resource_owner_type: type })
    expect(response.status).toBe(200)
    expect((await server.store.findUserByLogin('dodici', 'ann@example.com'))?.id).toBe(sub)
  })

  test.each([
    ['nobody', 200, { resource_owner_id: null }],
    [
      'an administrator, whose ids are others',
      200,
      { resource_owner_id: 17, resource_owner_type: 'Spree::AdminUser' },
    ],
    ['a number that is none', 200, { resource_owner_id: 1.5 }],
    ['a list', 200, { resource_owner_id: [17] }],
    ['that it does not know the token', 401, { error: 'invalid_token', error_description: 'x' }],
  ])('is not made up: the token is said to be of %s', async (_, status, info) => {
    const { server, response } = await startWith(status, info)
    expect([response.status, response.header('retry-after')]).toEqual([503, '30'])
    expect(reasonOf(server)).toBe('upstream_user_unknown')
    expect((await server.store.listUsers('dodici', null, 10)).rows).toEqual([])
  })

  test.each([
    ['no page', 404, '<html>'],
    ['an error', 500, {}],
  ])('is not made up: %s', async (_, status, info) => {
    const { server, response } = await startWith(status, info)
    expect([response.status, reasonOf(server)]).toEqual([503, 'upstream_failed'])
    expect((await server.store.listUsers('dodici', null, 10)).rows).toEqual([])
  })

  test('is not asked for with what is no token', async () => {
    const { socket, response } = await startWith(200, { resource_owner_id: 17 }, 'two\r\nlines')
    expect(response.status).toBe(503)
    expect(socket.asked).toEqual(['POST /spree_oauth/token'])
  })
})
