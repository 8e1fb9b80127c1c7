/** A second import of a file follows what was changed in the old system since the first. */
import { beforeEach, describe, expect, test } from 'vitest'
import { addClientSecret } from '../../src/admin/operations/client-secrets.ts'
import { readAuth0 } from '../../src/import/auth0/auth0.ts'
import { readCsvFiles } from '../../src/import/csv/csv.ts'
import { fileOf, openShop, type Said, type Shop } from './newstore.ts'

const FIRST = '$2b$04$gvDyVCq3tZMLjbTNYkUSieW4MWkPmxX3Jp6pIWFSdtuUKmOZKVWlW'
const SECOND = '$2b$04$XXXXXXXXXXXXXXXXXXXXXuXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})

async function only() {
  const [user] = (await shop.mintkeeper.services.store.listUsers('dodici', null, 10)).rows
  return user
}

describe('of Auth0', () => {
  const ADA = { user_id: 'ada', email: 'ada@example.com', app_metadata: { roles: ['a'], newstore_id: 'one' } }

  async function run(user: object, options = {}): Promise<Said> {
    const claims = new Map([['newstore_id', 'app_metadata.newstore_id']])
    const file = await fileOf(JSON.stringify([{ ...ADA, ...user }]))
    return await shop.run(readAuth0(file, { roles: 'app_metadata.roles', claims, hashes: null }), options)
  }

  test('hash, roles, claims and whether a user is blocked', async () => {
    await run({ password_hash: FIRST })
    const later = { password_hash: SECOND, app_metadata: { roles: ['b'], newstore_id: 'two' }, blocked: true }
    expect((await run(later, { dryRun: true })).report.user).toMatchObject({ updated: 1 })
    expect((await run(later)).report.user).toMatchObject({ updated: 1, known: 0 })
    expect(await only()).toMatchObject({
      passwordHash: SECOND,
      roles: ['b'],
      claims: { newstore_id: 'two' },
      disabled: true,
    })
  })

  test('a new password, or a block, ends the tokens that were issued before, and nothing else does', async () => {
    const { store, clock } = shop.mintkeeper.services
    const hashed = { password_hash: FIRST }
    await run(hashed)
    await run({ ...hashed, app_metadata: { roles: ['b'] } })
    expect(await only()).toMatchObject({ tokensValidAfter: 0 })
    const facts = await store.findFact('last_end_of_tokens/user/dodici')
    await run({ password_hash: SECOND }, { dryRun: true })
    expect(await store.findFact('last_end_of_tokens/user/dodici')).toBe(facts)
    const now = Math.floor(clock() / 1000)
    await run({ password_hash: SECOND })
    const first = (await only())?.tokensValidAfter ?? 0
    expect(first).toBeGreaterThan(now)
    await run({ password_hash: SECOND, blocked: true })
    const second = (await only())?.tokensValidAfter ?? 0
    expect(second).toBeGreaterThan(first)
    await run({ password_hash: SECOND })
    expect(await only()).toMatchObject({ disabled: false, tokensValidAfter: second })
  })

  test('an export without hashes takes no password away, and one with brings it', async () => {
    await run({})
    expect((await run({ password_hash: FIRST })).report.user).toMatchObject({ updated: 1 })
    expect((await run({})).report.user).toMatchObject({ updated: 0, known: 1 })
    expect((await run({ app_metadata: { roles: [] } })).report.user).toMatchObject({ updated: 1 })
    expect(await only()).toMatchObject({ passwordHash: FIRST, roles: [] })
    // What the last one with hashes said is still known.
    const hashAgain = { app_metadata: { roles: [] }, password_hash: FIRST }
    expect((await run(hashAgain)).report.user).toMatchObject({ updated: 0, known: 1 })
  })
})

