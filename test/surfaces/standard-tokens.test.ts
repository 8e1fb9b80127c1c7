import { decodeJwt } from 'jose'
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { UserRow } from '../../src/store/rows.ts'
import { type Answer, createStandard, expectError, type TestClient } from './standard-exchange.ts'

const {
  harness,
  as,
  client: newClient,
  user: newUser,
  login,
  refresh,
  introspect,
  token,
} = createStandard({
  other: {},
})

let client: TestClient
let opaque: TestClient
let storefront: TestClient
/** A resource server. */
let api: TestClient
let user: UserRow

beforeAll(async () => {
  client = await newClient()
  opaque = await newClient({ accessToken: 'opaque' })
  storefront = await newClient({ public: true, grants: ['password', 'refresh_token'] })
  api = await newClient({ introspect: 'any', scopes: [] })
  user = (await newUser({ roles: ['admin'], claims: { locale: 'de', active: false } })) as UserRow
})

async function clientToken(one: TestClient): Promise<string> {
  return (await token(one, { grant_type: 'client_credentials' })).json().access_token
}

async function isActive(text: string): Promise<boolean> {
  return (await introspect(api, text)).active === true
}

/** RFC 7009 §2.2: always 200. */
async function revoke(one: TestClient, text: string, hint?: string): Promise<void> {
  const response = await as(one, '/oauth/revoke', {
    token: text,
    ...(hint !== undefined && { token_type_hint: hint }),
  })
  expect([response.status, response.body]).toEqual([200, '{}'])
}

