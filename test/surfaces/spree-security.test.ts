/** Section M of the security tests for spree: what a drop-in carries of security, through the whole token plane. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { SurfaceSettings } from '../../src/protocol/policy.ts'
import type { TestResponse } from '../harness.ts'
import { clientId, clientSecret, openShop, type Shop } from '../wire/spree/shop.ts'

const TOKEN = '/spree_oauth/token'
const ADMIN = { grant_type: 'password', username: 'spree@example.com', password: 'spree123' }
const CUSTOMER = { grant_type: 'password', username: 'customer@example.com', password: 'customer123' }
const MACHINE = { grant_type: 'client_credentials' }

const credentials = (name: Parameters<typeof clientId>[0]) => ({
  client_id: clientId(name),
  client_secret: clientSecret(name),
})
const outcomeOf = (response: TestResponse) => [
  response.status,
  response.json().error ?? response.json().scope ?? null,
]

let shop: Shop
beforeEach(async () => {
  shop = await openShop({ clientCredentialsRefreshToken: true })
})

describe('T213 a login', () => {
  const WRONG: readonly Readonly<Record<string, string>>[] = [
    { username: 'nobody@example.com' },
    { password: 'customer124' },
    { password: '' },
    { username: '' },
    { username: 'unconfirmed@example.com', password: 'pending123' },
    { username: 'deleted@example.com', password: 'deleted123' },
  ]

  test.each(WRONG)('with %j is the same 400 invalid_grant', async (change) => {
    const right = await shop.post(TOKEN, { ...CUSTOMER, password: 'wrong' })
    const response = await shop.post(TOKEN, { ...CUSTOMER, ...change })
    expect(outcomeOf(response)).toEqual([400, 'invalid_grant'])
    expect(response.body).toBe(right.body)
    expect(Object.keys(response.headers)).toEqual(Object.keys(right.headers))
  })

  test.each([{}, { client_secret: '' }, { client_secret: 'wrong' }])(
    'by a confidential client with %j for a secret is 401, whatever the password',
    async (secret) => {
      for (const login of [CUSTOMER, { ...CUSTOMER, password: 'wrong' }]) {
        const response = await shop.post(TOKEN, { ...login, client_id: clientId('plain'), ...secret })
        expect(outcomeOf(response)).toEqual([401, 'invalid_client'])
      }
    },
  )

  test('by a public client without a secret is answered', async () => {
    const response = await shop.post(TOKEN, { ...CUSTOMER, client_id: clientId('public') })
    expect(response.status).toBe(200)
  })
})

describe('T214 a login by the query string', () => {
  const query = (parameters: Readonly<Record<string, string>>) =>
    `${TOKEN}?${new URLSearchParams(parameters)}`

  test.each([
    ['alone', () => shop.post(query(CUSTOMER), {})],
    ['beside the whole body', () => shop.post(query({ password: CUSTOMER.password }), CUSTOMER)],
    ['of a client', () => shop.post(query({ ...MACHINE, ...credentials('admin') }), {})],
    ['by GET', () => shop.send({ method: 'GET', path: query(CUSTOMER) })],
    ['under the name of a list', () => shop.post(`${TOKEN}?password[]=customer123`, CUSTOMER)],
  ])('%s is refused, and its line has no password', async (_, send) => {
    const { status, body } = await send()
    expect([400, 405]).toContain(status)
    expect(body).not.toMatch(/customer123|access_token/)
    expect(JSON.stringify(shop.entries)).not.toMatch(/customer123|AppSecret/)
  })
})

describe('T215 scope=admin', () => {
  test.each([
    ['a customer', { ...CUSTOMER, scope: 'admin' }, [400, 'invalid_scope']],
    ['a customer, among others', { ...CUSTOMER, scope: 'read admin write' }, [400, 'invalid_scope']],
    [
      'a customer, of a client that has it',
      { ...CUSTOMER, scope: 'admin', ...credentials('admin') },
      [400, 'invalid_scope'],
    ],
    ['an admin', { ...ADMIN, scope: 'admin' }, [200, 'admin']],
    [
      'an admin, of a client that has it',
      { ...ADMIN, scope: 'admin', ...credentials('admin') },
      [200, 'admin'],
    ],
    [
      'an admin, of a client without',
      { ...ADMIN, scope: 'admin', ...credentials('read') },
      [400, 'invalid_scope'],
    ],
    ['a client that has it', { ...MACHINE, scope: 'admin', ...credentials('admin') }, [200, 'admin']],
    ['a client without', { ...MACHINE, scope: 'admin', ...credentials('read') }, [400, 'invalid_scope']],
    [
      'a client of which it has a part',
      { ...MACHINE, scope: 'read admin', ...credentials('read') },
      [400, 'invalid_scope'],
    ],
    ['a client without any', { ...MACHINE, scope: 'admin', ...credentials('plain') }, [400, 'invalid_scope']],
  ])('for %s', async (_, form, outcome) => {
    expect(outcomeOf(await shop.post(TOKEN, form))).toEqual(outcome)
  })

  test('is not what somebody gets who does not ask', async () => {
    for (const form of [ADMIN, { ...MACHINE, ...credentials('admin') }]) {
      expect(outcomeOf(await shop.post(TOKEN, form))).toEqual([200, null])
    }
  })
})

describe('T216 a refresh', () => {
  async function refreshed(settings: SurfaceSettings) {
    const opened = await openShop(settings)
    const first = (await opened.post(TOKEN, CUSTOMER)).json()
    const send = async ({ refresh_token }: { refresh_token: string }) =>
      await opened.post(TOKEN, { grant_type: 'refresh_token', refresh_token })
    const second = (await send(first)).json()
    const isAlive = async ({ access_token }: { access_token: string }) => {
      const headers = { authorization: `Bearer ${access_token}` }
      return (await opened.send({ method: 'GET', path: `${TOKEN}/info`, headers })).status === 200
    }
    return { opened, first, second, send, isAlive }
  }

  test('keep: the token stays, and can be used again and again', async () => {
    const { opened, first, second, send } = await refreshed({ refresh: 'keep' })
    expect(second.refresh_token).toBe(first.refresh_token)
    opened.advance(3600)
    const third = await send(first)
    expect([third.status, third.json().refresh_token]).toEqual([200, first.refresh_token])
  })

  test('rotate: the same successor within the window; afterwards refused, and the family ends', async () => {
    const { opened, first, second, send, isAlive } = await refreshed({ refresh: 'rotate', reuseWindow: 10 })
    expect(second.refresh_token).not.toBe(first.refresh_token)
    opened.advance(9)
    expect((await send(first)).json().refresh_token).toBe(second.refresh_token)
    opened.advance(2)
    expect((await send(first)).status).toBe(400)
    expect([(await send(second)).status, await isAlive(second)]).toEqual([400, false])
  })

  test('rotate without a window: used once', async () => {
    const { first, second, send, isAlive } = await refreshed({ refresh: 'rotate', reuseWindow: 0 })
    expect((await send(first)).status).toBe(400)
    expect(await isAlive(second)).toBe(false)
  })

  test('rotate-on-first-use: the same successor until its access token was seen', async () => {
    const { opened, first, second, send, isAlive } = await refreshed({ refresh: 'rotate-on-first-use' })
    opened.advance(3600)
    expect((await send(first)).json().refresh_token).toBe(second.refresh_token)
    expect(await isAlive(second)).toBe(true)
    expect((await send(first)).status).toBe(400)
    expect([(await send(second)).status, await isAlive(second)]).toEqual([400, false])
  })

  test.each([true, false])('clientCredentialsRefreshToken: %s', async (clientCredentialsRefreshToken) => {
    const opened = await openShop({ clientCredentialsRefreshToken })
    const answer = await opened.post(TOKEN, { ...MACHINE, ...credentials('admin') })
    expect(typeof answer.json().refresh_token).toBe(clientCredentialsRefreshToken ? 'string' : 'undefined')
  })
})
