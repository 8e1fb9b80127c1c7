import { describe, expect, it } from 'vitest'
import { ineligibility } from '../../src/grants/index.ts'
import type { ActedBy } from '../../src/store/change-event.ts'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'
import { login, refresh, setUp } from './logins.ts'

const REVOCATIONS = `${BASE}/revocations`

/** Whether an access token of the Spree surface is live. */
async function isLive({ send }: AdminHarness, token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` }
  return (await send({ method: 'GET', path: '/spree_oauth/token/info', headers })).status === 200
}

describe('a revocation', () => {
  it('of a user ends every token of the user and none of others', async () => {
    const { harness, shop } = await setUp()
    const dead = [await login(harness, 'ada'), await login(harness, 'ada', shop)]
    const alive = await login(harness, 'eve', shop)
    const answer = await harness.admin('POST', REVOCATIONS, { body: { user: 'auth0|ada' } })
    expect([answer.status, answer.text]).toEqual([204, ''])
    for (const { access_token } of dead) expect(await isLive(harness, access_token)).toBe(false)
    expect((await refresh(harness, dead[0]?.refresh_token ?? '')).status).toBe(400)
    expect((await refresh(harness, dead[1]?.refresh_token ?? '', shop)).status).toBe(400)
    expect(await isLive(harness, alive.access_token)).toBe(true)
    expect((await refresh(harness, alive.refresh_token, shop)).status).toBe(200)
  })

  it('of a client ends every token of the client, JWTs that are not stored too', async () => {
    const { harness, shop, erp } = await setUp()
    const machine = async (client: typeof shop) => {
      const answer = await harness.post('/oauth/token', { grant_type: 'client_credentials', ...client })
      return answer.json().access_token as string
    }
    const introspect = async (token: string, client: typeof shop) =>
      (await harness.post('/oauth/introspect', { token, ...client })).json().active
    const [jwt, opaque, other] = [await machine(shop), await machine(erp), await login(harness, 'ada')]
    expect([await introspect(jwt, shop), await introspect(opaque, erp)]).toEqual([true, true])
    await harness.admin('POST', REVOCATIONS, { body: { client: 'shop' } })
    expect([await introspect(jwt, shop), await introspect(opaque, erp)]).toEqual([false, true])
    await harness.admin('POST', REVOCATIONS, { body: { client: 'erp' } })
    expect(await introspect(opaque, erp)).toBe(false)
    expect(await isLive(harness, other.access_token)).toBe(true)
    expect(await introspect(await machine(shop), shop)).toBe(true)
  })

  it('of both ends all of the one and all of the other', async () => {
    const { harness, shop, erp } = await setUp()
    const dead = [await login(harness, 'ada', erp), await login(harness, 'eve', shop)]
    const alive = await login(harness, 'eve', erp)
    await harness.admin('POST', REVOCATIONS, { body: { user: 'auth0|ada', client: 'shop' } })
    for (const { access_token } of dead) expect(await isLive(harness, access_token)).toBe(false)
    expect(await isLive(harness, alive.access_token)).toBe(true)
  })

  it('ends tokens of this very second, and those issued after it live at once', async () => {
    const { harness } = await setUp()
    const before = await login(harness, 'ada')
    await harness.admin('POST', REVOCATIONS, { body: { user: 'auth0|ada' } })
    const after = await login(harness, 'ada')
    expect(await isLive(harness, before.access_token)).toBe(false)
    expect(await isLive(harness, after.access_token)).toBe(true)
    await harness.admin('POST', REVOCATIONS, { body: { user: 'auth0|ada' } })
    expect(await isLive(harness, after.access_token)).toBe(false)
    harness.advance(100)
    expect(await isLive(harness, before.access_token)).toBe(false)
  })

  it('never revives what another one has ended, whatever the clock does', async () => {
    const { harness } = await setUp()
    harness.advance(1000)
    await harness.admin('POST', REVOCATIONS, { body: { user: 'auth0|ada' } })
    const { tokensValidAfter } = (await harness.admin('GET', `${BASE}/users/auth0%7Cada`)).body
    expect(tokensValidAfter).toBe(harness.now() + 1)
    harness.advance(-500)
    await harness.admin('POST', REVOCATIONS, { body: { user: 'auth0|ada' } })
    expect((await harness.admin('GET', `${BASE}/users/auth0%7Cada`)).body.tokensValidAfter).toBe(
      tokensValidAfter + 1,
    )
  })

  it('of a user or client that is not there changes nothing', async () => {
    const { harness } = await setUp()
    const { access_token } = await login(harness, 'ada')
    for (const body of [
      { user: 'auth0|ada', client: 'nobody' },
      { user: 'nobody' },
      { client: 'auth0|ada' },
    ]) {
      expect((await harness.admin('POST', REVOCATIONS, { body })).status).toBe(404)
    }
    expect(await isLive(harness, access_token)).toBe(true)
  })

  it.each([
    {},
    { token: 'known', user: 'u' },
    { token: '' },
    { token: 5 },
    { user: null },
    { all: true },
    [],
  ])('of nothing clear is refused: %j', async (body) => {
    const { harness } = await setUp()
    expect((await harness.admin('POST', REVOCATIONS, { body })).status).toBe(400)
  })

  it('of a token is passed on', async () => {
    const calls: unknown[] = []
    const revokeToken = async (tenant: string, token: string, { actor }: ActedBy) => {
      calls.push([tenant, token, actor])
      return token === 'known' ? ('revoked' as const) : ('unknown_token' as const)
    }
    const { admin } = await createAdminHarness({ admin: { revokeToken } })
    expect((await admin('POST', REVOCATIONS, { body: { token: 'known' } })).status).toBe(204)
    const unknown = await admin('POST', REVOCATIONS, { body: { token: 'some-stolen-token' } })
    expect(unknown.status).toBe(404)
    expect(unknown.text).not.toContain('stolen')
    expect(calls).toEqual([
      ['dodici', 'known', 'admin'],
      ['dodici', 'some-stolen-token', 'admin'],
    ])
  })
})

describe('tokens issued before', () => {
  it('T026 end with a changed password, also if it is the same', async () => {
    const { harness } = await setUp()
    for (const password of ['new secret', 'new secret']) {
      await harness.admin('PATCH', `${BASE}/users/auth0%7Cada`, { body: { password: 'secret' } })
      const { access_token, refresh_token } = await login(harness, 'ada')
      await harness.admin('PATCH', `${BASE}/users/auth0%7Cada`, { body: { password } })
      expect(await isLive(harness, access_token)).toBe(false)
      expect((await refresh(harness, refresh_token)).status).toBe(400)
    }
  })

  it('end when the password is taken away', async () => {
    const { harness } = await setUp()
    const { access_token } = await login(harness, 'ada')
    const { body } = await harness.admin('PATCH', `${BASE}/users/auth0%7Cada`, { body: { password: null } })
    expect(body.hasPassword).toBe(false)
    expect(await isLive(harness, access_token)).toBe(false)
  })

  it.each([
    ['a user', `${BASE}/users/auth0%7Cada`],
    ['a client', `${BASE}/clients/shop`],
  ])('end with disabling %s, and enabling revives none', async (_, path) => {
    const { harness, shop } = await setUp()
    const { access_token, refresh_token } = await login(harness, 'ada', shop)
    expect(await isLive(harness, access_token)).toBe(true)
    await harness.admin('PATCH', path, { body: { disabled: true } })
    expect(await isLive(harness, access_token)).toBe(false)
    await harness.admin('PATCH', path, { body: { disabled: false } })
    expect(await isLive(harness, access_token)).toBe(false)
    expect((await refresh(harness, refresh_token, shop)).status).toBe(400)
    expect(await isLive(harness, (await login(harness, 'ada', shop)).access_token)).toBe(true)
  })

  it('live on when something else is changed', async () => {
    const { harness, shop } = await setUp()
    const { access_token } = await login(harness, 'ada', shop)
    for (const body of [{ roles: ['x'] }, { email: 'a@b' }, { disabled: false }, { claims: { a: 1 } }, {}]) {
      await harness.admin('PATCH', `${BASE}/users/auth0%7Cada`, { body })
    }
    await harness.admin('PATCH', `${BASE}/clients/shop`, { body: { name: 'x', disabled: false } })
    await harness.admin('POST', `${BASE}/clients/shop/secrets`, { body: { othersExpireIn: 0 } })
    expect(await isLive(harness, access_token)).toBe(true)
  })

  it.each([0, 1, 3600])(
    'T161 stay dead if the client is deleted and created %d seconds later',
    async (seconds) => {
      const { harness, shop, erp } = await setUp()
      const jwt = (await harness.post('/oauth/token', { grant_type: 'client_credentials', ...shop })).json()
        .access_token
      const { access_token } = await login(harness, 'ada', shop)
      await harness.admin('DELETE', `${BASE}/clients/shop`)
      expect(await isLive(harness, access_token)).toBe(false)
      harness.advance(seconds)
      const { body } = await harness.admin('POST', `${BASE}/clients`, {
        body: { id: 'shop', introspect: 'any' },
      })
      const again = { client_id: 'shop', client_secret: body.secret }
      const introspect = async (token: string) =>
        (await harness.post('/oauth/introspect', { token, ...again })).json().active
      expect(await isLive(harness, access_token)).toBe(false)
      expect(await introspect(jwt)).toBe(false)
      const fresh = await harness.post('/oauth/token', { grant_type: 'client_credentials', ...again })
      expect(await introspect(fresh.json().access_token)).toBe(true)
      expect(erp.client_id).toBe('erp')
    },
  )

  it('T161 stay dead however often the client is deleted and created in one second', async () => {
    const { harness, shop } = await setUp()
    let client = shop
    for (let round = 0; round < 3; round++) {
      const { access_token } = await login(harness, 'ada', client)
      expect(await isLive(harness, access_token)).toBe(true)
      await harness.admin('DELETE', `${BASE}/clients/shop`)
      const body = { id: 'shop', grants: ['password'] }
      const created = await harness.admin('POST', `${BASE}/clients`, { body })
      client = { client_id: 'shop', client_secret: created.body.secret }
      expect(await isLive(harness, access_token)).toBe(false)
    }
  })

  it('live on when the first client of their id is created after them, as with an import', async () => {
    const harness = await createAdminHarness()
    await harness.admin('POST', `${BASE}/clients`, { body: { id: 'legacy' } })
    const client = await harness.store.findClient('dodici', 'legacy')
    const holder = { user: null, userId: null, client, clientId: 'legacy', issuedAt: harness.now() - 86_400 }
    expect(ineligibility(holder, { requiredRoles: [] } as never)).toBeNull()
  })
})
