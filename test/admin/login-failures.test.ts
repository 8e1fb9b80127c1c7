/** What operators see of failed logins, and how they lift a block. */
import { describe, expect, test } from 'vitest'
import { TENANT } from '../harness.ts'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'

const NONE = { failures: 0, blocked: 0, blockedUntil: null }
const SOURCE = '192.0.2.1'
const NONE_FROM_SOURCE = { ...NONE, clients: NONE }

async function start(loginFailures = { perUser: 3, perSource: 6 }) {
  const harness = await createAdminHarness({ loginFailures })
  const user = await harness.user({ username: 'ann', password: 'right' })
  const ofUser = `${BASE}/users/${encodeURIComponent(user.id)}/login-failures`
  const ofSource = (address: string) => `${BASE}/sources/${address}/login-failures`
  return { ...harness, ofUser, ofSource }
}

async function login({ send }: AdminHarness, password: string, username = 'ann', source = SOURCE) {
  const form = { grant_type: 'password', username, password }
  const response = await send({
    path: '/spree_oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    source,
  })
  return response.status
}

describe('failed logins of a user', () => {
  test('are shown, from all sources, and with the end of what they block', async () => {
    const server = await start()
    const { admin, ofUser, now, advance } = server
    expect((await admin('GET', ofUser)).body).toEqual(NONE)
    for (let time = 0; time < 2; time++) await login(server, 'wrong')
    await login(server, 'wrong', 'ann', '192.0.2.2')
    expect((await admin('GET', ofUser)).body).toEqual({ ...NONE, failures: 3 })
    await login(server, 'wrong')
    const end = now() + 300
    expect((await admin('GET', ofUser)).body).toEqual({ failures: 4, blocked: 1, blockedUntil: end })
    advance(299)
    expect([await login(server, 'right'), (await admin('GET', ofUser)).body.blocked]).toEqual([400, 1])
    advance(1)
    expect((await admin('GET', ofUser)).body).toMatchObject({ blocked: 0, blockedUntil: null })
    expect(await login(server, 'right')).toBe(200)
  })

  test('are cleared at once, wherever they came from', async () => {
    const server = await start()
    const { admin, ofUser } = server
    for (const source of [SOURCE, '192.0.2.2']) {
      for (let time = 0; time < 3; time++) await login(server, 'wrong', 'ann', source)
      expect(await login(server, 'right', 'ann', source)).toBe(400)
    }
    expect((await admin('DELETE', ofUser)).status).toBe(204)
    for (const source of [SOURCE, '192.0.2.2']) expect(await login(server, 'right', 'ann', source)).toBe(200)
    expect((await admin('GET', ofUser)).body).toEqual(NONE)
    expect((await admin('DELETE', ofUser)).status).toBe(204)
  })

  test('are those of a user there is, of this tenant', async () => {
    const { admin } = await start()
    for (const method of ['GET', 'DELETE']) {
      expect((await admin(method, `${BASE}/users/nobody/login-failures`)).status).toBe(404)
      expect((await admin(method, `/admin/v1/tenants/other/users/x/login-failures`)).status).toBe(404)
      expect((await admin(method, `/admin/v1/tenants/other/sources/${SOURCE}/login-failures`)).status).toBe(
        404,
      )
    }
  })

  test('T161 are not those of a user who has the name later', async () => {
    const server = await start()
    for (let time = 0; time < 3; time++) await login(server, 'wrong')
    const user = await server.store.findUserByLogin(TENANT.id, 'ann')
    await server.store.deleteUser(TENANT.id, user?.id ?? '')
    await server.user({ id: 'another', username: 'ann', password: 'right' })
    expect(await login(server, 'right')).toBe(200)
  })
})

