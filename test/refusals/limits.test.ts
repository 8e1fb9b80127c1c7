/** Why requests are refused that would be good at another time, by somebody else, or with a secret that is slow. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  basic,
  createWorld,
  type Form,
  NOW,
  PASSWORD,
  SECRET,
  STORES,
  tenantOf,
  type World,
} from './world.ts'

const LOGIN = { grant_type: 'password', username: 'dora', password: PASSWORD }
const CREDENTIALS = { grant_type: 'client_credentials' }
/** Too short for a fast hash. */
const CHOSEN = '100%+sure'

const ENDING = tenantOf('ending', {
  surfaces: {
    newstore: { sunset: NOW - 86_400, deprecated: NOW - 100 * 86_400 },
    spree: { brownOuts: [{ from: NOW - 10, to: NOW + 50 }] },
    standard: { passwordGrant: true, requiredRoles: ['staff'] },
    realm: {},
  },
})
const FADING = tenantOf('fading', { surfaces: { spree: { sunset: NOW + 60 } } })
const BUSY = [tenantOf('busy', { requestsPerSecond: 1 }), tenantOf('eager', { clientRequestsPerSecond: 1 })]

describe.each(Object.entries(STORES))('on %s', (_, open) => {
  let world: World
  beforeAll(async () => {
    world = await createWorld(open, [ENDING, FADING, ...BUSY])
    const { harness } = world
    const hash = await harness.services.passwords.hash(CHOSEN)
    const secrets = [{ id: 's', name: null, hash, createdAt: NOW, expiresAt: null }]
    for (const tenant of ['ending', 'fading'])
      await harness.user({ tenant, username: 'dora', password: PASSWORD })
    await harness.client({ tenant: 'ending', id: 'shop', secret: SECRET })
    await harness.client({ tenant: 'ending', id: 'chosen', secrets })
    await harness.client({ tenant: 'eager', id: 'shop', secret: SECRET })
  })
  afterAll(() => world.close())

  const send = (tenant: string, path: string, form: Form, headers: Form = {}) =>
    world.harness.send({
      ...{ path, host: `${tenant}.example`, body: new URLSearchParams(form).toString() },
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })

  test('after the sunset of a surface', async () => {
    const { reason, diagnosis } = await world.why(await send('ending', '/v0/token', LOGIN))
    expect([reason, diagnosis.facts[0]?.says]).toEqual([
      'surface_sunset',
      'The sunset was at 2025-12-31 00:00:00Z.',
    ])
    expect(diagnosis.next[0]).toContain('mintkeeper integration migrate')
  })

  test('in a brown-out', async () => {
    const { reason, diagnosis } = await world.why(await send('ending', '/spree_oauth/token', LOGIN))
    expect([reason, diagnosis.facts[0]?.says]).toEqual([
      'brown_out',
      'It may be sent again at 2026-01-01 00:00:50Z.',
    ])
  })

  test('and who it was, as far as the request names who is there', async () => {
    const { harness } = world
    const client = { client_id: 'shop', client_secret: SECRET }
    const login = await world.why(await send('ending', '/spree_oauth/token', { ...LOGIN, ...client }))
    const dora = await harness.store.findUserByLogin('ending', 'dora')
    expect(login).toMatchObject({ status: 410, grant: 'password', client: 'shop', user: dora?.id })
    expect(login.request.parameters).toContainEqual({ name: 'username', value: `[the user ${dora?.id}]` })
    const machine = await world.why(await send('ending', '/spree_oauth/token', { ...CREDENTIALS, ...client }))
    expect(machine).toMatchObject({ grant: 'client_credentials', client: 'shop', user: null })
    const strange = { ...LOGIN, username: 'nobody', client_id: 'nothing' }
    const stranger = await world.why(await send('ending', '/spree_oauth/token', strange))
    expect(stranger).toMatchObject({ grant: 'password', client: null, user: null })
    const broken = await world.why(await send('ending', '/spree_oauth/token', { grant_type: '%' }))
    expect(broken).toMatchObject({ status: 410, grant: null, client: null, user: null })
  })

  test.each([
    ['busy', 'tenant_request_limit', {}],
    ['eager', 'client_request_limit', { client_id: 'shop', client_secret: SECRET }],
  ])('of a tenant that is %s', async (tenant, reason, client) => {
    await send(tenant, '/oauth/token', { ...CREDENTIALS, ...client })
    const refusal = await world.why(await send(tenant, '/oauth/token', { ...CREDENTIALS, ...client }))
    expect(refusal).toMatchObject({ status: 429, reason, diagnosis: { facts: [{ fact: 'again_at' }] } })
  })

  test('a user without the role', async () => {
    const form = { ...LOGIN, client_id: 'shop', client_secret: SECRET }
    const { reason, diagnosis } = await world.why(await send('ending', '/oauth/token', form))
    expect([reason, diagnosis.facts[0]?.says]).toEqual([
      'user_lacks_role',
      'Logins here are for users with one of the roles `staff`.',
    ])
  })

  test('a grant type that is off, and one that nobody has', async () => {
    const path = '/auth/realms/ending/protocol/openid-connect/token'
    const off = await world.why(await send('ending', path, LOGIN))
    expect([off.reason, off.diagnosis.facts[0]?.says]).toEqual([
      'grant_type_off',
      'Grant types that are on here: `client_credentials`, `refresh_token`.',
    ])
    expect(off.diagnosis.next[0]).toContain('`passwordGrant`')
    const code = await world.why(await send('ending', path, { grant_type: 'authorization_code' }))
    expect(code.request.parameters).toEqual([{ name: 'grant_type', value: 'authorization_code' }])
  })

  test('a parameter that was sent twice', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const path of ['/oauth/token', '/v0/token']) {
      const body = 'grant_type=password&scope=a&scope=b&username=x&password=y'
      const { reason, diagnosis } = await world.why(
        await world.harness.send({ path, body, headers, host: 'main.example' }),
      )
      expect([reason, diagnosis.facts]).toEqual([
        'repeated_parameter',
        [{ fact: 'parameter', says: 'The parameter is `scope`.' }],
      ])
    }
  })

  describe('a secret that is slow to compare', () => {
    const ask = (secret: string, headers: Form = {}) =>
      send('ending', '/oauth/token', { ...CREDENTIALS, client_id: 'chosen', client_secret: secret }, headers)

    test.each([
      [`${CHOSEN}\n`, 'has white space around it, such as a line end'],
      ['{{secret}}', 'is a variable that nobody has filled in'],
    ])('is not compared again: %j', async (secret, says) => {
      const [fact] = (await world.why(await ask(secret))).diagnosis.facts
      expect(fact?.says.toLowerCase()).toContain(`the secret ${says}`)
    })

    test('and was put into Basic as it is', async () => {
      const raw = basic('chosen', '100+sure')
      const [fact] = (await world.why(await send('ending', '/oauth/token', CREDENTIALS, raw))).diagnosis.facts
      expect(fact?.says).toBe(
        'It may be that the secret was sent as it is, without being form-encoded: it looks like that, and could not be compared.',
      )
    })

    test('until when its client is blocked', async () => {
      for (let guess = 0; guess < 5; guess++) await ask('wrong')
      const { reason, diagnosis } = await world.why(await ask(CHOSEN))
      expect(reason).toBe('client_blocked')
      expect(diagnosis.facts[0]?.says).toMatch(
        /^The client is blocked until 2026-01-01 00:\d\d:\d\dZ at least/,
      )
      expect(diagnosis.next[0]).toContain('mintkeeper client unlock')
    })
  })

  // Last: it moves the clock.
  test('whose refresh token it was that came after the sunset', async () => {
    const { harness } = world
    const { refresh_token } = (await send('fading', '/spree_oauth/token', LOGIN)).json()
    harness.advance(60)
    const form = { grant_type: 'refresh_token', refresh_token }
    const refresh = await world.why(await send('fading', '/spree_oauth/token', form))
    expect(refresh).toMatchObject({ status: 410, grant: 'refresh_token', client: null })
    expect(refresh.user).toBe((await harness.store.findUserByLogin('fading', 'dora'))?.id)
    expect(refresh.request.parameters?.map(({ value }) => value).join(' ')).not.toContain(refresh_token)
  })
})
