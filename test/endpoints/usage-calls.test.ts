import { expect, onTestFinished, test, vi } from 'vitest'
import { purgeExpired } from '../../src/admin/operations/purge.ts'
import { createMintkeeper } from '../../src/index.ts'
import type { UsageKey } from '../../src/store/usage.ts'
import { createHarness, type Harness, TENANT } from '../harness.ts'

const WINDOW = { tenant: 'dodici', surface: null, use: null, user: null, client: null, from: 0 } as const
const FIRST: UsageKey = { surface: 'newstore', use: 'client_credentials', user: null, client: null }
const LAST: UsageKey = { surface: 'standard', use: '~' as never, user: null, client: null }
const PASSWORD = 'correct horse battery staple'

async function usageOf({ store, writeUsage }: Harness) {
  await writeUsage()
  const { rows } = await store.listUsage(WINDOW, null, 1000)
  return rows.map(({ surface, use, user, client, succeeded, failed }) =>
    [surface, use, user, client, succeeded, failed].join(' '),
  )
}

async function factsOf({ store }: Harness) {
  const facts = await store.listUsageFacts(WINDOW, FIRST, LAST)
  const short = (value: string) => (value.includes('offline_access') ? 'defaults' : value)
  return facts.map(({ use, fact, value, calls }) => `${use} ${fact} ${short(value)} ${calls}`).sort()
}

test('every call is counted where it belongs, with what was granted, from where and by what', async () => {
  const harness = createHarness()
  const { id } = await harness.user({ username: 'ann', password: PASSWORD })
  const { secret } = await harness.client({ id: 'shop', scopes: ['read', 'write'] })
  const agent = { 'user-agent': 'sync/1.0' }
  const login = { grant_type: 'password', username: 'ann' }
  const machine = { client_id: 'shop', client_secret: secret }
  const first = await harness.post('/v0/token', { ...login, password: PASSWORD }, agent)
  expect(first.status).toBe(200)
  await harness.post('/v0/token', { ...login, password: 'wrong' }, agent)
  await harness.post('/v0/token', { ...login, username: 'nobody', password: 'wrong' }, agent)
  const refresh = { grant_type: 'refresh_token', refresh_token: first.json().refresh_token }
  await harness.post('/v0/refresh_token', refresh, agent)
  await harness.post('/oauth/token', { ...machine, grant_type: 'client_credentials', scope: 'read' }, agent)
  await harness.post('/oauth/token', { ...machine, grant_type: 'client_credentials', scope: 'admin' })
  await harness.post('/oauth/token', { ...machine, grant_type: 'nonsense' })
  await harness.post('/oauth/introspect', { ...machine, token: 'x' })
  await harness.post('/oauth/revoke', { ...machine, token: 'x' })
  await harness.send({
    method: 'GET',
    path: '/spree_oauth/token/info',
    headers: { authorization: 'Bearer x' },
  })
  await harness.send({ method: 'GET', path: '/.well-known/jwks.json' })
  expect(await usageOf(harness)).toEqual([
    'newstore password   0 1',
    `newstore password ${id}  1 1`,
    `newstore refresh_token ${id}  1 0`,
    'spree info   0 1',
    'standard client_credentials  shop 1 1',
    'standard introspection  shop 1 0',
    'standard other   0 1',
    'standard revocation  shop 1 0',
  ])
  expect(await factsOf(harness)).toEqual([
    'client_credentials agent sync/1.0 1',
    'client_credentials refusal scope_not_allowed 1',
    'client_credentials scope read 1',
    'client_credentials source 192.0.2.1 1',
    'info refusal unknown_token 1',
    'introspection source 192.0.2.1 1',
    'other refusal unknown_grant_type 1',
    'password agent sync/1.0 1',
    'password refusal unknown_user 1',
    'password refusal wrong_password 1',
    'password scope defaults 1',
    'password source 192.0.2.1 1',
    'refresh_token agent sync/1.0 1',
    'refresh_token scope defaults 1',
    'refresh_token source 192.0.2.1 1',
    'revocation source 192.0.2.1 1',
  ])
})

