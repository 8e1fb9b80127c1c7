/** See newstore.test.ts for the requirements that are met differently. */
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { TestResponse } from '../harness.ts'
import {
  checkAnswer,
  createNewstore,
  FORM,
  failure,
  form,
  PASSWORD,
  SCOPE,
  USERNAME,
  UUID_V4,
} from './newstore-exchange.ts'

const { harness, login, refresh, refused, verify } = createNewstore({
  'mycompany-staging': {},
  strict: { requiredRoles: ['newstore_admin', 'token_user'] },
})

const CLERK = { username: 'clerk', password: ' Grüße +%& ' }

beforeAll(async () => {
  await harness.user({ username: USERNAME, password: PASSWORD, roles: ['newstore_admin'] })
  await harness.user(CLERK)
  await harness.user({ username: 'disabled@example.com', password: PASSWORD, disabled: true })
  await harness.user({ username: 'no-password@example.com' })
  await harness.user({ tenant: 'mycompany-staging', username: USERNAME, password: 'another one' })
  await harness.user({ tenant: 'strict', username: USERNAME, password: PASSWORD, roles: ['clerk'] })
})

describe('4. POST /v0/token', () => {
  test.each([
    'refresh_token',
    'client_credentials',
    'PASSWORD',
    ' password',
    'authorization_code',
    '__proto__',
  ])('R050 R051 grant_type %s is 400, whether or not the password is right', async (grant_type) => {
    for (const password of [PASSWORD, 'wrong', '']) {
      const response = await refused(400, { parameters: { grant_type, password } })
      expect(response.body).toBe(failure(400, response))
    }
    await refused(400, { body: form({ grant_type }) })
  })

  test('R051 with another grant_type not even a refresh token is looked at', async () => {
    const find = vi.spyOn(harness.store, 'findToken')
    await refused(400, { parameters: { grant_type: 'refresh_token', refresh_token: 'x'.repeat(45) } })
    expect(find).not.toHaveBeenCalled()
  })

  test('R053 R054 a name may be an e-mail address in any case, or plain and then exact', async () => {
    expect((await login({ parameters: { username: 'MyUserName@Example.COM' } })).status).toBe(200)
    expect((await login({ parameters: CLERK })).status).toBe(200)
    expect((await login({ parameters: { ...CLERK, username: 'Clerk' } })).status).toBe(403)
    for (const username of [` ${USERNAME}`, `${USERNAME} `, 'clerk ']) {
      expect((await login({ parameters: { username } })).status).toBe(403)
    }
  })

  test.each([
    ['R055', 'an unknown user', { username: 'nobody@example.com' }],
    ['R056', 'a wrong password', { password: 'wrong' }],
    ['R056', 'a password in another case', { password: PASSWORD.toLowerCase() }],
    ['R058', 'a disabled user', { username: 'disabled@example.com' }],
    ['R058', 'a disabled user with a wrong password', { username: 'disabled@example.com', password: 'x' }],
    ['R055', 'a user without a password', { username: 'no-password@example.com' }],
    ['R055', 'a user of another tenant', { password: 'another one' }],
    ['T123', 'a name of Object.prototype', { username: '__proto__' }],
    ['T111', 'a password nobody has', { password: 'x'.repeat(300) }],
  ])(
    '%s R059 R060 R063 T108 T211 %s is 403, and nothing tells it from the others',
    async (_, __, parameters) => {
      const response = await login({ parameters })
      expect(response.status).toBe(403)
      expect(response.body).toBe(failure(403, response))
      const wrong = await login({ parameters: { password: 'wrong' } })
      const names = (answer: TestResponse) =>
        Object.entries(answer.headers).filter(([, value]) => !UUID_V4.test(value))
      expect(names(response)).toEqual(names(wrong))
    },
  )

  test('R059 a password is verified whether there is a user or not', async () => {
    for (const username of [
      USERNAME,
      'nobody@example.com',
      'no-password@example.com',
      'disabled@example.com',
    ]) {
      verify.mockClear()
      await login({ parameters: { username, password: 'wrong' } })
      expect(verify).toHaveBeenCalledOnce()
    }
  })

  test('R057 without the role that the tenant asks for it is 403', async () => {
    const host = 'strict.x.newstore.net'
    const response = await login({ host })
    expect(response.status).toBe(403)
    expect(response.body).toBe(failure(403, response))
    const [user] = (await harness.store.listUsers('strict', null, 1)).rows
    await harness.store.updateUser({ ...user!, roles: ['token_user'] })
    expect((await login({ host })).status).toBe(200)
  })

  test('R062 an error inside is 500 and tells nothing', async () => {
    const find = vi.spyOn(harness.store, 'findUserByLogin')
    find.mockRejectedValueOnce(new Error('SELECT * FROM users -- /srv/db'))
    const response = await login()
    expect(response.status).toBe(500)
    const requestId = response.header('x-newstore-request-id')
    expect(response.body).toBe(`{"status":500,"message":"Internal Error","request_id":"${requestId}"}`)
    find.mockRestore()
  })

  test('T011 a write that was not done is 503 with Retry-After', async () => {
    const issue = vi.spyOn(harness.store, 'issue')
    issue.mockRejectedValueOnce(new StoreUnavailable('disk full'))
    const response = await login()
    expect(response.status).toBe(503)
    expect(response.header('retry-after')).toBe('1')
    expect(response.json().message).toBe('Service Unavailable')
    issue.mockRestore()
  })
})

