import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { hashClientSecret } from '../../src/crypto/client-secret.ts'
import { createClientSecret } from '../../src/crypto/client-secret-text.ts'
import { sha256 } from '../../src/crypto/digest.ts'
import { OAuthError } from '../../src/protocol/errors.ts'
import { createHarness } from '../harness.ts'

// The real functions, with every call on record.
vi.mock('../../src/crypto/digest.ts', { spy: true })

const SECRET = 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc'

const vectors = JSON.parse(
  readFileSync(new URL('../crypto/fixtures/password-vectors.json', import.meta.url), 'utf8'),
)

async function harnessWithImportedSecret(secret: string) {
  const harness = createHarness()
  const hash = await harness.services.passwords.hash(secret)
  await harness.client({
    id: 'imported',
    secrets: [{ id: 'old', name: null, hash, createdAt: 0, expiresAt: null }],
  })
  const ask = () =>
    harness.post('/oauth/token', {
      grant_type: 'client_credentials',
      client_id: 'imported',
      client_secret: secret,
    })
  const storedHash = async () => (await harness.store.findClient('dodici', 'imported'))?.secrets[0]?.hash
  return { harness, ask, storedHash }
}

test('a strong secret that another system hashed slowly is stored as SHA-256 after its first success', async () => {
  const { ask, storedHash } = await harnessWithImportedSecret(SECRET)
  expect((await ask()).status).toBe(200)
  expect(await storedHash()).toMatch(/^sha256:/)
  expect((await ask()).status).toBe(200)
})

test('a weak secret keeps its slow hash', async () => {
  const { ask, storedHash } = await harnessWithImportedSecret('short')
  expect((await ask()).status).toBe(200)
  expect(await storedHash()).toMatch(/^\$argon2id/)
})

test('a client that is refused for the load alone is told so, and no failure is counted', async () => {
  const { harness, ask } = await harnessWithImportedSecret('short')
  const count = vi.spyOn(harness.store, 'addLoginFailure')
  const find = vi.spyOn(harness.services.passwords, 'findMatch')
  onTestFinished(() => find.mockRestore())
  find.mockRejectedValueOnce(new OAuthError('temporarily_unavailable', 'hash_queue_full'))
  expect((await ask()).status).toBe(503)
  expect(count).not.toHaveBeenCalled()
  expect((await ask()).status).toBe(200)
})

test('of a hundred secrets with a fast hash the presented one is hashed once', async () => {
  const harness = createHarness()
  const texts = Array.from({ length: 100 }, () => createClientSecret(harness.services.random))
  await harness.client({
    id: 'many',
    secrets: texts.map((text, index) => ({
      ...{ id: `${index}`, name: null, createdAt: 0, expiresAt: null },
      hash: hashClientSecret(text),
    })),
  })
  const hashed = vi.mocked(sha256)
  hashed.mockClear()
  const ask = (client_secret: string) =>
    harness.post('/oauth/introspect', { token: 'x', client_id: 'many', client_secret })
  expect((await ask(texts[99] ?? '')).status).toBe(200)
  expect(hashed.mock.calls.filter(([text]) => text === texts[99])).toHaveLength(1)
})

test('an upgrade that can not be stored does not refuse the client', async () => {
  const { harness, ask, storedHash } = await harnessWithImportedSecret(SECRET)
  harness.store.rehashClient = () => Promise.reject(new Error('disk full'))
  expect((await ask()).status).toBe(200)
  expect(await storedHash()).toMatch(/^\$argon2id/)
})

test('T070 a secret that was cut off is told from another one, in the log only', async () => {
  const harness = createHarness()
  const secret = createClientSecret(harness.services.random)
  await harness.client({ id: 'made', secret })
  const ask = (sent: string) =>
    harness.post('/oauth/token', {
      grant_type: 'client_credentials',
      client_id: 'made',
      client_secret: sent,
    })
  const other = createClientSecret(harness.services.random)
  const answers = [await ask(other), await ask(secret.slice(0, -1))]
  expect(harness.entries.map(({ reason }) => reason)).toEqual([
    'wrong_client_secret',
    'damaged_client_secret',
  ])
  expect(answers.map(({ status }) => status)).toEqual([401, 401])
  expect(answers[1]?.body).toBe(answers[0]?.body)
})

