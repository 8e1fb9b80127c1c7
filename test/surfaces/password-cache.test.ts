import { describe, expect, test } from 'vitest'
import { createPasswords } from '../../src/crypto/password.ts'
import { createPasswordCache } from '../../src/crypto/password-cache.ts'
import { createMetrics, createMintkeeper } from '../../src/index.ts'
import type { UserRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { createHarness, TENANT } from '../harness.ts'

const CHEAP = { memoryCost: 64, timeCost: 1, parallelism: 1 }

/** A server with the cache, whose logins are counted, on a store of its own or another one's. */
function createCached(shared?: Store) {
  const requiresRole = { newstore: { requiredRoles: ['newstore_admin'] }, spree: {}, standard: {}, realm: {} }
  const tenants = ['dodici', 'tredici'].map((id) => ({
    ...TENANT,
    id,
    hosts: [`${id}.example`],
    issuer: `https://${id}.example/`,
    surfaces: requiresRole,
  }))
  const harness = createHarness({ tenants, ...(shared && { store: shared }) })
  const { clock, random } = harness.services
  let hashed = 0
  const observer = { started: () => hashed++, refused: () => {}, abandoned: () => {} }
  const cache = createPasswordCache({ seconds: 30, clock, random })
  Object.assign(harness.services, { passwords: createPasswords({ argon2: CHEAP, cache, observer }) })

  /** The answer to a login with the password `right`, unless another is given, and how many passwords it hashed. */
  async function login(
    changes: { path?: string; password?: string; username?: string; tenant?: string } = {},
  ) {
    const { path = '/spree_oauth/token', password = 'right', username = 'ann', tenant = 'dodici' } = changes
    const before = hashed
    const response = await harness.send({
      path,
      host: `${tenant}.example`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'password', username, password }).toString(),
    })
    return { status: response.status, hashed: hashed - before, json: response.json }
  }

  async function change(changes: Partial<UserRow>): Promise<void> {
    const user = await harness.store.findUserByLogin('dodici', 'ann')
    if (user !== null) await harness.store.updateUser({ ...user, ...changes })
  }

  const hash = (password: string) => harness.services.passwords.hash(password)
  return { harness, login, change, hash }
}

async function withAnn() {
  const server = createCached()
  await server.harness.user({ username: 'ann', passwordHash: await server.hash('right') })
  return server
}

const HASHED = { status: 200, hashed: 1 }
const REMEMBERED = { status: 200, hashed: 0 }

