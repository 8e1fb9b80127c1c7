/** T068, T109: whichever client is refused gets the same answer for the same work, wherever clients authenticate. */
import * as argon2 from '@node-rs/argon2'
import * as bcrypt from '@node-rs/bcrypt'
import { expect, test, vi } from 'vitest'
import { hashClientSecret } from '../../src/crypto/client-secret.ts'
import { createHarness, type Harness } from '../harness.ts'
import { tenantOfFaces } from './faces.ts'

// The real libraries, with every call on record: what a refusal costs is what it calls.
vi.mock('@node-rs/argon2', { spy: true })
vi.mock('@node-rs/bcrypt', { spy: true })

/** Of `spree123`. */
const BCRYPT = '$2a$05$lpvm7aqqBD4OB5DzsAw.uuWWwsCaE9VxJ2TPJKNkbmlm.uMd2U/Ce'
const STRONG = 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc'
const REALM = '/auth/realms/main/protocol/openid-connect'

const ENDPOINTS = [
  ...['/oauth/token', '/oauth/revoke', '/oauth/introspect'],
  ...['/spree_oauth/token', '/spree_oauth/revoke', '/spree_oauth/introspect'],
  ...[`${REALM}/token`, `${REALM}/revoke`, `${REALM}/token/introspect`],
]

/** Limits of two failures; `hasSlow`: some clients have slow secrets. */
async function start(hasSlow: boolean): Promise<Harness> {
  const harness = createHarness({
    tenants: [tenantOfFaces()],
    loginFailures: { perUser: 2, perSource: 1000 },
  })
  const slow = hasSlow ? BCRYPT : hashClientSecret('another-secret-that-nobody-can-guess-0123456789')
  const row = (hash: string, index: number) => ({
    ...{ id: `${index}`, name: null, hash, createdAt: 0 },
    expiresAt: null,
  })
  const client = (id: string, hashes: string[], rest = {}) =>
    harness.client({ tenant: 'main', id, secrets: hashes.map(row), ...rest })
  const fast = hashClientSecret(STRONG)
  await client('fast', [fast])
  await client('slow', [slow])
  await client('slow-twice', [slow, slow])
  await client('both', [fast, slow])
  await client('blocked', [slow])
  await client('disabled', [fast], { disabled: true })
  await client('disabled-slow', [slow], { disabled: true })
  await client('without', [])
  await client('public', [], { public: true })
  return harness
}

async function send(harness: Harness, path: string, client: string, secret: string, source = '192.0.2.1') {
  const form = { grant_type: 'client_credentials', token: 'x', client_id: client, client_secret: secret }
  return await harness.send({
    path,
    headers: {
      ...{ 'content-type': 'application/x-www-form-urlencoded' },
      'x-request-id': '6d7c1a70-3f8f-4a54-9d7c-2f0f8f3b3b11',
    },
    body: new URLSearchParams(form).toString(),
    source,
  })
}

const REFUSED = [
  ['nobody', 'wrong', 'unknown_client'],
  ['fast', 'wrong', 'wrong_client_secret'],
  ['slow', 'wrong', 'wrong_client_secret'],
  ['slow-twice', 'wrong', 'wrong_client_secret'],
  ['both', 'wrong', 'wrong_client_secret'],
  ['disabled', 'wrong', 'client_disabled'],
  ['disabled', STRONG, 'client_disabled'],
  ['disabled-slow', 'spree123', 'client_disabled'],
  ['without', 'wrong', 'wrong_client_secret'],
  ['public', 'wrong', 'wrong_client_secret'],
] as const

const BLOCKED = [
  ['blocked', 'wrong', 'client_blocked'],
  ['blocked', 'spree123', 'client_blocked'],
] as const

test.each(ENDPOINTS)(
  'T068 T109 V-26 no client that is refused can be told from others at %s',
  async (path) => {
    const harness = await start(true)
    // So that it is known how slow a secret can be.
    await send(harness, path, 'slow-twice', 'wrong', '203.0.113.1')
    for (let time = 0; time < 2; time++) await send(harness, path, 'blocked', 'wrong')
    const look = vi.spyOn(harness.store, 'readLoginFailures')
    const count = vi.spyOn(harness.store, 'addLoginFailure')
    const find = vi.spyOn(harness.store, 'findClient')
    const findAgain = vi.spyOn(harness.store, 'findCurrentClient')

    for (const [client, secret, reason] of [...REFUSED, ...BLOCKED]) {
      vi.clearAllMocks()
      const { status, headers, body } = await send(harness, path, client, secret)
      expect([client, harness.entries.at(-1)?.reason]).toEqual([client, reason])
      expect([client, work()]).toEqual([client, ['argon2', 'argon2', 'bcrypt 05', 'bcrypt 05']])
      const calls = [find, findAgain, look, count].map(({ mock }) => mock.calls.length)
      // What is not there is not kept: it was read the first time.
      expect([client, calls, buckets(count)]).toEqual([client, [1, client === 'nobody' ? 0 : 1, 1, 1], 2])
      const expected = await send(harness, path, 'somebody else', 'wrong', '203.0.113.9')
      expect([client, status, headers, body]).toEqual([
        ...[client, expected.status, expected.headers, expected.body],
      ])
    }
  },
)

test('T068 where no client has a slow secret nothing is hashed, for nobody', async () => {
  const harness = await start(false)
  const expected = await send(harness, '/oauth/token', 'somebody else', 'wrong')
  for (const [client, secret] of REFUSED) {
    vi.clearAllMocks()
    const { status, headers, body } = await send(harness, '/oauth/token', client, secret)
    expect([client, status, headers, body]).toEqual([
      ...[client, expected.status, expected.headers, expected.body],
    ])
    expect([client, work()]).toEqual([client, []])
  }
})

test('T068 a client that needs a secret and comes without any is refused as one there is not', async () => {
  const harness = await start(true)
  await send(harness, '/oauth/token', 'slow', 'wrong')
  const refused = async (client_id: string) => {
    const form = { grant_type: 'password', username: 'ann', password: 'x', client_id }
    const { status, body } = await harness.post('/oauth/token', form)
    return [status, body]
  }
  vi.clearAllMocks()
  const expected = await refused('nobody')
  for (const client of ['fast', 'slow', 'disabled', 'disabled-slow']) {
    expect(await refused(client)).toEqual(expected)
  }
  expect(work()).toEqual([])
})

function buckets(count: { readonly mock: { readonly calls: readonly (readonly unknown[])[] } }): number {
  const [[inBuckets] = [[]]] = count.mock.calls
  return (inBuckets as readonly unknown[]).length
}

/** What was hashed since the last call. */
function work(): string[] {
  const ofBcrypt = vi
    .mocked(bcrypt.compare)
    .mock.calls.map(([, hash]) => `bcrypt ${String(hash).slice(4, 6)}`)
  return [...vi.mocked(argon2.verify).mock.calls.map(() => 'argon2'), ...ofBcrypt]
}