test("a secret in the bcrypt form of Spree's applications is good, and is stored as SHA-256 from then on", async () => {
  const harness = createHarness()
  const find = vi.spyOn(harness.services.passwords, 'findMatch')
  onTestFinished(() => find.mockRestore())
  const { plaintext, stored_4_4_and_later: hash } = vectors.application_secret
  await harness.client({
    id: 'imported',
    secrets: [{ id: 'old', name: 'Spree', hash, createdAt: 0, expiresAt: null }],
  })
  const ask = async (secret: string) => {
    const credentials = { client_id: 'imported', client_secret: secret }
    return (await harness.post('/spree_oauth/token', { grant_type: 'client_credentials', ...credentials }))
      .status
  }
  const statuses = [await ask(`${plaintext}x`), await ask(plaintext)]
  expect([statuses, find.mock.calls.length]).toEqual([[401, 200], 2])
  const [secret] = (await harness.store.findClient('dodici', 'imported'))?.secrets ?? []
  expect(secret).toEqual({
    id: 'old',
    name: 'Spree',
    hash: hashClientSecret(plaintext),
    createdAt: 0,
    expiresAt: null,
  })
  expect([await ask(plaintext), find.mock.calls.length]).toEqual([200, 2])
  expect([await ask(hash), await ask(`${plaintext}x`)]).toEqual([401, 401])
  expect(harness.entries.map(({ note }) => note)).toEqual([null, 'secret upgraded', null, null, null])
})

test('T070 a secret ends at its second, however it is compared', async () => {
  const harness = createHarness()
  const strong = createClientSecret(harness.services.random)
  const end = { name: null, createdAt: 0, expiresAt: harness.now() + 60 }
  await harness.client({
    id: 'replaced',
    secrets: [
      { id: 'slow', hash: await harness.services.passwords.hash('chosen'), ...end },
      { id: 'fast', hash: hashClientSecret(strong), ...end },
    ],
  })
  const statuses = async () => {
    const grant = { grant_type: 'client_credentials', client_id: 'replaced' }
    const ask = (client_secret: string) => harness.post('/oauth/token', { ...grant, client_secret })
    return [(await ask('chosen')).status, (await ask(strong)).status]
  }
  harness.advance(59)
  expect(await statuses()).toEqual([200, 200])
  harness.advance(1)
  expect(await statuses()).toEqual([401, 401])
})

test('a secret with a fast hash does not wait for the slow ones of its client', async () => {
  const harness = createHarness()
  const secret = createClientSecret(harness.services.random)
  const slow = await harness.services.passwords.hash('chosen')
  const rows = [slow, slow, hashClientSecret(secret)]
  await harness.client({
    id: 'both',
    secrets: rows.map((hash, index) => ({ id: `${index}`, name: null, hash, createdAt: 0, expiresAt: null })),
  })
  const find = vi.spyOn(harness.services.passwords, 'findMatch')
  onTestFinished(() => find.mockRestore())
  const ask = (client_secret: string) =>
    harness.post('/oauth/token', { grant_type: 'client_credentials', client_id: 'both', client_secret })
  expect((await ask(secret)).status).toBe(200)
  expect(find).not.toHaveBeenCalled()
  expect((await ask('chosen')).status).toBe(200)
  expect((await ask('wrong')).status).toBe(401)
})

test('T070 a muted secret works as ever, and each use of it is noted beside what else there is to note', async () => {
  const harness = createHarness()
  const secret = createClientSecret(harness.services.random)
  const hash = hashClientSecret(secret)
  const old = { id: 'old', name: null, hash, createdAt: 0, expiresAt: null }
  await harness.client({ id: 'quiet', secrets: [{ ...old, muted: false }] })
  await harness.client({ id: 'muted', secrets: [{ ...old, muted: true }] })
  await harness.user({ username: 'ann', password: 'right' })
  const tokens = async (client_id: string, form: Record<string, string>) =>
    await harness.post('/spree_oauth/token', { client_id, client_secret: secret, ...form })
  const login = { grant_type: 'password', username: 'ann', password: 'right' }
  for (const client of ['quiet', 'muted']) {
    const { refresh_token } = (await tokens(client, login)).json()
    const refresh = { grant_type: 'refresh_token', refresh_token }
    const first = await tokens(client, refresh)
    expect((await tokens(client, refresh)).body).toBe(first.body)
    expect((await tokens(client, { ...login, scope: 'admin' })).status).toBe(400)
  }
  const noted = ['muted secret', 'muted secret', 'muted secret, replayed', 'muted secret']
  expect(harness.entries.map(({ note }) => note)).toEqual([null, null, 'replayed', null, ...noted])
  expect(harness.entries.at(-1)).toMatchObject({ client: 'muted', outcome: 'invalid_scope' })
})
