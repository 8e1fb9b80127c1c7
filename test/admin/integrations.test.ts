import { beforeEach, describe, expect, test } from 'vitest'
import { everyEvent } from '../audit/listed.ts'
import { TENANT } from '../harness.ts'
import { type Batch, CLAIMS, createBatch, PASSWORD, TOKEN_PATH, USER } from './batch.ts'
import { BASE } from './harness.ts'

const DAY = 86_400
let harness: Batch['harness']
let login: Batch['login']
let migrate: Batch['migrate']
let ask: Batch['ask']
let status: Batch['status']
let finish: Batch['finish']
beforeEach(async () => {
  ;({ harness, login, migrate, ask, status, finish } = await createBatch())
})

describe('an integration that is migrated', () => {
  test('gets a client with the roles, the claims and the scopes that were granted, and no others', async () => {
    await login()
    await harness.user({ id: 'other', username: 'other', password: PASSWORD, roles: ['admin'] })
    const other = { grant_type: 'password', username: 'other', password: PASSWORD, scope: 'admin' }
    expect((await harness.post('/spree_oauth/token', other)).status).toBe(200)
    await harness.writeUsage()
    const { status: code, body } = await migrate()
    expect(code).toBe(201)
    const { client, secret, integration, tokenEndpoint } = body
    expect(client).toMatchObject({
      ...{ name: 'in place of batch', grants: ['client_credentials'], scopes: ['read', 'write'] },
      ...{ roles: ['newstore_admin', 'admin'], claims: CLAIMS, public: false, introspect: 'own' },
    })
    expect(integration).toMatchObject({ user: USER, client: client.id, migratedAt: harness.now() })
    expect(tokenEndpoint).toBe(`${new URL(TENANT.issuer).origin}${TOKEN_PATH}`)
    const answer = await ask(client.id, secret)
    expect(answer.status).toBe(200)
    const claims = JSON.parse(atob(answer.json().access_token.split('.')[1]))
    expect(claims).toMatchObject({ sub: client.id, ...CLAIMS, scope: 'read write' })
    // Nothing has changed for the login.
    expect((await login()).status).toBe(200)
  })

  test('gets no scope that the user may not have any more, and none for a refresh token', async () => {
    await login(PASSWORD, 'read write')
    const form = { grant_type: 'password', username: 'batch', password: PASSWORD }
    expect((await harness.post('/v0/token', form)).status).toBe(200)
    await harness.writeUsage()
    const patch = { scopes: ['write', 'admin', 'offline_access'] }
    await harness.admin('PATCH', `${BASE}/users/${encodeURIComponent(USER)}`, { body: patch })
    expect((await migrate()).body.client.scopes).toEqual(['write'])
  })

  test('gets no scope that only a role or a client has given, once that is lost', async () => {
    const { secret } = await harness.client({ id: 'shop', grants: ['password'], scopes: ['read', 'write'] })
    const form = { grant_type: 'password', username: 'batch', password: PASSWORD, scope: 'read write' }
    const atShop = { ...form, client_id: 'shop', client_secret: secret }
    expect((await harness.post('/spree_oauth/token', atShop)).status).toBe(200)
    expect((await login(PASSWORD, 'admin')).status).toBe(200)
    await harness.admin('PATCH', `${BASE}/users/${encodeURIComponent(USER)}`, { body: { roles: [] } })
    await harness.admin('PATCH', `${BASE}/clients/shop`, { body: { scopes: ['read'] } })
    expect((await migrate()).body.client).toMatchObject({ scopes: ['read'], roles: [] })
  })

  test('is refused if no scopes are known, until they are said', async () => {
    const refused = await migrate()
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('--scope')])
    expect(await everyEvent(harness.store)).toEqual([])
    const { client } = (await migrate({ scopes: ['orders'], id: 'batch-client' })).body
    expect(client).toMatchObject({ id: 'batch-client', scopes: ['orders'] })
  })

  test('is refused a second time, unless its client was deleted', async () => {
    await migrate({ scopes: ['read'], id: 'first' })
    const again = await migrate({ scopes: ['read'], id: 'second' })
    expect([again.status, again.body.detail]).toEqual([
      409,
      expect.stringContaining('the client first already'),
    ])
    await harness.admin('DELETE', `${BASE}/clients/first`)
    expect((await status()).state).toBe('no_client')
    expect((await finish()).body.detail).toMatch(/deleted or disabled/)
    expect((await migrate({ scopes: ['read'], id: 'second' })).status).toBe(201)
    expect((await status()).client).toBe('second')
  })

  test('leaves nothing if the id is taken, the user is disabled, or there is no endpoint', async () => {
    await harness.client({ id: 'taken' })
    expect((await migrate({ scopes: ['read'], id: 'taken' })).status).toBe(409)
    expect((await harness.store.findUser(TENANT.id, USER))?.successor).toBeUndefined()
    await harness.store.saveTenant({ ...TENANT, surfaces: { spree: {} } })
    expect((await migrate({ scopes: ['read'] })).body.detail).toContain('no endpoint')
    await harness.store.saveTenant({ ...TENANT, surfaces: { standard: {} } })
    await harness.admin('PATCH', `${BASE}/users/${encodeURIComponent(USER)}`, { body: { disabled: true } })
    expect((await migrate({ scopes: ['read'] })).body.detail).toContain('is disabled')
    await harness.admin('PATCH', `${BASE}/users/${encodeURIComponent(USER)}`, { body: { disabled: false } })
    const { tokenEndpoint } = (await migrate({ scopes: ['read'] })).body
    expect(tokenEndpoint).toBe(`${new URL(TENANT.issuer).origin}/oauth/token`)
    expect((await migrate({}, 'auth0|nobody')).status).toBe(404)
  })

  test('may have a client that is there already, which stays as it is', async () => {
    await harness.client({ id: 'theirs', scopes: ['read'] })
    await harness.client({ id: 'page', public: true, grants: ['password'] })
    const before = await harness.store.findClient(TENANT.id, 'theirs')
    expect((await migrate({ client: 'page' })).status).toBe(409)
    expect((await migrate({ client: 'nobody' })).status).toBe(404)
    expect((await migrate({ client: 'theirs', scopes: ['read'] })).status).toBe(400)
    const { status: code, body } = await migrate({ client: 'theirs' })
    expect([code, body.secret, body.integration.client]).toEqual([201, null, 'theirs'])
    expect(await harness.store.findClient(TENANT.id, 'theirs')).toEqual(before)
  })

  test('is shown with its user, and in the usage as one who has a client', async () => {
    await login()
    const { client } = (await migrate()).body
    const user = (await harness.admin('GET', `${BASE}/users/${encodeURIComponent(USER)}`)).body
    expect(user.successor).toEqual({ client: client.id, since: harness.now() })
    const usage = (await harness.admin('GET', `${BASE}/usage?user=${encodeURIComponent(USER)}`)).body
    expect(usage.items[0].successor).toEqual({ client: client.id, because: 'migrated' })
  })
})

