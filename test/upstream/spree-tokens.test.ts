/** Tokens that are not here, on the spree surface. */
import { beforeEach, describe, expect, test } from 'vitest'
import { type Harness, TENANT } from '../harness.ts'
import {
  BASIC,
  CREDENTIALS,
  type NewServer,
  type OldServer,
  PASSWORD,
  SPREE_CLIENT,
  spreeLogin,
  startNew,
  startSpree,
} from './old-server.ts'

let old: OldServer
let here: NewServer
beforeEach(async () => {
  ;({ old, here } = await startSpree())
})

describe('a token that is not here', () => {
  const issued = async (form: object = CREDENTIALS) => (await spreeLogin(old.harness, form)).json()
  const get = (server: Harness, token: string) =>
    server.send({
      ...{ method: 'GET', path: '/spree_oauth/token/info', body: null },
      headers: { authorization: `Bearer ${token}` },
    })

  test('is refreshed by the old server, and not looked at, which would be its first use', async () => {
    const { refresh_token } = await issued()
    const form = { grant_type: 'refresh_token', refresh_token, ...CREDENTIALS }
    const first = await here.post('/spree_oauth/token', form)
    const again = await here.post('/spree_oauth/token', form)
    expect([first.status, again.status]).toEqual([200, 200])
    expect(again.json().refresh_token).toBe(first.json().refresh_token)
    expect(old.asked).toEqual(['POST /spree_oauth/token', 'POST /spree_oauth/token'])
  })

  test('is refreshed for a client only that may refresh here', async () => {
    await here.client({ ...SPREE_CLIENT, id: 'once', grants: ['password'] })
    const { refresh_token } = await issued()
    const form = { grant_type: 'refresh_token', refresh_token, ...CREDENTIALS }
    for (const more of [{ client_id: 'once' }, { scope: 'admin' }, { client_secret: 'wrong' }]) {
      expect((await here.post('/spree_oauth/token', { ...form, ...more })).status).toBeGreaterThanOrEqual(400)
    }
    expect(old.asked).toEqual([])
  })

  test('is introspected by the old server, for who has proved to be a client here', async () => {
    const { access_token } = await issued()
    const ask = (form: object, headers = {}) =>
      here.post('/spree_oauth/introspect', { token: access_token, ...form }, headers)
    const expected = await old.harness.post('/spree_oauth/introspect', {
      token: access_token,
      ...CREDENTIALS,
    })
    for (const response of [await ask(CREDENTIALS), await ask({}, BASIC)]) {
      expect([response.status, response.body]).toEqual([200, expected.body])
      expect(response.json().active).toBe(true)
    }
    expect(old.asked).toHaveLength(2)
    expect((await ask({ ...CREDENTIALS, client_secret: 'wrong' })).status).toBe(401)
    // Who shows a token is no client, be it one from here or not.
    await here.user({ username: 'bob', password: PASSWORD })
    const own = (await spreeLogin(here, { username: 'bob' })).json().access_token
    expect((await ask({}, { authorization: `Bearer ${own}` })).body).toBe('{"active":false}')
    const other = (await issued()).access_token
    expect((await ask({}, { authorization: `Bearer ${other}` })).status).toBe(401)
    expect(old.asked).toHaveLength(2)
  })

  test('that is unknown there as well, or asked about by a client that is, is inactive', async () => {
    await here.client({ ...SPREE_CLIENT, id: 'new' })
    const { access_token } = await issued()
    for (const form of [
      { token: 'x'.repeat(43), ...CREDENTIALS },
      { token: access_token, ...CREDENTIALS, client_id: 'new' },
    ]) {
      const response = await here.post('/spree_oauth/introspect', form)
      expect([response.status, response.body]).toEqual([200, '{"active":false}'])
    }
  })

  test('says about itself what the old server says', async () => {
    const { access_token } = await issued()
    const expected = await get(old.harness, access_token)
    const response = await get(here, access_token)
    expect([response.status, response.body]).toEqual([200, expected.body])
    const none = startNew(old.url, { surface: 'spree', settings: { tokens: false } })
    const [unknown, refused] = [await get(none, 'x'.repeat(43)), await get(here, 'x'.repeat(43))]
    expect([refused.status, refused.body]).toEqual([unknown.status, unknown.body])
    expect(refused.status).toBe(401)
  })

  test('is revoked at the old server, for the client it belongs to', async () => {
    const { access_token } = await issued()
    await here.client({ ...SPREE_CLIENT, id: 'new' })
    const revoke = (form: object) => here.post('/spree_oauth/revoke', { token: access_token, ...form })
    for (const form of [{}, { ...CREDENTIALS, client_id: 'new' }]) {
      const response = await revoke(form)
      expect([response.status, response.json().error]).toEqual([403, 'unauthorized_client'])
    }
    expect((await get(old.harness, access_token)).status).toBe(200)
    expect([(await revoke(CREDENTIALS)).status, (await revoke(CREDENTIALS)).body]).toEqual([200, '{}'])
    expect((await get(old.harness, access_token)).status).toBe(401)
  })

  test('is not said to be revoked when the old server does not answer', async () => {
    const { access_token } = await issued()
    await old.close()
    const response = await here.post('/spree_oauth/revoke', { token: access_token, ...CREDENTIALS })
    expect([response.status, response.json().error]).toEqual([503, 'temporarily_unavailable'])
  })

  test('is nobody’s where tokens are not asked about; users may be all the same', async () => {
    const { access_token, refresh_token } = await issued()
    here = startNew(old.url, { surface: 'spree', settings: { tokens: false } })
    await here.client(SPREE_CLIENT)
    old.asked.length = 0
    const grant = { grant_type: 'refresh_token', refresh_token, ...CREDENTIALS }
    expect((await here.post('/spree_oauth/token', grant)).status).toBe(400)
    for (const path of ['introspect', 'revoke']) {
      const response = await here.post(`/spree_oauth/${path}`, { token: access_token, ...CREDENTIALS })
      expect(response.status).toBe(200)
    }
    expect((await get(here, access_token)).status).toBe(401)
    expect(old.asked).toEqual([])
    expect((await spreeLogin(here)).status).toBe(200)
  })

  test('is not asked about if it is one of another tenant here, or of another surface', async () => {
    const upstream = { url: old.url }
    const tenants = ['dodici', 'other'].map((id) => ({
      ...{ ...TENANT, id, hosts: [`${id}.example`], issuer: `https://${id}.example/` },
      surfaces: { newstore: { upstream }, spree: { upstream } },
    }))
    here = startNew(old.url, { tenants })
    await here.client(SPREE_CLIENT)
    await here.user({ tenant: 'other', username: 'bob', password: PASSWORD })
    await here.user({ username: 'bob', password: PASSWORD })
    const body = (form: object) => new URLSearchParams({ ...form }).toString()
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const login = { grant_type: 'password', username: 'bob', password: PASSWORD }
    const at = (host: string, path: string, form: object) =>
      here.send({ host, path, headers: type, body: body(form) })
    const foreign = (await at('other.example', '/spree_oauth/token', login)).json()
    const ofNewstore = (await at('dodici.example', '/v0/token', login)).json().refresh_token
    for (const token of [foreign.access_token, foreign.refresh_token, ofNewstore]) {
      const answers = [
        await at('dodici.example', '/spree_oauth/introspect', { token, ...CREDENTIALS }),
        await at('dodici.example', '/spree_oauth/revoke', { token, ...CREDENTIALS }),
      ]
      expect(answers.map(({ body }) => body)).toEqual(['{"active":false}', '{}'])
      const form = { grant_type: 'refresh_token', refresh_token: token, ...CREDENTIALS }
      expect((await at('dodici.example', '/spree_oauth/token', form)).status).toBe(400)
      await get(here, token)
    }
    expect(old.asked).toEqual([])
  })

  test('is not asked about if it is one of ours, whatever became of it', async () => {
    await here.user({ username: 'bob', password: PASSWORD })
    const { access_token, refresh_token } = (
      await spreeLogin(here, { username: 'bob', ...CREDENTIALS })
    ).json()
    for (const token of [access_token, refresh_token]) {
      expect((await here.post('/spree_oauth/revoke', { token, ...CREDENTIALS })).status).toBe(200)
      expect((await here.post('/spree_oauth/revoke', { token, ...CREDENTIALS })).status).toBe(200)
      expect((await here.post('/spree_oauth/introspect', { token, ...CREDENTIALS })).body).toBe(
        '{"active":false}',
      )
    }
    expect((await get(here, access_token)).status).toBe(401)
    const grant = { grant_type: 'refresh_token', refresh_token, ...CREDENTIALS }
    expect((await here.post('/spree_oauth/token', grant)).status).toBe(400)
    expect(old.asked).toEqual([])
  })
})