describe('T067 wrong secrets of a client', () => {
  const PATH = `${BASE}/clients/till/login-failures`

  /** With the right secret `chosen`, which is slow to compare. */
  async function startWithClient() {
    const server = await start()
    const hash = await server.services.passwords.hash('chosen')
    const row = { id: 'one', name: null, createdAt: 0, expiresAt: null }
    await server.client({ id: 'till', secrets: [{ ...row, hash }] })
    const ask = async (client_secret: string, client_id = 'till') =>
      (await server.post('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret }))
        .status
    return { ...server, ask }
  }

  test('are shown, and cleared at once', async () => {
    const { admin, ask, now } = await startWithClient()
    expect((await admin('GET', PATH)).body).toEqual(NONE)
    for (let time = 0; time < 4; time++) await ask('wrong')
    expect((await admin('GET', PATH)).body).toEqual({ failures: 3, blocked: 1, blockedUntil: now() + 300 })
    expect(await ask('chosen')).toBe(401)
    expect((await admin('DELETE', PATH)).status).toBe(204)
    expect([await ask('chosen'), (await admin('GET', PATH)).body]).toEqual([200, NONE])
  })

  test('block no client that can not be guessed', async () => {
    const { admin, ask, client, services } = await startWithClient()
    const { secret } = await client({ id: 'made' })
    const path = `${BASE}/clients/made/login-failures`
    for (let time = 0; time < 4; time++) {
      await ask('wrong', 'made')
      await services.logins.noted.write()
    }
    expect((await admin('GET', path)).body).toEqual({ failures: 3, blocked: 0, blockedUntil: null })
    expect(await ask(secret, 'made')).toBe(200)
  })

  test('are shown and cleared of their source, beside those of users', async () => {
    const { admin, ask, ofSource, client, services, now } = await startWithClient()
    const row = { id: 'one', name: null, createdAt: 0, expiresAt: null }
    const hash = await services.passwords.hash('chosen')
    for (const id of ['two', 'three']) await client({ id, secrets: [{ ...row, hash }] })
    for (const id of ['two', 'three']) for (let time = 0; time < 3; time++) await ask('wrong', id)
    expect((await admin('GET', ofSource(SOURCE))).body).toEqual({
      ...NONE,
      clients: { failures: 6, blocked: 1, blockedUntil: now() + 14_400 },
    })
    expect(await ask('chosen')).toBe(401)
    expect((await admin('DELETE', ofSource(SOURCE))).status).toBe(204)
    expect([await ask('chosen'), await ask('chosen', 'two')]).toEqual([200, 401])
  })

  test('T161 are not those of a client that has the id later', async () => {
    const { admin, ask, client, services } = await startWithClient()
    for (let time = 0; time < 3; time++) await ask('wrong')
    expect((await admin('DELETE', `${BASE}/clients/till`)).status).toBe(204)
    const hash = await services.passwords.hash('another')
    await client({
      id: 'till',
      secrets: [{ id: 'one', name: null, hash, createdAt: 0, expiresAt: null }],
    })
    expect(await ask('another')).toBe(200)
  })

  test('are those of a client there is, of this tenant', async () => {
    const { admin } = await start()
    for (const method of ['GET', 'DELETE']) {
      expect((await admin(method, `${BASE}/clients/nobody/login-failures`)).status).toBe(404)
      expect((await admin(method, `/admin/v1/tenants/other/clients/x/login-failures`)).status).toBe(404)
    }
  })
})

describe('failed logins from a source', () => {
  test('are shown and cleared, by any address of its network', async () => {
    const server = await start()
    const { admin, ofSource, now } = server
    for (let n = 0; n < 7; n++) await login(server, 'wrong', `user${n}`, '2001:db8:1:2::7')
    expect(await login(server, 'right', 'ann', '2001:db8:1:2::8')).toBe(400)
    const path = ofSource('2001:DB8:1:2:0:0:0:99')
    expect((await admin('GET', path)).body).toEqual({
      ...{ failures: 6, blocked: 1, blockedUntil: now() + 14_400 },
      clients: NONE,
    })
    expect((await admin('GET', ofSource('2001:db8:1:3::7'))).body).toEqual(NONE_FROM_SOURCE)
    expect((await admin('DELETE', path)).status).toBe(204)
    expect((await admin('GET', path)).body).toEqual(NONE_FROM_SOURCE)
    expect(await login(server, 'right', 'ann', '2001:db8:1:2::8')).toBe(200)
  })

  test('leave those blocked who are so themselves', async () => {
    const server = await start()
    for (let n = 0; n < 3; n++) await login(server, 'wrong')
    expect((await server.admin('DELETE', server.ofSource(SOURCE))).status).toBe(204)
    expect(await login(server, 'right')).toBe(400)
  })

  test.each(['shop.example', '192.0.2', '192.0.2.0%2F24', '::g'])(
    'are of an IP address: not %s',
    async (text) => {
      const { admin, ofSource } = await start()
      for (const method of ['GET', 'DELETE']) {
        const { status, body } = await admin(method, ofSource(text))
        expect([status, body.problems?.[0]?.message]).toEqual([400, 'must be an IP address'])
      }
    },
  )
})

test('without limits nothing is blocked, whatever was counted before', async () => {
  const { admin, ofUser, ofSource } = await start({ perUser: 0, perSource: 0 })
  expect((await admin('GET', ofUser)).body).toEqual(NONE)
  expect((await admin('GET', ofSource(SOURCE))).body).toEqual(NONE_FROM_SOURCE)
})
