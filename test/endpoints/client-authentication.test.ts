import { expect, test } from 'vitest'
import { createClientSecret } from '../../src/crypto/client-secret-text.ts'
import { createHarness } from '../harness.ts'

const SECRET = 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc'

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

test('an upgrade that can not be stored does not refuse the client', async () => {
  const { harness, ask, storedHash } = await harnessWithImportedSecret(SECRET)
  harness.store.updateClient = () => Promise.reject(new Error('disk full'))
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