describe('in CSV', () => {
  async function run(users: string | null, clients: string | null = null, options = {}): Promise<Said> {
    const { services, operations } = shop.mintkeeper
    const reader = readCsvFiles({
      users: users === null ? null : await fileOf(users),
      clients: clients === null ? null : await fileOf(clients),
      tenant: 'dodici',
      hash: (password) => operations.passwords.hash(password),
      isKnown: async (id) => (await services.store.findCurrentUser('dodici', id)) !== null,
    })
    return await shop.run(reader, options)
  }

  test('all but a password in the clear, which is for new users', async () => {
    await run('id,username,password,roles\n1,ann,first-Password,a')
    expect((await run('id,username,password,roles\n1,ann,other-Password,a')).report.user).toMatchObject({
      updated: 0,
      known: 1,
    })
    expect((await run('id,username,password,roles\n1,ann,other-Password,b')).report.user).toMatchObject({
      updated: 1,
    })
    expect(await only()).toMatchObject({ roles: ['b'], passwordHash: expect.stringMatching(/argon2id/) })
    await run(`id,username,password_hash,roles\n1,ann,${SECOND},b`)
    expect(await only()).toMatchObject({ passwordHash: SECOND })
  })

  test('the secret of a client, also one that was chosen', async () => {
    const file = (secret: string) => `id,secret,grants\nerp,${secret},client_credentials`
    await run(null, file('chosen'))
    const secretOf = async () =>
      (await shop.mintkeeper.services.store.findCurrentClient('dodici', 'erp'))?.secrets[0]?.hash
    const first = await secretOf()
    expect((await run(null, file('chosen'))).report.client).toMatchObject({ updated: 0, known: 1 })
    expect(await secretOf()).toBe(first)
    expect((await run(null, file('other'))).report.client).toMatchObject({ updated: 1 })
    expect(await secretOf()).not.toBe(first)
    expect((await run(null, file('other'))).report.client).toMatchObject({ updated: 0, known: 1 })
  })

  test('a chosen secret that was replaced here does not come back as long as the file has the same', async () => {
    const { operations, services } = shop.mintkeeper
    const file = 'id,secret,grants\nerp,chosen,client_credentials'
    await run(null, file)
    await addClientSecret(operations, 'dodici', 'erp', { secret: 'replaced', othersExpireIn: 0 })
    const before = await services.store.findCurrentClient('dodici', 'erp')
    expect((await run(null, file)).report.client).toMatchObject({ known: 1, changedHere: 0 })
    await run(null, file, { overwriteChanged: true })
    expect(await services.store.findCurrentClient('dodici', 'erp')).toEqual(before)
    const other = await run(null, file.replace('chosen', 'other'))
    expect(other.report.client).toMatchObject({ known: 0, changedHere: 1 })
  })

  test('clients without their secrets, which stay, unless a client can have none any more', async () => {
    const secretsOf = async () =>
      (await shop.mintkeeper.services.store.findCurrentClient('dodici', 'erp'))?.secrets
    await run(null, 'id,name,secret\nerp,ERP,chosen')
    const secrets = await secretsOf()
    expect((await run(null, 'id,name\nerp,New')).report.client).toMatchObject({ updated: 1 })
    expect(await secretsOf()).toEqual(secrets)
    expect((await run(null, 'id,name,secret\nerp,New,chosen')).report.client).toMatchObject({ known: 1 })
    const page = 'id,name,public,grants\nerp,New,yes,password'
    expect((await run(null, page)).report.client).toMatchObject({ updated: 1 })
    expect(await secretsOf()).toEqual([])
  })

  test('of two with one id the first, each time', async () => {
    const twice = ['id,name\nerp,One\nerp,Two', 'id,username\n1,ann\n1,bob'] as const
    for (const imported of [1, 0]) {
      const { report } = await run(twice[1], twice[0])
      const expected = { imported, updated: 0, leftOut: { 'in the file before with the same id': 1 } }
      expect(report).toMatchObject({ user: expected, client: expected })
    }
  })
})
