/** T071: a client is who its id says to the byte, and never a user (RFC 9700 §4.15). */
import { beforeEach, describe, expect, test } from 'vitest'
import { createClient } from '../../src/admin/operations/clients.ts'
import { createUser } from '../../src/admin/operations/users.ts'
import { createHarness, type Harness, TENANT } from '../harness.ts'

const ID = 'Shop-sync.K'
const TENANT_ES256 = { ...TENANT, signingAlgorithm: 'ES256' as const }
const SECRET = 'the-secret-of-the-shop-that-nobody-can-guess'
const FACES = ['/oauth/token', '/spree_oauth/token', '/auth/realms/dodici/protocol/openid-connect/token']

/** What folding, normalising, trimming or cutting would make equal to the id, or nearly. */
const VARIANTS: readonly (readonly [string, string])[] = [
  ['upper case', ID.toUpperCase()],
  ['lower case', ID.toLowerCase()],
  ['a long s', ID.replace('s', '\u017f')],
  ['the Kelvin sign', ID.replace('K', '\u212a')],
  ['a ligature', ID.replace('s', '\ufb06')],
  ['full-width letters', ID.replace('S', '\uff33')],
  ['a letter of another alphabet', ID.replace('o', '\u043e')],
  ['a space behind', `${ID} `],
  ['a space before', ` ${ID}`],
  ['a tab behind', `${ID}\t`],
  ['a zero-width space', `${ID}\u200b`],
  ['a byte order mark', `\ufeff${ID}`],
  ['a part', ID.slice(0, -1)],
  ['more', `${ID}x`],
  ['a wildcard', '%'],
  ['a pattern', ID.replace('.', '_')],
]

let harness: Harness
beforeEach(async () => {
  harness = createHarness({ tenants: [TENANT_ES256] })
  await harness.store.saveTenant(TENANT_ES256)
  await harness.client({ id: ID, secret: SECRET, scopes: ['read'] })
})

const ask = (path: string, id: string) =>
  harness.post(path, { grant_type: 'client_credentials', client_id: id, client_secret: SECRET })
const askByBasic = (path: string, id: string) => {
  // Doorkeeper decodes no more than the base64.
  const name = path.startsWith('/spree') ? id : encodeURIComponent(id)
  const pair = Buffer.from(`${name}:${SECRET}`).toString('base64')
  return harness.post(path, { grant_type: 'client_credentials' }, { authorization: `Basic ${pair}` })
}

describe.each(FACES)('T071 at %s', (path) => {
  test('the client is known by its id', async () => {
    expect((await ask(path, ID)).status).toBe(200)
    expect((await askByBasic(path, ID)).status).toBe(200)
  })

  test.each(VARIANTS)('and not by %s', async (_, variant) => {
    for (const response of [await ask(path, variant), await askByBasic(path, variant)]) {
      expect([response.status, response.json().error]).toEqual([401, 'invalid_client'])
    }
    expect(harness.entries.map(({ client }) => client)).toEqual([null, null])
  })
})

describe('T071 the subjects of clients and users are disjoint', () => {
  const operations = () => harness.services
  const taken = { code: 'conflict' }

  test('a client can not be created under the id of a user', async () => {
    await createUser(operations(), 'dodici', { username: 'ann', id: 'ann-1' })
    await expect(createClient(operations(), 'dodici', { id: 'ann-1' })).rejects.toMatchObject(taken)
    expect(await harness.store.findClient('dodici', 'ann-1')).toBeNull()
  })

  test('nor a user under the id of a client', async () => {
    const user = { username: 'ann', id: 'machine' }
    await createClient(operations(), 'dodici', { id: 'machine' })
    await expect(createUser(operations(), 'dodici', user)).rejects.toMatchObject(taken)
    expect(await harness.store.findUser('dodici', 'machine')).toBeNull()
  })

  test('of two that are created at once one is left at most', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `twin-${index}`)
    for (const id of ids) {
      await Promise.allSettled([
        createUser(operations(), 'dodici', { username: id, id }),
        createClient(operations(), 'dodici', { id }),
      ])
      const found = [await harness.store.findUser('dodici', id), await harness.store.findClient('dodici', id)]
      expect(found.filter((row) => row !== null).length).toBeLessThan(2)
    }
  })

  test('a user whose name is the id of a client is not the client', async () => {
    await harness.user({ username: ID, password: SECRET, id: 'auth0|1' })
    const tokens = [
      (await ask('/oauth/token', ID)).json().access_token,
      (await harness.post('/v0/token', { grant_type: 'password', username: ID, password: SECRET })).json()
        .access_token,
    ]
    const subjects = tokens.map(
      (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()).sub,
    )
    expect(subjects).toEqual([ID, 'auth0|1'])
  })
})