describe('RFC 7662: introspection', () => {
  test('of a JWT', async () => {
    const { access_token } = await login(client, user.username)
    expect(await introspect(api, access_token)).toEqual({
      active: true,
      scope: 'read write',
      client_id: client.id,
      username: user.username,
      token_type: 'Bearer',
      exp: harness.now() + 3600,
      iat: harness.now(),
      sub: user.id,
      aud: 'https://main.example/',
      iss: 'https://main.example/',
      jti: decodeJwt(access_token).jti,
      roles: ['admin'],
      locale: 'de',
    })
  })

  test('of an opaque access token', async () => {
    const { access_token } = await login(opaque, user.username)
    const answer = await introspect(api, access_token)
    expect(answer).toEqual({
      active: true,
      scope: 'read write',
      client_id: opaque.id,
      username: user.username,
      token_type: 'Bearer',
      exp: harness.now() + 3600,
      iat: harness.now(),
      sub: user.id,
      aud: 'https://main.example/',
      iss: 'https://main.example/',
      roles: ['admin'],
      locale: 'de',
    })
  })

  test('of a refresh token', async () => {
    const { refresh_token } = await login(client, user.username)
    const answer = await introspect(api, refresh_token)
    expect(answer).toMatchObject({ active: true, client_id: client.id, exp: harness.now() + 30 * 86400 })
    expect(answer).not.toHaveProperty('token_type')
    expect(answer).not.toHaveProperty('aud')
  })

  test('of a client’s own token', async () => {
    for (const one of [client, opaque]) {
      const answer = await introspect(api, await clientToken(one))
      expect(answer).toMatchObject({ active: true, sub: one.id, client_id: one.id, scope: 'read write' })
      expect(answer).not.toHaveProperty('username')
    }
  })

  test('T040 T049 at the second it expires a token is inactive', async () => {
    const tokens = [await clientToken(client), await clientToken(opaque)]
    harness.advance(3599)
    for (const each of tokens) expect(await isActive(each)).toBe(true)
    harness.advance(1)
    for (const each of tokens) expect(await introspect(api, each)).toEqual({ active: false })
  })

  test('T048 a client may ask about its own tokens', async () => {
    for (const one of [client, opaque]) {
      const { access_token, refresh_token } = await login(one, user.username)
      for (const each of [access_token, refresh_token]) {
        expect((await introspect(one, each)).active).toBe(true)
      }
    }
  })

  test('T048 but not about others’, and learns nothing', async () => {
    const { access_token, refresh_token } = await login(client, user.username)
    for (const each of [access_token, refresh_token, await clientToken(client)]) {
      const response = await as(opaque, '/oauth/introspect', { token: each })
      expect(response.body).toBe('{"active":false}')
    }
  })

  test('T048 a public client may not ask at all', async () => {
    const { access_token } = await login(storefront, user.username)
    expectError(await as(storefront, '/oauth/introspect', { token: access_token }), 'invalid_client')
  })

  test('a resource server may ask about all surfaces of its tenant', async () => {
    const logins = [
      ['/v0/token', {}],
      ['/spree_oauth/token', {}],
      [
        '/auth/realms/main/protocol/openid-connect/token',
        { client_id: client.id, client_secret: client.secret },
      ],
    ] as const
    for (const [path, credentials] of logins) {
      const form = {
        grant_type: 'password',
        username: user.username,
        password: 'V3lC4EvMV1X5h3HsB_VU',
        ...credentials,
      }
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const body = new URLSearchParams(form).toString()
      const response = await harness.send({ path, host: 'main.example', headers, body })
      const { access_token } = response.json()
      expect(await introspect(api, access_token)).toMatchObject({ active: true, sub: user.id })
      expect(await introspect(client, access_token)).toEqual({ active: false })
    }
  })

  test.each([
    'x',
    ' ',
    'null',
    'undefined',
    '0',
    'eyJ.eyJ.x',
    'ey.',
    'é',
    '../../etc/passwd',
    'x'.repeat(60_000),
  ])('T049 T050 of %s: exactly inactive', async (text) => {
    const response = await as(api, '/oauth/introspect', { token: text.slice(0, 60_000) })
    expect([response.status, response.body]).toEqual([200, '{"active":false}'])
  })

  test('T049 of a token altered by one character', async () => {
    for (const one of [client, opaque]) {
      const { access_token, refresh_token } = await login(one, user.username)
      for (const text of [access_token, refresh_token]) {
        const flipped = text.slice(0, -2) + (text.at(-2) === 'A' ? 'B' : 'A') + text.at(-1)
        const altered = [
          text.slice(0, -1),
          `${text}A`,
          `${text}=`,
          `${text}.`,
          `${text} `,
          ` ${text}`,
          flipped,
        ]
        for (const each of altered) expect(await introspect(api, each)).toEqual({ active: false })
      }
    }
  })

  test('T049 without a token, or with an empty one', async () => {
    expectError(await as(api, '/oauth/introspect', {}), 'invalid_request')
    expectError(await as(api, '/oauth/introspect', { token: '' }), 'invalid_request')
  })

  test('the stored digest is never the token', async () => {
    const { access_token } = await login(opaque, user.username)
    const query = { tenant: 'main', userId: null, clientId: opaque.id, before: null, limit: 1 }
    const [row] = (await harness.store.listTokens(query)).rows
    for (const digest of [row?.accessHash, row?.refreshHash]) {
      const text = Buffer.from(digest ?? []).toString('base64url')
      expect(text).toHaveLength(43)
      expect(await isActive(text)).toBe(false)
      expect(await isActive(access_token.slice(0, 9) + text.slice(0, 34))).toBe(false)
    }
  })

  test('of a token of another tenant, even if client and user have twins there', async () => {
    const there = await newClient({ tenant: 'other', introspect: 'any' })
    await newUser({ tenant: 'other', id: user.id })
    for (const one of [client, opaque]) {
      await newClient({ tenant: 'other', id: one.id })
      const { access_token, refresh_token } = await login(one, user.username)
      for (const each of [access_token, refresh_token]) {
        expect(await introspect(there, each)).toEqual({ active: false })
      }
    }
  })
})

