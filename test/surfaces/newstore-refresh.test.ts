/** See newstore.test.ts for the requirements that are met differently. */
import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import type { UserRow } from '../../src/store/rows.ts'
import type { TestResponse } from '../harness.ts'
import {
  type Changes,
  createNewstore,
  FORM,
  failure,
  form,
  JSON_TYPE,
  PASSWORD,
  SCOPE,
  USERNAME,
} from './newstore-exchange.ts'

const { harness, login, refresh, verify } = createNewstore({
  rotating: { refresh: 'rotate', reuseWindow: 10 },
  ending: { refreshExpiresIn: 100, refreshIdleExpiresIn: 40 },
  'no-refresh': { scopes: ['read:current_user'] },
})

const HOST = { rotating: 'rotating.x.newstore.net', ending: 'ending.x.newstore.net' }

let user: UserRow
let serial = 0

/** A user of one's own for each test. */
beforeEach(async () => {
  user = await newUser('dodici')
})

async function newUser(tenant: string): Promise<UserRow> {
  return await harness.user({ tenant, username: `user${serial++}`, password: PASSWORD, roles: ['clerk'] })
}

function update(changes: Partial<UserRow>): Promise<UserRow> {
  return harness.store.updateUser({ ...user, ...changes })
}

/** The refresh token of a login. */
async function granted(host?: string): Promise<string> {
  const parameters = { username: user.username }
  const response = await login({ parameters, ...(host !== undefined && { host }) })
  expect(response.status).toBe(200)
  return response.json().refresh_token
}

async function expectRefused(token: string, changes?: Changes): Promise<void> {
  const response = await refresh(token, changes)
  expect(response.status).toBe(403)
  expect(response.body).toBe(failure(403, response))
}

async function expectMalformed(request: Promise<TestResponse>): Promise<void> {
  const response = await request
  expect(response.status).toBe(400)
  expect(response.body).toBe(failure(400, response))
}

async function isActive(token: string): Promise<boolean> {
  const name = `api${serial++}`
  const api = await harness.client({ id: name, introspect: 'any' })
  const response = await harness.post('/oauth/introspect', {
    token,
    client_id: name,
    client_secret: api.secret,
  })
  return response.json().active
}