describe('an integration is followed', () => {
  test('from its first token to the end of its login', async () => {
    await login()
    const { client, secret } = (await migrate()).body
    expect(await status()).toMatchObject({ state: 'client_unused', lastNewAt: null, newCalls: 0 })
    harness.advance(20 * DAY)
    // Nobody has seen that the client works: the login may be a job of every month.
    expect(await status()).toMatchObject({ state: 'client_unused', silentDays: 20 })
    expect((await finish()).body.detail).toContain('has got no token yet')
    await ask(client.id, secret)
    await login()
    const at = harness.now()
    expect(await status()).toMatchObject({ state: 'login_used', lastOldAt: at, lastNewAt: at, newCalls: 1 })
    harness.advance(14 * DAY - 1)
    expect(await status()).toMatchObject({ state: 'login_used', silentDays: 13 })
    expect((await finish()).body.detail).toBe(
      'The login of batch is silent for 13 of 14 days. Wait, or disable the user all the same: force (--force).',
    )
    expect(await status('?silentDays=13')).toMatchObject({ state: 'silent' })
    harness.advance(1)
    expect(await status()).toMatchObject({ state: 'silent', silentDays: 14 })
    expect((await finish()).body).toMatchObject({ state: 'finished' })
    expect((await login()).status).not.toBe(200)
    expect((await ask(client.id, secret)).status).toBe(200)
    expect((await finish()).status).toBe(409)
  })

  test('by logins, refreshes and what is refused, but not by those who guess', async () => {
    const refreshToken = (await login()).json().refresh_token
    const { client, secret } = (await migrate()).body
    await ask(client.id, secret)
    harness.advance(3600)
    const refresh = { grant_type: 'refresh_token', refresh_token: refreshToken }
    expect((await harness.post('/spree_oauth/token', refresh)).status).toBe(200)
    await harness.writeUsage()
    const refreshed = harness.now()
    expect((await status()).lastOldAt).toBe(refreshed)
    harness.advance(DAY)
    expect((await login('wrong')).status).not.toBe(200)
    expect((await status()).lastOldAt).toBe(refreshed)
    // The password was right.
    await harness.admin('PATCH', `${BASE}/users/${encodeURIComponent(USER)}`, { body: { scopes: ['read'] } })
    expect((await login(PASSWORD, 'admin')).status).not.toBe(200)
    expect((await status()).lastOldAt).toBe(harness.now())
  })

  test('by tokens of its own client only: not by users at it, nor by what else the client asks for', async () => {
    const grants = ['password', 'client_credentials'] as const
    const { secret } = await harness.client({ id: 'shop', grants, scopes: ['read'] })
    await migrate({ client: 'shop' })
    const shop = { client_id: 'shop', client_secret: secret }
    const form = { grant_type: 'password', username: 'batch', password: PASSWORD }
    const token = (await harness.post('/spree_oauth/token', { ...form, ...shop })).json().access_token
    await harness.post('/oauth/introspect', { ...shop, token })
    await harness.writeUsage()
    expect(await status()).toMatchObject({ state: 'client_unused', lastOldAt: harness.now(), newCalls: 0 })
  })

  test('from when it was migrated: what was not done before is no sign of the move', async () => {
    await login()
    harness.advance(30 * DAY)
    const { client, secret } = (await migrate()).body
    await ask(client.id, secret)
    expect(await status()).toMatchObject({ state: 'login_used', silentDays: 0 })
    harness.advance(14 * DAY)
    expect(await status()).toMatchObject({ state: 'silent', silentDays: 14 })
  })

  test('and ended by force before', async () => {
    expect((await finish({ force: true })).body.detail).toMatch(
      /^The user batch was not migrated: .*\(integration migrate\)/,
    )
    await migrate({ scopes: ['read'] })
    expect((await finish({ silentDays: 0 })).status).toBe(400)
    expect((await finish({ force: true })).body.state).toBe('finished')
  })

  test('in pages, of those that were migrated', async () => {
    for (const name of ['b', 'a', 'c']) {
      await harness.user({ id: name, username: name })
      if (name !== 'c') await migrate({ scopes: ['read'], id: `client-${name}` }, name)
    }
    const first = (await harness.admin('GET', `${BASE}/integrations?limit=1`)).body
    const rest = (await harness.admin('GET', `${BASE}/integrations?limit=1&cursor=${first.next}`)).body
    expect([...first.items, ...rest.items].map(({ user }) => user)).toEqual(['a', 'b'])
    expect(rest.next).toBeNull()
    expect((await harness.admin('GET', `${BASE}/integrations?silentDays=0`)).status).toBe(400)
  })
})

test('T162 a migration leaves what was created and whom it is for', async () => {
  await migrate({ scopes: ['read'], id: 'batch-client' })
  expect(await everyEvent(harness.store)).toMatchObject([
    { type: 'client.create', client: 'batch-client', user: USER },
    { type: 'user.update', client: 'batch-client', user: USER, details: 'successor' },
  ])
})