describe('RFC 7009: revocation', () => {
  let answer: Answer

  describe.each([
    ['jwt', () => client],
    ['opaque', () => opaque],
    ['public', () => storefront],
  ] as const)('by its own client, %s', (_, own) => {
    beforeEach(async () => {
      answer = await login(own(), user.username)
    })

    test('T043 a refresh token takes its access token along', async () => {
      await revoke(own(), answer.refresh_token)
      expect(await isActive(answer.refresh_token)).toBe(false)
      expect(await isActive(answer.access_token)).toBe(false)
      expectError(await refresh(own(), answer.refresh_token), 'invalid_grant')
    })

    test('T043 T055 an access token ends at once, and its refresh token with it', async () => {
      await revoke(own(), answer.access_token)
      expect(await isActive(answer.access_token)).toBe(false)
      expect(await isActive(answer.refresh_token)).toBe(false)
      expectError(await refresh(own(), answer.refresh_token), 'invalid_grant')
    })

    test('T043 the whole family ends, whichever member is revoked', async () => {
      const second: Answer = (await refresh(own(), answer.refresh_token)).json()
      const third: Answer = (await refresh(own(), second.refresh_token)).json()
      await revoke(own(), second.refresh_token)
      for (const each of [answer, second, third]) {
        expect(await isActive(each.access_token)).toBe(false)
        expectError(await refresh(own(), each.refresh_token), 'invalid_grant')
      }
    })

    test.each(['access_token', 'refresh_token', 'nonsense', ''])(
      'T044 whatever the hint: %j',
      async (hint) => {
        await revoke(own(), answer.access_token, hint)
        expect(await isActive(answer.access_token)).toBe(false)
        const again = await login(own(), user.username)
        await revoke(own(), again.refresh_token, hint)
        expect(await isActive(again.refresh_token)).toBe(false)
      },
    )

    test('T044 twice is as once, and so is an unknown one', async () => {
      await revoke(own(), answer.refresh_token)
      await revoke(own(), answer.refresh_token)
      await revoke(own(), answer.access_token)
      await revoke(own(), 'unknown')
      await revoke(own(), 'x'.repeat(43))
    })

    test('T045 a refresh token whose access token has expired', async () => {
      harness.advance(3601)
      await revoke(own(), answer.refresh_token)
      expect(await isActive(answer.refresh_token)).toBe(false)
      expectError(await refresh(own(), answer.refresh_token), 'invalid_grant')
    })

    test('an expired access token changes nothing', async () => {
      harness.advance(3600)
      await revoke(own(), answer.access_token)
      expect((await refresh(own(), answer.refresh_token)).status).toBe(200)
    })

    test('T046 somebody else’s revocation does nothing, and says nothing', async () => {
      const strangers = [
        await newClient(),
        await newClient({ public: true }),
        await newClient({ introspect: 'any' }),
        await newClient({ tenant: 'other' }),
      ]
      for (const stranger of strangers) {
        for (const each of [answer.access_token, answer.refresh_token]) await revoke(stranger, each)
      }
      expect(await isActive(answer.access_token)).toBe(true)
      expect(await isActive(answer.refresh_token)).toBe(true)
    })

    test('a token of another login lives on', async () => {
      const other = await login(own(), user.username)
      await revoke(own(), answer.refresh_token)
      expect(await isActive(other.access_token)).toBe(true)
      expect(await isActive(other.refresh_token)).toBe(true)
    })
  })

  test('T043 T055 a client’s own token', async () => {
    for (const one of [client, opaque]) {
      const [text, other] = [await clientToken(one), await clientToken(one)]
      await revoke(one, text)
      expect(await introspect(api, text)).toEqual({ active: false })
      expect(await isActive(other)).toBe(true)
    }
  })

  test('T043 also after the keys were rotated', async () => {
    const [text, other] = [await clientToken(client), await clientToken(client)]
    await revoke(client, text)
    await harness.services.keys.rotate('main', 'ES256', { force: true })
    expect([await isActive(text), await isActive(other)]).toEqual([false, true])
  })

  test('T025 a refresh at the same time leaves nothing alive', async () => {
    for (let round = 0; round < 20; round++) {
      const { refresh_token } = await login(client, user.username)
      const responses = await Promise.all([
        refresh(client, refresh_token),
        revoke(client, refresh_token),
        refresh(client, refresh_token),
      ])
      for (const response of responses) {
        if (response?.status !== 200) continue
        expect(await isActive(response.json().access_token)).toBe(false)
        expect(await isActive(response.json().refresh_token)).toBe(false)
      }
      expect(await isActive(refresh_token)).toBe(false)
    }
  })

  test('without a token', async () => {
    expectError(await as(client, '/oauth/revoke', {}), 'invalid_request')
    expectError(await as(client, '/oauth/revoke', { token: '' }), 'invalid_request')
  })

  test('T047 if it was not stored it is no 200', async () => {
    const denied = vi.spyOn(harness.store, 'denyJwt').mockRejectedValueOnce(new Error('disk'))
    const text = await clientToken(client)
    const response = await as(client, '/oauth/revoke', { token: text })
    expect(response.status).toBe(500)
    denied.mockRestore()
    expect(await isActive(text)).toBe(true)
  })
})
