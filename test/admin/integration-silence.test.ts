/** When the login of an integration that was migrated is silent: what counts as a use of it, and of its client. */
import { expect, test } from 'vitest'
import { createBatch, PASSWORD, USER } from './batch.ts'
import { BASE } from './harness.ts'

const DAY = 86_400

test('the client counts from the migration on: what it, or another of its id, got before is no sign of the move', async () => {
  const { harness, migrate, ask, status } = await createBatch()
  const { secret } = await harness.client({ id: 'batch-client', scopes: ['read'] })
  await ask('batch-client', secret)
  harness.advance(3600)
  await harness.admin('DELETE', `${BASE}/clients/batch-client`)
  const { body } = await migrate({ id: 'batch-client', scopes: ['read'] })
  harness.advance(20 * DAY)
  expect(await status()).toMatchObject({ state: 'client_unused', lastNewAt: null, newCalls: 0 })
  await ask('batch-client', body.secret)
  expect(await status()).toMatchObject({ state: 'silent', lastNewAt: harness.now(), newCalls: 1 })
})

test('tokens of the login are a use of it as long as somebody asks about them', async () => {
  const { harness, login, migrate, ask, status, finish } = await createBatch()
  const api = { client_id: 'api', client_secret: '' }
  api.client_secret = (await harness.client({ id: 'api', introspect: 'any' })).secret
  const token = (await login()).json().access_token
  const { client, secret } = (await migrate()).body
  await ask(client.id, secret)
  harness.advance(3600)
  const asked = [
    () => harness.post('/spree_oauth/introspect', { ...api, token }),
    () =>
      harness.send({
        ...{ method: 'GET', path: '/spree_oauth/token/info' },
        headers: { authorization: `Bearer ${token}` },
      }),
    () => harness.post('/oauth/introspect', { ...api, token }),
  ]
  for (const askAbout of asked) {
    harness.advance(60)
    expect((await askAbout()).status).toBe(200)
    await harness.writeUsage()
    expect(await status()).toMatchObject({ lastTokenAt: harness.now(), state: 'login_used' })
  }
  const [lastOldAt, lastTokenAt] = [harness.now() - 3780, harness.now()]
  expect(await status()).toMatchObject({ lastOldAt, lastTokenAt })
  harness.advance(14 * DAY - 3600)
  expect(await status()).toMatchObject({ state: 'token_used', silentDays: 13 })
  expect((await finish()).body.detail).toMatch(/login of batch is silent, but its tokens .* 13 of 14 days/)
  harness.advance(3600)
  expect(await status()).toMatchObject({ state: 'silent', silentDays: 14 })
})

test('tokens that are not good any more are none, and those of others are not told apart', async () => {
  const { harness, login, migrate, status } = await createBatch()
  const { secret } = await harness.client({ id: 'api', introspect: 'any' })
  const token = (await login()).json().access_token
  await harness.user({ id: 'other', username: 'other', password: PASSWORD })
  const form = { grant_type: 'password', username: 'other', password: PASSWORD, scope: 'read' }
  await migrate({ scopes: ['read'] })
  harness.advance(3 * 3600)
  const ofOther = (await harness.post('/spree_oauth/token', form)).json().access_token
  for (const one of [token, ofOther, 'nothing']) {
    await harness.post('/oauth/introspect', { client_id: 'api', client_secret: secret, token: one })
  }
  await harness.writeUsage()
  expect(await status()).toMatchObject({ lastTokenAt: null })
  const usage = (await harness.admin('GET', `${BASE}/usage?use=introspection`)).body
  expect(usage.items).toMatchObject([{ user: null, client: 'api', succeeded: 3 }])
})

test('a login is silent no further back than the usage ledger goes', async () => {
  const { harness, migrate, finish } = await createBatch({ admin: { usageRetentionDays: 10 } })
  await migrate({ scopes: ['read'] })
  const one = `${BASE}/integrations/${encodeURIComponent(USER)}`
  for (const path of [one, `${one}?silentDays=11`, `${BASE}/integrations`]) {
    const { status: code, body } = await harness.admin('GET', path)
    expect([code, body.problems]).toEqual([400, [expect.objectContaining({ path: 'silentDays' })]])
    expect(body.detail).toContain('must be 10 or less: the usage ledger goes no further back')
  }
  expect((await harness.admin('GET', `${one}?silentDays=10`)).status).toBe(200)
  expect((await finish()).status).toBe(400)
  expect((await finish({ silentDays: 10 })).status).toBe(409)
  expect((await finish({ force: true })).status).toBe(200)
})

test('where no usage is kept a login is finished by force only', async () => {
  const { harness, migrate, finish } = await createBatch({ admin: { usageRetentionDays: 0 } })
  await migrate({ scopes: ['read'] })
  for (const { status, body } of [
    await finish({ silentDays: 1 }),
    await harness.admin('GET', `${BASE}/integrations`),
  ]) {
    expect([status, body.detail]).toEqual([409, expect.stringContaining('usageRetentionDays is 0')])
  }
  expect((await finish({ force: true })).status).toBe(200)
})
