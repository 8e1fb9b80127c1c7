/** Users who are not here yet, on the newstore surface. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { importPublicKey } from '../../src/crypto/signing-key.ts'
import { everyEvent } from '../audit/listed.ts'
import { type Harness, TENANT } from '../harness.ts'
import {
  addAnn,
  claimsOf,
  listen,
  login,
  type NewServer,
  noteOf,
  type OldServer,
  PASSWORD,
  REQUEST_ID,
  reasonOf,
  refresh,
  reply,
  SUB,
  startNew,
  startOld,
} from './old-server.ts'

let old: OldServer
let here: NewServer
beforeEach(async () => {
  old = await startOld()
  await addAnn(old)
  here = startNew(old.url)
})

const statusOf = async (answer: ReturnType<typeof login>) => (await answer).status
const ann = (server: Harness = here) => server.store.findUserByLogin('dodici', 'ann@example.com')

describe('the first login of a user who is not here', () => {
  test('is answered with what the old server says, byte for byte', async () => {
    const response = await login(here)
    expect(response.status).toBe(200)
    expect(old.asked).toEqual(['POST /v0/token'])
    const { access_token, refresh_token, expires_in, token_type } = response.json()
    expect([token_type, expires_in, claimsOf(access_token).sub]).toEqual(['Bearer', 86_400, SUB])
    // Only the old one knows it: it was issued there.
    expect((await refresh(old.harness, refresh_token)).status).toBe(200)
    expect(noteOf(here)).toBe('upstream, user learned')
    expect(here.entries.at(-1)).toMatchObject({ user: SUB, outcome: 'ok', status: 200 })
  })

  test('has the headers of an answer of the surface, and none of the old server', async () => {
    const response = await login(here, 'ann@example.com', PASSWORD, {})
    const own = await login(old.harness)
    const names = (headers: object) => Object.keys(headers).sort()
    expect(names(response.headers)).toEqual(names(own.headers))
    expect(response.header('content-type')).toBe('application/json;charset=UTF-8')
    expect(response.header('cache-control')).toBe('no-store')
    expect(response.header('pragma')).toBe('no-cache')
    expect(response.header('deprecation')).toBe('@1704672000')
    expect(response.header('x-newstore-request-id')).toBe(here.entries.at(-1)?.requestId)
  })

  test('teaches user, roles, claims and password: the next one needs no old server', async () => {
    const first = claimsOf((await login(here)).json().access_token)
    const user = await ann()
    expect(user).toMatchObject({
      ...{ id: SUB, username: 'ann@example.com', email: 'ann@example.com', roles: ['newstore_admin'] },
      ...{ claims: { newstore_id: '3S40MqkNyMLbOLNGqF6Ryc', region: 'eu' }, disabled: false, version: 1 },
    })
    expect(user?.passwordHash).toMatch(/^\$argon2id\$/)
    await old.close()
    const second = await login(here)
    expect(second.status).toBe(200)
    const { iat: _, exp: __, ...claims } = claimsOf(second.json().access_token)
    const { iat: ___, exp: ____, ...before } = first
    expect(claims).toEqual(before)
    expect(noteOf(here)).toBeNull()
    expect(await statusOf(login(here, 'ann@example.com', 'wrong'))).toBe(403)
    expect(reasonOf(here)).toBe('wrong_password')
  })

  test('is told of in the audit log and the usage ledger', async () => {
    await login(here)
    const events = await everyEvent(here.store)
    expect(events.map(({ type, user, details, actor }) => [type, user, details, actor])).toEqual([
      ['user.learn', SUB, 'the user, from upstream of newstore', 'requester'],
      ['login', SUB, 'upstream', 'requester'],
    ])
    await here.writeUsage()
    const all = { tenant: 'dodici', surface: null, use: null, user: null, client: null, from: 0 }
    const { rows } = await here.store.listUsage(all, null, 10)
    expect(rows).toMatchObject([{ surface: 'newstore', use: 'password', user: SUB, succeeded: 1, failed: 0 }])
  })

  test('sends the parameters of the grant, and says whom it is for', async () => {
    const form = { grant_type: 'password', username: 'ann@example.com', password: PASSWORD, audience: 'x' }
    await here.post('/v0/token', form, { 'x-request-id': REQUEST_ID, cookie: 'session=1' })
    const { headers } = old.requests[0] ?? {}
    expect(headers).toMatchObject({
      ...{ 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'mintkeeper' },
      ...{ 'x-request-id': REQUEST_ID, 'x-forwarded-for': '192.0.2.1', 'mintkeeper-upstream': '1' },
    })
    expect(headers).not.toHaveProperty('cookie')
    expect(old.harness.entries.at(-1)).toMatchObject({ requestId: REQUEST_ID, status: 200 })
  })
})

describe('byte for byte', () => {
  test('the answer is what was sent, whatever else stands in it', async () => {
    const { access_token } = (await login(old.harness)).json()
    const body = `{ "access_token" : "${access_token}", "token_type":"Bearer","expires_in":86400, "extra":"\\u00e9 \u00e9" }\n`
    const socket = await listen((_, response) =>
      reply(response, 200, body, { 'set-cookie': 'a=b', 'x-a': 'b' }),
    )
    const server = startNew(socket.url)
    const response = await login(server)
    expect([response.status, response.body]).toEqual([200, body])
    expect(response.header('set-cookie')).toBeNull()
    expect(response.header('x-a')).toBeNull()
  })

  test('a refusal there is the refusal of a wrong password here', async () => {
    await here.user({ username: 'here', password: PASSWORD })
    const headers = { 'x-request-id': REQUEST_ID }
    const attempt = (username: string) =>
      here.post('/v0/token', { grant_type: 'password', username, password: 'wrong' }, headers)
    const expected = await attempt('here')
    expect(reasonOf(here)).toBe('wrong_password')
    for (const username of ['ann@example.com', 'nobody']) {
      const { status, headers, body } = await attempt(username)
      expect([status, headers, body]).toEqual([expected.status, expected.headers, expected.body])
      expect(reasonOf(here)).toBe('upstream_refused')
    }
    expect(await ann()).toBeNull()
    expect((await everyEvent(here.store)).map(({ type, reason }) => [type, reason])).toEqual([
      ['login', 'wrong_password'],
      ['login', 'upstream_refused'],
      ['login', 'upstream_refused'],
    ])
  })
})

describe('whose token it is', () => {
  const jwtOf = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
  const answer = (claims: object) => ({
    access_token: jwtOf(claims),
    token_type: 'Bearer',
    expires_in: 86_400,
  })
  const startWith = async (claims: object) => {
    const socket = await listen((_, response) => reply(response, 200, answer(claims)))
    return startNew(socket.url)
  }

  test('is told by the claims alone, and nobody is made of what no user can be', async () => {
    const odd = { 'http://newstore/roles': ['ok', 'not ok'], 'http://newstore/newstore_id': 7, iss: 'x' }
    const server = await startWith({ sub: SUB, ...odd })
    expect((await login(server)).status).toBe(200)
    expect(noteOf(server)).toBe('upstream, user not learned')
    expect(await ann(server)).toBeNull()
  })

  test('is the newstore_id as well where there is none', async () => {
    const server = await startWith({ sub: SUB, 'http://newstore/newstore_id': SUB })
    await login(server, 'till-10')
    expect(await server.store.findUserByLogin('dodici', 'till-10')).toMatchObject({
      ...{ id: SUB, username: 'till-10', email: null, roles: [], claims: {} },
    })
  })

  test.each([null, 'ann@example.com'])(
    'is not learned by a name with white space about it; here is %s',
    async (email) => {
      const server = await startWith({ sub: SUB })
      if (email !== null) await server.user({ id: SUB, username: email, email, password: PASSWORD })
      for (const [username, found] of [
        [' till-10', null],
        ['till-10\u00a0', null],
        ['till-10', { id: SUB, username: 'till-10', email }],
      ] as const) {
        expect((await login(server, username)).status).toBe(200)
        const user = await server.store.findUserByLogin('dodici', username)
        if (found === null) expect(user).toBeNull()
        else expect(user).toMatchObject(found)
      }
    },
  )

  test.each([
    ['no subject', {}],
    ['an empty one', { sub: '' }],
    ['one that is no text', { sub: 7 }],
    ['one with a NUL', { sub: 'a\0' }],
    ['half a character', { sub: '\ud83d' }],
  ])('has to be told: %s is no answer', async (_, claims) => {
    const server = await startWith(claims)
    const response = await login(server)
    expect([response.status, response.header('retry-after')]).toEqual([503, '30'])
    expect(reasonOf(server)).toBe('upstream_user_unknown')
    expect((await server.store.listUsers('dodici', null, 10)).rows).toEqual([])
  })

  test('has to be signed by a key of that issuer, where such keys were imported', async () => {
    const key = await generateKeyPair('RS256', { extractable: true })
    const imported = importPublicKey({ ...(await exportJWK(key.publicKey)), kid: 'old' })
    const sign = (claims: object) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'old', typ: 'JWT' })
        .sign(key.privateKey)
    const tokens = [
      [503, jwtOf({ sub: SUB, iss: TENANT.issuer })],
      [200, await sign({ sub: SUB, iss: TENANT.issuer })],
      [200, jwtOf({ sub: 'another', iss: 'https://elsewhere.example/' })],
    ] as const
    let token = ''
    const socket = await listen((_, response) =>
      reply(response, 200, { access_token: token, token_type: 'Bearer', expires_in: 60 }),
    )
    const server = startNew(socket.url)
    const terms = { issuer: null, audience: null }
    await server.services.keys.import('dodici', { keys: [imported], terms, until: server.now() + 86_400 })
    for (const [index, [status, jwt]] of tokens.entries()) {
      token = jwt
      expect([index, (await login(server, `user-${index}`)).status]).toEqual([index, status])
    }
  })
})
