/** Users of Auth0, in the forms its documentation has, who then log in. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { readAuth0 } from '../../src/import/auth0/auth0.ts'
import type { ImportReader } from '../../src/import/import.ts'
import type { SourceFile } from '../../src/import/source-file.ts'
import { FIXTURES, fileOf, fixture, openShop, type Shop } from './newstore.ts'

const MEMBERS = {
  roles: 'app_metadata.roles',
  claims: new Map([['newstore_id', 'app_metadata.newstore_id']]),
}
const read = (file: SourceFile, hashes: SourceFile | null = null): ImportReader =>
  readAuth0(file, { ...MEMBERS, hashes })

const NEWSTORE_ID = 'http://newstore/newstore_id'
const ROLES = 'http://newstore/roles'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})

describe('a file for the bulk import', () => {
  test('gives users who log in with their passwords, as who they were', async () => {
    const { report, refused, notes } = await shop.run(read(await fixture('auth0-users.json')))
    expect(refused).toEqual({})
    expect(report.user).toMatchObject({ found: 10, imported: 10, known: 0, refused: 0 })
    expect(notes).toEqual([expect.stringMatching(/^2 have no password hash/)])

    const ada = { sub: 'auth0|596c8f95790837489f4c191c', [NEWSTORE_ID]: '3S40MqkNyMLbOLNGqF6Ryc' }
    expect(await shop.login('ADA@example.com', 'ada-Password_1')).toMatchObject({
      ...ada,
      [ROLES]: ['newstore_admin', 'catalog_manager'],
    })
    const store = { sub: 'auth0|5a6b7c8d9e0f1a2b3c4d5e6f', [ROLES]: ['associate'] }
    expect(await shop.login('store-12', 'store-Password_2')).toMatchObject(store)
    expect(await shop.login('store-12@example.com', 'store-Password_2')).toMatchObject(store)
    const passwords = [
      ['bcrypt@example.com', 'custom-bcrypt_3', 'auth0|0000000000000000000000c1'],
      ['argon2@example.com', 'custom-argon2_4', 'auth0|0000000000000000000000c2'],
      ['salted@example.com', 'sha-Pässwörd_5', 'auth0|0000000000000000000000c3'],
      ['unsalted@example.com', 'sha-unsalted_6', 'auth0|0000000000000000000000c4'],
      ['hexsalt@example.com', 'sha-hexsalt_7', 'auth0|0000000000000000000000c5'],
    ] as const
    for (const [username, password, sub] of passwords) {
      expect([username, await shop.login(username, `${password}x`)]).toEqual([username, null])
      expect([username, await shop.login(username, password)]).toMatchObject([username, { sub }])
      // Upgraded by the first login, it is good at the second.
      expect([username, await shop.login(username, password)]).toMatchObject([username, { sub }])
    }
    expect(await shop.login('blocked@example.com', 'blocked-Password_8')).toBeNull()
    expect(await shop.login('social@example.com', '')).toBeNull()
    const { store: rows } = shop.mintkeeper.services
    expect(await rows.findUser('dodici', 'auth0|0000000000000000000000b1')).toMatchObject({ disabled: true })
    expect(await rows.findUser('dodici', 'google-oauth2|103547991597142817347')).toMatchObject({ roles: [] })
    const { createdAt } = (await rows.findUser('dodici', ada.sub)) ?? {}
    expect(createdAt).toBe(Date.parse('2019-03-04T05:06:07Z') / 1000)
  })

  test('has those refused, each with the reason, who could not log in or would be somebody else', async () => {
    const { report, refused } = await shop.run(read(await fixture('auth0-refused.json')))
    const reasons = Object.values(refused)
    const expected = [
      /^has a password hash of md5, which can not be verified here$/,
      /^has a password hash of pbkdf2, which can not be verified here$/,
      /sha512 with the salt before the password/,
      /sha512 that is damaged$/,
      /sha512 with a salt that is no text/,
      /sha512 of a password that is not in UTF-8/,
      /bcrypt that is damaged/,
      /both password_hash and custom_password_hash/,
      /hash of hmac, which can not/,
      /passwordHash: must be an argon2 hash/,
      /neither user_id nor _id/,
      /neither username nor email/,
      /email: must be an e-mail address/,
      /no list of names at app_metadata.roles$/,
      /roles\[0\]: must not contain spaces/,
      /blocked that is not true or false/,
    ]
    expect(report.user).toMatchObject({ found: expected.length, imported: 0, refused: expected.length })
    for (const [index, pattern] of expected.entries()) expect(reasons[index]).toMatch(pattern)
    expect(Object.keys(refused)[0]).toBe('entry 1, line 2')
    expect(JSON.stringify(refused)).not.toMatch(/AAAA|tooShort|c2VjcmV0|\$2b|abcdef/)
  })
})

describe('the export by Auth0’s support', () => {
  test('gives users whose sub is made of their _id', async () => {
    const { report } = await shop.run(read(await fixture('auth0-support.ndjson')))
    expect(report.user).toMatchObject({ found: 3, imported: 3 })
    const sub = 'auth0|60425dc43519d90068f82973'
    expect(await shop.login('test9@example.com', 'support-Password_1')).toMatchObject({ sub, [ROLES]: [] })
    expect(await shop.login('till-10', 'support-Password_2')).toMatchObject({
      sub: 'auth0|60425dc43519d90068f82974',
    })
  })

  test('has the password hashes of an export job, which has the roles', async () => {
    const reader = read(await fixture('auth0-export.ndjson'), await fixture('auth0-support.ndjson'))
    const { report, notes } = await shop.run(reader)
    expect(report.user).toMatchObject({ found: 3, imported: 3 })
    expect(notes).toEqual([
      expect.stringMatching(/^1 have no password hash/),
      expect.stringMatching(/^1 password hashes are of users who are not in the file/),
    ])
    expect(await shop.login('test9@example.com', 'support-Password_1')).toMatchObject({
      sub: 'auth0|60425dc43519d90068f82973',
      [NEWSTORE_ID]: 'n9',
      [ROLES]: ['newstore_admin'],
    })
  })
})

describe('an import', () => {
  test('that is only tried writes nothing, and says what the real one then does', async () => {
    const tried = await shop.run(read(await fixture('auth0-users.json')), { dryRun: true })
    expect((await shop.mintkeeper.services.store.listUsers('dodici', null, 10)).rows).toEqual([])
    const done = await shop.run(read(await fixture('auth0-users.json')))
    expect([tried.report.user, tried.refused]).toEqual([done.report.user, done.refused])
  })

  test('that is run again leaves everything as it is, changed passwords too', async () => {
    await shop.run(read(await fixture('auth0-users.json')))
    const before = await shop.login('ada@example.com', 'ada-Password_1')
    const { store } = shop.mintkeeper.services
    const users = await store.listUsers('dodici', null, 100)
    const { report } = await shop.run(read(await fixture('auth0-users.json')))
    expect(report.user).toMatchObject({ found: 10, imported: 0, known: 10, refused: 0 })
    expect(await store.listUsers('dodici', null, 100)).toEqual(users)
    expect(await shop.login('ada@example.com', 'ada-Password_1')).toMatchObject({ sub: before?.sub })
  })

  test('goes on after a file that was cut off, and says where it ends', async () => {
    const whole = readFileSync(join(FIXTURES, 'auth0-users.json'))
    const cut = await fileOf(whole.subarray(0, whole.indexOf('0000000000000000000000c4')))
    await expect(shop.run(read(cut))).rejects.toThrow(
      /ends inside of entry 6, which begins in line \d+: it was/,
    )
    const { report } = await shop.run(read(await fixture('auth0-users.json')))
    expect(report.user).toMatchObject({ found: 10, refused: 0 })
  })

  test('takes the first of two with one id, and refuses a name that is taken', async () => {
    const users = [
      { user_id: 'a', email: 'one@example.com' },
      { user_id: 'a', email: 'other@example.com' },
      { user_id: 'b', email: 'ONE@example.com' },
      { user_id: 'c', username: 'one@example.com' },
    ]
    const { report, refused } = await shop.run(read(await fileOf(JSON.stringify(users))))
    expect(report.user).toMatchObject({ found: 4, imported: 1, known: 0, refused: 2 })
    expect(Object.keys(refused)).toEqual(['entry 3, line 1', 'entry 4, line 1'])
    expect(refused['entry 3, line 1']).toMatch(/user name or e-mail address of another/)
  })

  test('finds roles and claims where it is told to', async () => {
    const user = {
      user_id: 'a',
      email: 'a@example.com',
      password_hash: '$2b$04$XXXXXXXXXXXXXXXXXXXXXuXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX',
      app_metadata: { 'https://dodici.example/roles': ['x', 'x'], nested: { id: 7 } },
    }
    const members = {
      roles: 'app_metadata.https://dodici.example/roles',
      claims: new Map([
        ['newstore_id', 'app_metadata.nested.id'],
        ['verified', 'email_verified'],
        ['inherited', 'app_metadata.toString'],
      ]),
    }
    await shop.run(readAuth0(await fileOf(JSON.stringify(user)), { ...members, hashes: null }))
    const row = await shop.mintkeeper.services.store.findUser('dodici', 'auth0|a')
    expect(row).toMatchObject({ roles: ['x'], claims: { newstore_id: 7 } })
    expect(row?.claims).toEqual({ newstore_id: 7 })
  })
})