describe('5. the answer', () => {
  test('R070 R071 R072 R073 T057 it is that of the document', async () => {
    const response = await login()
    expect(response.json()).toEqual({
      refresh_token: expect.any(String),
      access_token: expect.any(String),
      token_type: 'Bearer',
      scope: SCOPE,
      expires_in: 86400,
    })
  })

  test('R074 no offline_access, no refresh token', async () => {
    const [user] = (await harness.store.listUsers('dodici', null, 10)).rows.filter(
      ({ username }) => username === 'clerk',
    )
    const saved = await harness.store.updateUser({ ...user!, scopes: ['read:current_user', 'unknown'] })
    const without = (await login({ parameters: CLERK })).json()
    expect(without.scope).toBe('read:current_user')
    expect(without).not.toHaveProperty('refresh_token')
    await harness.store.updateUser({ ...saved, scopes: ['offline_access'] })
    const offline = (await login({ parameters: CLERK })).json()
    expect(offline.scope).toBe('offline_access')
    expect(offline).toHaveProperty('refresh_token')
  })

  test('R075 the refresh token has 45 characters, and only its digest is stored', async () => {
    const { refresh_token } = (await login()).json()
    expect(refresh_token).toMatch(/^[A-Za-z0-9_-]{45}$/)
    const { rows } = await harness.store.listTokens({
      tenant: 'dodici',
      userId: null,
      clientId: null,
      before: null,
      limit: 1,
    })
    expect(rows[0]?.refreshHash).toHaveLength(32)
    const stored = JSON.stringify(rows, (_, value) => (value instanceof Uint8Array ? [...value] : value))
    expect(stored).not.toContain(refresh_token.slice(9))
  })

  test('R078 each login has tokens of its own, and the earlier ones stay valid', async () => {
    const first = (await login()).json()
    harness.advance(1)
    const second = (await login()).json()
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(second.access_token).not.toBe(first.access_token)
    expect((await refresh(first.refresh_token)).status).toBe(200)
  })
})

describe('6. request ids', () => {
  test('R080 R081 R084 a new one each time, a UUID of version 4', async () => {
    const ids = new Set<string | null>()
    for (let at = 0; at < 20; at++) {
      const response = await login({ parameters: { password: '' } })
      expect(response.json().request_id).toMatch(UUID_V4)
      ids.add(response.header('x-newstore-request-id'))
    }
    expect(ids.size).toBe(20)
  })

  test.each(['x-newstore-request-id', 'request-id'])('R085 a UUID in %s is adopted', async (name) => {
    const headers = { ...FORM, [name]: '9287978A-6641-410e-b7db-102c22a4f392' }
    const response = await login({ headers, body: '' })
    expect(response.json().request_id).toBe('9287978a-6641-410e-b7db-102c22a4f392')
  })

  test.each(['1', 'x'.repeat(5000), '9287978a-6641-410e-b7db-102c22a4f392\tINFO', '{"a":1}', ''])(
    'R085 T131 anything else is not',
    async (id) => {
      const headers = { ...FORM, 'x-newstore-request-id': id, 'request-id': id }
      expect((await login({ headers, body: '' })).json().request_id).toMatch(UUID_V4)
    },
  )
})

test('the check of each answer can fail', () => {
  const answer = { status: 200, headers: {}, body: '{}', header: () => null, json: () => ({}) }
  expect(() => checkAnswer(answer)).toThrow()
})