describe('a login that was right a moment ago', () => {
  test('is not hashed again, and has tokens of its own', async () => {
    const { login } = await withAnn()
    const [first, second] = [await login(), await login()]
    expect([first, second]).toMatchObject([HASHED, REMEMBERED])
    expect(second.json().access_token).not.toBe(first.json().access_token)
  })

  test('is hashed again when its time is over, however often it was used', async () => {
    const { login, harness } = await withAnn()
    expect(await login()).toMatchObject(HASHED)
    for (const expected of [REMEMBERED, REMEMBERED, HASHED, REMEMBERED]) {
      harness.advance(10)
      expect(await login()).toMatchObject(expected)
    }
  })

  test('holds on every surface, and by every name of the user', async () => {
    const { login, change } = await withAnn()
    await change({ roles: ['newstore_admin'], email: 'ann@example.com' })
    expect(await login()).toMatchObject(HASHED)
    expect(await login({ path: '/v0/token' })).toMatchObject(REMEMBERED)
    expect(await login({ username: 'ANN@example.com' })).toMatchObject(REMEMBERED)
  })

  test('does nothing for another password, or for the same one of another tenant', async () => {
    const { login, harness } = await withAnn()
    const ann = await harness.store.findUserByLogin('dodici', 'ann')
    await harness.user({ ...ann, tenant: 'tredici' })
    await login()
    expect(await login({ password: 'wrong' })).toMatchObject({ status: 400, hashed: 1 })
    expect(await login({ tenant: 'tredici' })).toMatchObject(HASHED)
    expect(await login()).toMatchObject(REMEMBERED)
  })

  test.each<
    [string, (hash: (password: string) => Promise<string>) => Partial<UserRow> | Promise<Partial<UserRow>>]
  >([
    ['the same password, set again', async (hash) => ({ passwordHash: await hash('right') })],
    ['its roles', () => ({ roles: ['admin'] })],
    ['its scopes', () => ({ scopes: [] })],
    ['its claims', () => ({ claims: { a: 1 } })],
    ['its e-mail address', () => ({ email: 'ann@example.com' })],
    ['the end of its tokens', () => ({ tokensValidAfter: 1 })],
    ['nothing but its version', () => ({})],
  ])('is hashed again after a change of the user: %s', async (_, changes) => {
    const { login, change, hash } = await withAnn()
    await login()
    await change(await changes(hash))
    expect(await login()).toMatchObject(HASHED)
    expect(await login()).toMatchObject(REMEMBERED)
  })

  test('is refused at once after a change of the password, made by this process or another', async () => {
    const one = await withAnn()
    const other = createCached(one.harness.store)
    expect([await one.login(), await other.login()]).toMatchObject([HASHED, HASHED])
    await other.change({ passwordHash: await other.hash('new') })
    for (const { login } of [one, other]) {
      expect(await login()).toMatchObject({ status: 400, hashed: 1 })
      expect(await login({ password: 'new' })).toMatchObject(HASHED)
      expect(await login({ password: 'new' })).toMatchObject(REMEMBERED)
    }
  })

  test('is refused at once if the user was disabled or deleted', async () => {
    const { login, change, harness } = await withAnn()
    await login()
    await change({ disabled: true })
    expect(await login()).toMatchObject({ status: 400 })
    await change({ disabled: false })
    expect(await login()).toMatchObject(HASHED)
    const ann = await harness.store.findUserByLogin('dodici', 'ann')
    await harness.store.deleteUser('dodici', ann?.id ?? '')
    expect(await login()).toMatchObject({ status: 400, hashed: 1 })
  })

  test('T115: comes after the upgrade of a weak hash', async () => {
    const server = createCached()
    const weak = await createPasswords({ argon2: { ...CHEAP, memoryCost: 32 } }).hash('right')
    await server.harness.user({ username: 'ann', passwordHash: weak })
    // The first login hashes twice: to compare with the weak hash, and to make the new one.
    const logins = [await server.login(), await server.login(), await server.login()]
    expect(logins).toMatchObject([{ status: 200, hashed: 2 }, HASHED, REMEMBERED])
    expect((await server.harness.store.findUserByLogin('dodici', 'ann'))?.passwordHash).not.toBe(weak)
  })
})

describe('T108: whoever is refused is hashed each time', () => {
  test.each<[string, Partial<UserRow>, { path?: string; password?: string; username?: string }]>([
    ['unknown', {}, { username: 'bob' }],
    ['disabled, with the right password', { disabled: true }, {}],
    ['disabled, with a wrong one', { disabled: true }, { password: 'wrong' }],
    ['without a password', { passwordHash: null }, {}],
    ['without the role, with the right password', {}, { path: '/v0/token' }],
    ['with a wrong password', {}, { password: 'wrong' }],
  ])('a user %s', async (_, changes, request) => {
    const { login, change } = await withAnn()
    await change(changes)
    for (let time = 0; time < 3; time++) expect(await login(request)).toMatchObject({ hashed: 1 })
    expect((await login(request)).status).not.toBe(200)
  })
})

describe('the option passwordCacheSeconds', () => {
  const config = {
    database: 'memory:',
    masterKey: Buffer.alloc(32, 7).toString('base64'),
    tenants: [
      {
        id: 'shop',
        hosts: ['shop.example'],
        issuer: 'https://shop.example/',
        signingAlgorithm: 'ES256',
        surfaces: { spree: {} },
        users: [{ username: 'ann', password: 'right' }],
      },
    ],
  } as const

  /** How many passwords two logins have hashed. */
  async function hashedBy(options: { passwordCacheSeconds?: number }): Promise<number> {
    const metrics = createMetrics()
    let hashed = 0
    const passwords = { ...metrics.passwords, started: () => hashed++ }
    const server = await createMintkeeper({ ...config, ...options }, { metrics: { ...metrics, passwords } })
    hashed = 0
    for (let time = 0; time < 2; time++) {
      const body = new URLSearchParams({ grant_type: 'password', username: 'ann', password: 'right' })
      const response = await server.fetch(
        new Request('https://shop.example/spree_oauth/token', { method: 'POST', body }),
      )
      expect(response.status).toBe(200)
    }
    await server.close()
    return hashed
  }

  test('is 0: each login is hashed', async () => {
    expect(await hashedBy({})).toBe(2)
    expect(await hashedBy({ passwordCacheSeconds: 0 })).toBe(2)
  })

  test('has the second login remembered', async () => {
    expect(await hashedBy({ passwordCacheSeconds: 300 })).toBe(1)
  })
})