test('what is asked of a surface that has ended is counted by its grant', async () => {
  const harness = createHarness({
    tenants: [{ ...TENANT, surfaces: { newstore: { sunset: 1_767_225_600 }, spree: { sunset: 0 } } }],
  })
  await harness.user({ username: 'ann', password: PASSWORD })
  const login = { grant_type: 'password', username: 'ann', password: PASSWORD }
  const sent = [
    await harness.post('/v0/token', login),
    await harness.post('/v0/refresh_token', { grant_type: 'refresh_token', refresh_token: 'x' }),
    await harness.post('/spree_oauth/token', login),
    await harness.post('/spree_oauth/token', { grant_type: 'client_credentials' }),
    await harness.post('/spree_oauth/token', { grant_type: 'nonsense' }),
    await harness.send({ path: '/v0/token', body: '{', headers: { 'content-type': 'application/json' } }),
    await harness.send({ path: '/v0/token', body: 'x'.repeat(20_000) }),
  ]
  expect(sent.map(({ status }) => status)).toEqual(Array(7).fill(410))
  expect(harness.entries[0]).toMatchObject({ grant: 'password', user: null, reason: 'surface_sunset' })
  expect(await usageOf(harness)).toEqual([
    'newstore other   0 2',
    'newstore password   0 1',
    'newstore refresh_token   0 1',
    'spree client_credentials   0 1',
    'spree other   0 1',
    'spree password   0 1',
  ])
})

test('a flood of names that nobody has makes no rows', async () => {
  const harness = createHarness()
  for (let request = 0; request < 300; request++) {
    const name = `name-${request}`
    const headers = { 'user-agent': name, 'x-forwarded-for': `203.0.113.${request % 200}` }
    await harness.post(
      '/oauth/token',
      { grant_type: 'client_credentials', client_id: name, client_secret: name },
      headers,
    )
    await harness.post('/v0/token', { grant_type: 'password', username: name, password: name }, headers)
    await harness.post('/oauth/token', { grant_type: name }, headers)
    await harness.post('/oauth/introspect', { client_id: name, client_secret: name, token: name }, headers)
  }
  const rows = await usageOf(harness)
  expect(rows).toEqual([
    'newstore password   0 300',
    'standard client_credentials   0 300',
    'standard introspection   0 300',
    'standard other   0 300',
  ])
  expect(JSON.stringify(await factsOf(harness))).not.toContain('name-')
})

test('the ledger goes back as long as it is to, and no longer', async () => {
  const harness = createHarness()
  const { store, services, advance, post } = harness
  const { clock } = services
  await harness.user({ username: 'ann', password: PASSWORD })
  for (let day = 0; day < 5; day++) {
    await post('/v0/token', { grant_type: 'password', username: 'ann', password: PASSWORD })
    await harness.writeUsage()
    advance(86_400)
  }
  const days = async () => (await store.sumUsage(WINDOW, harness.now() + 1)).length
  await purgeExpired({ store, clock })
  expect(await days()).toBe(5)
  await purgeExpired({ store, clock }, { usageRetentionDays: 3 })
  expect(await days()).toBe(3)
  expect(await factsOf(harness)).toEqual(['password scope defaults 5', 'password source 192.0.2.1 5'])
  await purgeExpired({ store, clock }, { usageRetentionDays: 0 })
  expect([await days(), await factsOf(harness)]).toEqual([0, []])
})

test('a server writes each minute, and when it is closed', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const mintkeeper = await createMintkeeper({
    database: 'memory:',
    defaultTenant: 'main',
    tenants: [{ id: 'main', hosts: ['main.example'], issuer: 'https://main.example/' }],
  })
  const ask = () =>
    mintkeeper.fetch(
      new Request('https://main.example/oauth/token', { method: 'POST', body: 'grant_type=x' }),
    )
  const calls = async () => {
    const { rows } = await mintkeeper.services.store.listUsage({ ...WINDOW, tenant: 'main' }, null, 10)
    return rows.map(({ failed }) => failed)
  }
  await ask()
  expect(await calls()).toEqual([])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await calls()).toEqual([1])
  await ask()
  expect(await calls()).toEqual([1])
  await mintkeeper.close()
  expect(await calls()).toEqual([2])
})
