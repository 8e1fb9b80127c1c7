/** Why refresh tokens and bearer tokens are not good. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OTHER_KEY } from '../crypto/assertions.ts'
import { proofClaims, signProof } from '../crypto/proofs.ts'
import { createWorld, type Form, NOW, PASSWORD, REALM, SECRET, STORES, type World } from './world.ts'

const LOGIN = { grant_type: 'password', username: 'ann', password: PASSWORD }
const READER = { client_id: 'reader', client_secret: SECRET }

/** Surfaces by where they refresh; the first three rotate. */
const ROTATING = [['/oauth/token'], [`${REALM}/token`], ['/spree_oauth/token']] as const
const PATHS = [...ROTATING, ['/v0/token']] as const

const refreshPath = (path: string) => (path === '/v0/token' ? '/v0/refresh_token' : path)
const clientOf = (path: string): Form => (path === '/v0/token' ? {} : READER)

describe.each(Object.entries(STORES))('on %s', (_, open) => {
  let world: World
  beforeAll(async () => {
    world = await createWorld(open)
  })
  afterAll(() => world.close())

  const login = async (path: string) =>
    (await world.harness.post(path, { ...LOGIN, ...clientOf(path) })).json() as {
      readonly access_token: string
      readonly refresh_token: string
    }
  const refresh = (path: string, refresh_token: string, more: Form = {}) =>
    world.harness.post(refreshPath(path), {
      ...{ grant_type: 'refresh_token', refresh_token },
      ...clientOf(path),
      ...more,
    })

  describe.each(PATHS)('at %s', (path) => {
    test('a token with white space or quotes around it', async () => {
      const { refresh_token: token } = await login(path)
      for (const [text, says] of [
        [`${token}\n`, 'white space'],
        [`"${token}"`, 'quotes'],
      ] as const) {
        const { diagnosis, reason } = await world.why(await refresh(path, text))
        expect(reason).toBe('unknown_refresh_token')
        expect(diagnosis.facts[0]?.says).toContain(`The token is right, but for ${says} around it`)
      }
    })

    test('a token that was changed or cut off', async () => {
      const { refresh_token: token } = await login(path)
      const changed = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')
      const { diagnosis } = await world.why(await refresh(path, changed))
      expect(diagnosis.facts).toMatchObject([{ fact: 'token_altered' }])
      expect(diagnosis.facts[0]?.says).toContain('2026-01-01')
      const [fact] = (await world.why(await refresh(path, token.slice(0, 30)))).diagnosis.facts
      expect(fact?.says).toBe(`Tokens of this surface have ${token.length} characters; this one has 30.`)
    })

    test('other things than a refresh token', async () => {
      for (const [text, says] of [
        ['Bearer abc', 'begins with `Bearer`'],
        ['{{refresh_token}}', 'a variable that nobody has filled in'],
        [`mkcs_${'x'.repeat(49)}`, 'a client secret'],
      ] as const) {
        const [fact] = (await world.why(await refresh(path, text))).diagnosis.facts
        expect(fact?.says).toContain(says)
      }
    })

    test('a token of a user whose tokens were ended', async () => {
      const { refresh_token: token } = await login(path)
      const { store } = world.harness
      const user = await store.findUserByLogin('main', 'ann')
      if (user === null) throw new Error('no user')
      const ended = await store.updateUser({ ...user, tokensValidAfter: NOW + 1 })
      const { diagnosis } = await world.why(await refresh(path, token))
      await store.updateUser({ ...ended, tokensValidAfter: 0 })
      expect(diagnosis.facts[0]?.says).toBe(
        'All tokens of the user from before 2026-01-01 00:00:01Z were ended.',
      )
    })
  })

  describe.each(ROTATING)('at %s', (path) => {
    test('a token that was replaced: when, and from where', async () => {
      const { refresh_token: token } = await login(path)
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, ...READER })
      const { json } = await world.harness.send({
        ...{ path, body: body.toString(), source: '198.51.100.7' },
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
      // Its successor is used, and the window is over.
      await refresh(path, json().refresh_token)
      world.harness.advance(61)
      const refusal = await world.why(await refresh(path, token))
      world.harness.advance(-61)
      expect(refusal.reason).toBe('refresh_token_reused')
      const [fact] = refusal.diagnosis.facts
      expect(fact?.says).toMatch(
        /^It was replaced at 2026-01-01 00:00:00Z by a request from 198\.51\.100\.7; its successor is `\w+`\./,
      )
      const again = await world.why(await refresh(path, token))
      expect(again.reason).toBe('refresh_token_revoked')
      expect(again.diagnosis.facts.map(({ fact }) => fact)).toEqual([
        'token_revoked',
        'token_replaced',
        'token_of',
      ])
    })

    test('a token whose successor was replaced as well, though the window is open', async () => {
      const { refresh_token: token } = await login(path)
      await refresh(path, (await refresh(path, token)).json().refresh_token)
      world.harness.advance(5)
      const refusal = await world.why(await refresh(path, token))
      world.harness.advance(-5)
      expect(refusal.reason).toBe('refresh_token_reused')
      expect(refusal.diagnosis.facts[0]?.says).toMatch(
        /\. The successor was replaced as well, at 2026-01-01 00:00:00Z: from then on no replay is answered\.$/,
      )
    })

    test('a token whose successor is in use, after the window', async () => {
      const { refresh_token: token } = await login(path)
      const { access_token: used } = (await refresh(path, token)).json()
      await world.harness.post('/oauth/introspect', { ...READER, token: used })
      await world.harness.post('/spree_oauth/introspect', { ...READER, token: used })
      world.harness.advance(61)
      const refusal = await world.why(await refresh(path, token))
      world.harness.advance(-61)
      expect(refusal.reason).toBe('refresh_token_reused')
      expect(refusal.diagnosis.facts[0]?.says).toMatch(
        path === '/spree_oauth/token'
          ? /\. A replay is answered for 60 s, and after that until the successor is used, which was at 2026-01-01 00:00:00Z\.$/
          : /\. A replay is answered for 10 s\.$/,
      )
    })

    test('a token of another client', async () => {
      const { refresh_token: token } = await login(path)
      const { diagnosis } = await world.why(
        await refresh(path, token, { client_id: 'shop', client_secret: SECRET }),
      )
      expect(diagnosis.facts[0]?.says).toContain('to the client `reader`')
      expect(diagnosis.next[0]).toContain('Refresh as the client')
    })

    test('an access token, and a token of another surface', async () => {
      const { access_token: access } = await login(path)
      const refused = await world.why(await refresh(path, access))
      expect(refused.reason).toBe('access_token_as_refresh_token')
      expect(refused.diagnosis.facts.map(({ fact }) => fact)).toEqual(['token_of'])
      expect(refused.diagnosis.facts[0]?.says).toMatch(/^It is an access token that was issued at /)
      expect(refused.diagnosis.next).toEqual(['Send `refresh_token` of the last answer, not `access_token`.'])
      const elsewhere = path === '/oauth/token' ? '/spree_oauth/token' : '/oauth/token'
      const strange = await world.why(await refresh(elsewhere, (await login(path)).refresh_token))
      expect(strange.reason).toBe('refresh_token_of_another_surface')
      expect(strange.diagnosis.facts[0]?.says).toContain('by the surface ')
      expect(strange.diagnosis.next[0]).toContain('Refresh at the surface that has issued it')
    })
  })

  test('a token without a user that was replaced while many others were', async () => {
    const path = '/spree_oauth/token'
    const tokenOf = async (client: Form) =>
      (await world.harness.post(path, { grant_type: 'client_credentials', ...client })).json().refresh_token
    const refreshed = async (token: string, client: Form) =>
      (await refresh(path, token, client)).json().refresh_token
    const token = await tokenOf(READER)
    await refreshed(await refreshed(token, READER), READER)
    const shop = { client_id: 'shop', client_secret: SECRET }
    let other = await tokenOf(shop)
    for (let count = 0; count < 201; count++) other = await refreshed(other, shop)
    world.harness.advance(61)
    const refusal = await world.why(await refresh(path, token))
    world.harness.advance(-61)
    expect([refusal.reason, refusal.user]).toEqual(['refresh_token_reused', null])
    expect(refusal.diagnosis.facts[0]?.says).toMatch(/ by a request from \S+; its successor is /)
  })

  test('a JWT as a refresh token, by its issuer', async () => {
    const jwt = async (path: string, client: Form) =>
      (await world.harness.post(path, { grant_type: 'client_credentials', ...client })).json().access_token
    const own = await jwt('/oauth/token', { client_id: 'shop', client_secret: SECRET })
    const ofRealm = await jwt(`${REALM}/token`, { client_id: 'shop', client_secret: SECRET })
    const facts = async (token: string) =>
      (await world.why(await refresh('/oauth/token', token))).diagnosis.facts.map(({ says }) => says)
    expect(await facts(own)).toEqual([
      expect.stringContaining('is a JWT'),
      'Its issuer is the one of this surface.',
    ])
    expect((await facts(ofRealm))[1]).toContain('another surface of this tenant')
    const [head, claims, signature] = own.split('.')
    const forged = Buffer.from(
      JSON.stringify({
        ...JSON.parse(Buffer.from(claims, 'base64url').toString()),
        iss: 'https://x/',
        exp: 5,
      }),
    )
    const strange = await facts(`${head}.${forged.toString('base64url')}.${signature}`)
    expect(strange.slice(1)).toEqual([
      expect.stringContaining('issued by another server'),
      'It expired at 1970-01-01 00:00:05Z.',
    ])
  })

  test('a token of another tenant: only that it is one', async () => {
    const body = new URLSearchParams({ ...LOGIN, username: 'carol' }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { json } = await world.harness.send({ path: '/v0/token', body, headers, host: 'other.example' })
    const { diagnosis, user } = await world.why(await refresh('/oauth/token', json().refresh_token))
    expect(user).toBeNull()
    expect(diagnosis.facts).toEqual([
      { fact: 'token_elsewhere', says: 'It was issued by another tenant of this server.' },
    ])
    const { access_token: jwt } = json()
    const ofJwt = await world.why(await refresh('/oauth/token', jwt))
    expect(ofJwt.diagnosis.facts[1]?.says).toContain('another tenant of this server')
  })

  test('token info: no token, an unknown one, an expired one, a revoked one', async () => {
    const info = (authorization: string | null) =>
      world.harness.send({
        ...{ method: 'GET', path: '/spree_oauth/token/info' },
        headers: authorization === null ? {} : { authorization },
      })
    expect((await world.why(await info(null))).reason).toBe('no_token')
    expect(await world.facts(await info('Bearer Bearer x'))).toEqual(['authorization'])
    for (const header of ['Bearer', 'Token x', 'x'.repeat(43)]) {
      const { reason, diagnosis } = await world.why(await info(header))
      expect([reason, diagnosis.next]).toEqual([
        'no_token',
        ['Send `Authorization: Bearer`, a space, and the access token.'],
      ])
    }
    const ofStandard = await login('/oauth/token')
    const strange = await world.why(await info(`Bearer ${ofStandard.access_token}`))
    expect(strange).toMatchObject({ reason: 'unknown_token' })
    expect(strange.diagnosis.facts[0]?.says).toContain('by the surface standard')
    const jwt = await world.why(await info(`Bearer ${(await login('/v0/token')).access_token}`))
    expect(jwt.diagnosis.facts[0]?.says).toContain('access tokens of this surface are none')
    expect(jwt.diagnosis.next).toEqual(['Send `access_token` of the last answer of this surface.'])
    const { access_token: token } = await login('/spree_oauth/token')
    world.harness.advance(7200)
    const expired = await world.why(await info(`Bearer ${token}`))
    world.harness.advance(-7200)
    expect(expired.diagnosis.facts[0]?.says).toBe('It expired at 2026-01-01 02:00:00Z.')
    await world.harness.post('/spree_oauth/revoke', { token, ...READER })
    const revoked = await world.why(await info(`Bearer ${token}`))
    expect(revoked).toMatchObject({ reason: 'token_revoked' })
    expect(revoked.diagnosis.facts[0]?.says).toBe('It was revoked at 2026-01-01 00:00:00Z.')
  })

  test('a revocation that did nothing, whatever the surface has answered', async () => {
    for (const [path, status] of [
      ['/oauth/revoke', 200],
      ['/spree_oauth/revoke', 403],
    ] as const) {
      const { refresh_token: token } = await login(path.replace('revoke', 'token'))
      const answer = await world.harness.post(path, { token, client_id: 'shop', client_secret: SECRET })
      const refusal = await world.why(answer)
      expect(refusal).toMatchObject({ status, reason: 'token_of_another_client', endpoint: 'revocation' })
      expect(refusal.diagnosis.facts[0]?.says).toContain('to the client `reader`')
    }
  })

  test('an introspection by a token that is not good', async () => {
    const headers = { authorization: 'Bearer {{token}}x' }
    const answer = await world.harness.post('/spree_oauth/introspect', { token: 'x' }, headers)
    expect(await world.why(answer)).toMatchObject({
      reason: 'no_authorization',
      diagnosis: { facts: [{ fact: 'authorization' }] },
    })
    const shaped = { authorization: `Bearer ${'x'.repeat(30)}` }
    const other = await world.harness.post('/spree_oauth/introspect', { token: 'x' }, shaped)
    expect(await world.why(other)).toMatchObject({
      reason: 'bearer_not_accepted',
      diagnosis: { facts: [{ fact: 'token_cut' }] },
    })
  })

  test('a DPoP proof by a wrong clock, or for another URL', async () => {
    const url = 'https://main.example/oauth/token'
    const send = async (claims: Readonly<Record<string, unknown>>) =>
      await world.harness.post(
        '/oauth/token',
        { grant_type: 'client_credentials', ...READER },
        { dpop: await signProof({ ...proofClaims(url, world.harness.now()), ...claims }, OTHER_KEY) },
      )
    const late = await world.why(await send({ iat: NOW - 3600 }))
    expect(late.diagnosis.facts[0]?.says).toContain('`iat` is 3600 s ago')
    const astray = await world.why(await send({ htu: 'http://10.0.0.1/oauth/token' }))
    expect(astray.diagnosis.facts[0]?.says).toContain(`\`htu\` must be one of \`${url}\``)
    expect(astray.request.headers).toEqual(['dpop'])
  })

  // Last, as the clock goes on by months for it, and no key goes back.
  test.each([['/oauth/token'], [`${REALM}/token`]])('at %s a token that has expired', async (path) => {
    const { refresh_token: token } = await login(path)
    world.harness.advance(91 * 86_400)
    const { reason, diagnosis } = await world.why(await refresh(path, token))
    world.harness.advance(-91 * 86_400)
    expect(reason).toBe('refresh_token_expired')
    expect(diagnosis.facts[0]?.says).toBe('It expired at 2026-01-31 00:00:00Z.')
  })
})