describe('8. POST /v0/refresh_token', () => {
  test('R110 grant_type must be refresh_token', async () => {
    const token = await granted()
    for (const grant_type of ['password', 'client_credentials', 'REFRESH_TOKEN', '']) {
      await expectMalformed(refresh(token, { parameters: { grant_type } }))
    }
    await expectMalformed(refresh(token, { body: form({ refresh_token: token }) }))
    const right = { grant_type: 'password', username: user.username, password: PASSWORD }
    verify.mockClear()
    await expectMalformed(refresh(token, { body: form(right) }))
    expect(verify).not.toHaveBeenCalled()
  })

  test('R111 R112 R119 it answers as a login does, with a new access token for a full day', async () => {
    const token = await granted()
    harness.advance(5000)
    const response = await refresh(token)
    expect(response.json()).toEqual({
      refresh_token: token,
      access_token: expect.any(String),
      token_type: 'Bearer',
      scope: SCOPE,
      expires_in: 86400,
    })
    const { iat, exp, gty } = decodeJwt(response.json().access_token)
    expect([iat, exp, gty]).toEqual([harness.now(), harness.now() + 86400, 'password'])
  })

  test('R020 R021 R022 in a form, in JSON, and without a Content-Type', async () => {
    const token = await granted()
    const members = { grant_type: 'refresh_token', refresh_token: token }
    expect((await refresh(token, { headers: {} })).status).toBe(200)
    expect((await refresh(token, { headers: JSON_TYPE, body: JSON.stringify(members) })).status).toBe(200)
    await expectMalformed(refresh(token, { headers: { 'content-type': 'text/plain' } }))
    const number = JSON.stringify({ ...members, refresh_token: 1 })
    await expectMalformed(refresh(token, { headers: JSON_TYPE, body: number }))
    await expectMalformed(refresh(token, { body: `${form(members)}&refresh_token=${token}` }))
  })

  test('R113 T050 T051 what is no refresh token is 403', async () => {
    const token = await granted()
    const flipped = token.replace(/[a-zA-Z](?=[^a-zA-Z]*$)/, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    )
    const others = [
      'Z4tuV3lC4EvMV1X5A3HsB_VUBxmtlj5JtmUbtfQtWI538',
      ' ',
      'null',
      'undefined',
      '0',
      'é',
      '__proto__',
    ]
    const altered = [
      flipped,
      token.slice(0, -1),
      `${token}A`,
      `${token}=`,
      `${token}.`,
      `${token} `,
      ` ${token}`,
    ]
    for (const text of [...others, ...altered, 'x'.repeat(10_000)]) await expectRefused(text)
    expect((await refresh(token)).status).toBe(200)
  })

  test('R113 the stored digest is not taken for the token', async () => {
    const token = await granted()
    const query = { tenant: 'dodici', userId: user.id, clientId: null, before: null, limit: 1 }
    const digest = Buffer.from((await harness.store.listTokens(query)).rows[0]?.refreshHash ?? [])
    expect(digest).toHaveLength(32)
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      await expectRefused(digest.toString(encoding))
      await expectRefused(token.slice(0, 9) + digest.toString(encoding))
      await expectRefused((token.slice(0, 9) + digest.toString(encoding)).slice(0, 45))
    }
  })

  test('R113 T040 an expired one is 403, at the second it expires', async () => {
    user = await newUser('ending')
    const token = await granted(HOST.ending)
    harness.advance(39)
    expect((await refresh(token, { host: HOST.ending })).status).toBe(200)
    harness.advance(40)
    await expectRefused(token, { host: HOST.ending })
  })

  test('R125 T040 nor does use carry it beyond its absolute end', async () => {
    user = await newUser('ending')
    const token = await granted(HOST.ending)
    for (const seconds of [30, 30, 39]) {
      harness.advance(seconds)
      expect((await refresh(token, { host: HOST.ending })).status).toBe(200)
    }
    harness.advance(1)
    await expectRefused(token, { host: HOST.ending })
  })

  test('R125 by default it never ends', async () => {
    const token = await granted()
    harness.advance(5 * 365 * 86400)
    expect((await refresh(token)).status).toBe(200)
  })

  test('R113 T043 a revoked one is 403', async () => {
    const token = await granted()
    const query = { tenant: 'dodici', userId: user.id, clientId: null, before: null, limit: 1 }
    const [row] = (await harness.store.listTokens(query)).rows
    await harness.store.revokeFamily(row!.key, harness.now())
    await expectRefused(token)
  })

  test('R114 without a refresh token, or with an empty one, it is 400', async () => {
    await expectMalformed(refresh(''))
    await expectMalformed(refresh('', { body: form({ grant_type: 'refresh_token' }) }))
    await expectMalformed(refresh('', { body: '' }))
  })

  test('R115 T041 without a scope it is that of the login', async () => {
    const token = await granted()
    for (const parameters of [{}, { scope: '' }, { scope: ' ' }]) {
      expect((await refresh(token, { parameters })).json().scope).toBe(SCOPE)
    }
  })

  test('R100 R116 T041 a narrower scope narrows the access token, and nothing else', async () => {
    const token = await granted()
    const narrow = (await refresh(token, { parameters: { scope: 'read:current_user' } })).json()
    expect(narrow.scope).toBe('read:current_user')
    expect(decodeJwt(narrow.access_token).scope).toBe('read:current_user')
    expect(narrow.refresh_token).toBe(token)
    expect((await refresh(token)).json().scope).toBe(SCOPE)
  })

  test('R117 T041 a wider scope is 400', async () => {
    const token = await granted()
    for (const scope of ['admin', `${SCOPE} admin`, '"', 'x'.repeat(1000), '__proto__', 'constructor']) {
      await expectMalformed(refresh(token, { parameters: { scope } }))
    }
    await update({ scopes: ['offline_access'] })
    const narrowed = await granted()
    await update({ scopes: null, version: 2 })
    await expectMalformed(refresh(narrowed, { parameters: { scope: 'read:current_user' } }))
  })

  test.each([
    ['disabled', { disabled: true }],
    ['with a new password', { tokensValidAfter: 4_000_000_000 }],
  ])('R118 T053 a user %s is 403', async (_, changes) => {
    const token = await granted()
    await update(changes)
    await expectRefused(token)
  })

  test('R118 T053 so is a deleted one', async () => {
    const token = await granted()
    await harness.store.deleteUser('dodici', user.id)
    await expectRefused(token)
  })

  test('R118 a login after the new password is good again, in the same second', async () => {
    const token = await granted()
    await update({ tokensValidAfter: harness.now() + 1 })
    await expectRefused(token)
    expect((await refresh(await granted())).status).toBe(200)
  })

  test('R119 T042 roles and scopes are those of now', async () => {
    const token = await granted()
    await update({ roles: ['boss'], scopes: ['read:current_user', 'offline_access'] })
    const { access_token, scope } = (await refresh(token)).json()
    expect(decodeJwt(access_token)['http://newstore/roles']).toEqual(['boss'])
    expect(scope).toBe('read:current_user offline_access')
  })

  test('R120 T052 an access token is no refresh token', async () => {
    const { access_token } = (await login({ parameters: { username: user.username } })).json()
    await expectRefused(access_token)
  })

  test('R052 T052 nor is one of another surface', async () => {
    const client = await harness.client({ id: `client${serial++}`, scopes: ['offline_access'] })
    const spree = await harness.post('/spree_oauth/token', {
      grant_type: 'password',
      username: user.username,
      password: PASSWORD,
    })
    expect(spree.status).toBe(200)
    await expectRefused(spree.json().refresh_token)
    const token = await granted()
    const credentials = { client_id: client.id, client_secret: client.secret }
    for (const path of ['/spree_oauth/token', '/oauth/token']) {
      const form = { grant_type: 'refresh_token', refresh_token: token, ...credentials }
      const response = await harness.post(path, form)
      expect([response.status, response.json().error]).toEqual([400, 'invalid_grant'])
    }
    expect((await refresh(token)).status).toBe(200)
  })

  test('R078 R121 earlier access tokens stay valid', async () => {
    const first = (await login({ parameters: { username: user.username } })).json()
    harness.advance(1)
    const second = (await refresh(first.refresh_token)).json()
    const third = (await login({ parameters: { username: user.username } })).json()
    for (const { access_token } of [first, second, third]) expect(await isActive(access_token)).toBe(true)
    harness.advance(86399)
    expect(await isActive(first.access_token)).toBe(false)
    expect(await isActive(second.access_token)).toBe(true)
  })

  test('R122 R124 the same refresh token again and again, and by many at once', async () => {
    const token = await granted()
    for (let at = 0; at < 3; at++) expect((await refresh(token)).json().refresh_token).toBe(token)
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(token, { headers: FORM })))
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200))
    expect((await refresh(token)).status).toBe(200)
  })

  test('R126 username and password are ignored', async () => {
    const token = await granted()
    verify.mockClear()
    const parameters = { username: USERNAME, password: 'wrong' }
    expect((await refresh(token, { parameters })).status).toBe(200)
    expect(verify).not.toHaveBeenCalled()
  })

  test('R123 R124 with rotation each refresh has a new token, and the one before lives for the window', async () => {
    user = await newUser('rotating')
    const host = HOST.rotating
    const first = await granted(host)
    const [one, two] = await Promise.all([refresh(first, { host }), refresh(first, { host })])
    const second = one.json().refresh_token
    expect(second).not.toBe(first)
    expect(two.json().refresh_token).toBe(second)
    harness.advance(9)
    expect((await refresh(first, { host })).json().refresh_token).toBe(second)
    const third = (await refresh(second, { host })).json().refresh_token
    await expectRefused(first, { host })
    await expectRefused(third, { host })
  })
})
