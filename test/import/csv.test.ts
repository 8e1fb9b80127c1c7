/** Users and clients in CSV. */
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { createPasswords } from '../../src/crypto/password.ts'
import { CSV_PASSWORDS_AT_ONCE, readCsvFiles } from '../../src/import/csv/csv.ts'
import { fieldsOf, splitCsv } from '../../src/import/csv/records.ts'
import { collect, fileOf, openShop, type Said, type Shop } from './newstore.ts'

const BCRYPT = '$2b$04$gvDyVCq3tZMLjbTNYkUSieW4MWkPmxX3Jp6pIWFSdtuUKmOZKVWlW'

let shop: Shop
let hashed: string[]
beforeEach(async () => {
  shop = await openShop()
  hashed = []
})

async function run(
  users: string | Uint8Array | null,
  { clients = null, dryRun }: { clients?: string | null; dryRun?: true } = {},
): Promise<Said> {
  const cost = { memoryCost: 64, timeCost: 1, parallelism: 1 }
  const passwords = createPasswords({ queue: CSV_PASSWORDS_AT_ONCE, argon2: cost })
  const { store } = shop.mintkeeper.services
  const reader = readCsvFiles({
    users: users === null ? null : await fileOf(users),
    clients: clients === null ? null : await fileOf(clients),
    tenant: 'dodici',
    hash: async (password) => {
      hashed.push(password)
      return await passwords.hash(password)
    },
    isKnown: async (id) => (await store.findCurrentUser('dodici', id)) !== null,
  })
  return await shop.run(reader, dryRun ? { dryRun } : {})
}

const userBy = (login: string) => shop.mintkeeper.services.store.findUserByLogin('dodici', login)

describe('users', () => {
  test('log in with what the file has, as who it says', async () => {
    const { report, refused } = await run(
      '\uFEFFid,username,email,password,password_hash,roles,disabled,claims.newstore_id\r\n' +
        'auth0|596c8f95790837489f4c191c,ada,ada@example.com,"pass, ""word""\r\nof two lines",,admin; associate;admin,,3S40\r\n' +
        'auth0|000000000000000000000002,till,,,"$2b$04$XXXXXXXXXXXXXXXXXXXXXuXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",,no,\r\n' +
        '\r\n' +
        ',,joe@example.com,joe-Password,,,true,\r\n' +
        ',,ann@example.com,ann-Password,,,false,"x,y"',
    )
    expect(refused).toEqual({})
    expect(report.user).toMatchObject({ found: 4, imported: 4 })
    expect(await shop.login('ada', 'pass, "word"\r\nof two lines')).toMatchObject({
      sub: 'auth0|596c8f95790837489f4c191c',
      'http://newstore/newstore_id': '3S40',
      'http://newstore/roles': ['admin', 'associate'],
    })
    expect(await shop.login('joe@example.com', 'joe-Password')).toBeNull()
    expect(await userBy('joe@example.com')).toMatchObject({ disabled: true })
    const ann = await shop.login('ANN@example.com', 'ann-Password')
    expect(ann).toMatchObject({ 'http://newstore/newstore_id': 'x,y' })
    expect(ann?.sub).toMatch(/^auth0\|[0-9a-f]{24}$/)
    expect(await userBy('till')).toMatchObject({ passwordHash: expect.stringMatching(/^\$2b/), claims: {} })
  })

  test('come in the order of the file, though their passwords are hashed at once', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `user-${index}`)
    const rows = names.map((name, index) => `${name},${index % 3 === 0 ? '' : `password-of-${name}`}`)
    const again = names.map((name) => `${name},another-password`)
    const { report } = await run(`username,password\n${[...rows, ...again].join('\n')}\n`)
    expect(report.user).toMatchObject({
      found: 200,
      imported: 100,
      leftOut: { 'in the file before with the same id': 100 },
    })
    for (const name of ['user-1', 'user-98']) {
      expect(await shop.login(name, `password-of-${name}`)).not.toBeNull()
    }
  })

  test('that are here are not hashed again; an import that is tried hashes none', async () => {
    const csv = 'email,password\na@example.com,one\nb@example.com,two\n'
    const tried = await run(csv, { dryRun: true })
    expect(tried.report.user).toMatchObject({ found: 2, imported: 2 })
    expect((await shop.mintkeeper.services.store.listUsers('dodici', null, 9)).rows).toEqual([])
    hashed = []
    await run(csv)
    expect(hashed).toEqual(['one', 'two'])
    const { report } = await run(`${csv}c@example.com,three\n`)
    expect(report.user).toMatchObject({ found: 3, imported: 1, known: 2 })
    expect(hashed).toEqual(['one', 'two', 'three'])
  })

  test('that can not come are refused with the line and the reason, and no secret', async () => {
    const long = 'x'.repeat(257)
    const { report, refused } = await run(
      [
        'username,email,password,password_hash,roles,disabled,claims.scope',
        'a,,secret-1,$2b$04$XXXXXXXXXXXXXXXXXXXXXuXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX,,,',
        'b,,,secret-2,,,',
        ',,secret-3,,,,',
        'd,,secret-4,,,perhaps,',
        'e,no-address,,,,,',
        `f,,${long},,,,`,
        'g,,,,a b,,',
        'h,,,,,,all',
        'i,,',
        'j,"secret-5"x,,,,,',
        'k,sec"ret-6,,,,,',
        'l,,,,,,',
      ].join('\n'),
    )
    expect(report.user).toMatchObject({ found: 12, imported: 1, refused: 11 })
    const patterns = {
      2: /both password and password_hash/,
      3: /passwordHash: must be/,
      4: /neither username nor email/,
      5: /neither true nor false as disabled/,
      6: /email: must be an e-mail address/,
      7: /more than 256 bytes/,
      8: /roles\[0\]: must not contain spaces/,
      9: /must not set scope/,
      10: /has 3 fields for 7 columns/,
      11: /quotes/,
      12: /quotes/,
    }
    for (const [line, pattern] of Object.entries(patterns)) expect(refused[`line ${line}`]).toMatch(pattern)
    expect(JSON.stringify(refused)).not.toMatch(/secret|xxx/)
  })

  test.each([
    ['', /file is empty/],
    [
      'username,passwort,Email\na,b,c',
      /not known: "passwort", "Email"\. There are: id, username, email, password,/,
    ],
    ['username;email\na;b', /separated by commas/],
    ['username,claims.\na,b', /not known: "claims\."/],
    ['username,username\na,b', /username twice/],
    ['id,roles\na,b', /no column username or email/],
    ['username,"e', /ends within quotes, in the record that begins in line 1/],
    ['username\na\n"b\nc\n', /ends within quotes, in the record that begins in line 3/],
    [Buffer.from('username,na\u00efve', 'latin1'), /header, line 1, is not in UTF-8/],
  ])('are not read from a file of another form: %j', async (csv, message) => {
    await expect(run(csv)).rejects.toThrow(message)
  })
})

describe('clients', () => {
  const CSV =
    'id,name,secret,secret_hash,public,grants,scopes\n' +
    'sync,"Warehouse, sync",s3cr3t-of-the-sync-client-0123456789,,,client_credentials,read;write\n' +
    `old,,,${BCRYPT},,client_credentials,read\n` +
    'page,,,,yes,password;refresh_token,\n'

  test('come with their secrets, after the users', async () => {
    const { report, refused } = await run('username\nann\n', { clients: CSV })
    expect(refused).toEqual({})
    expect([report.user, report.client]).toMatchObject([{ imported: 1 }, { found: 3, imported: 3 }])
    const form = { grant_type: 'client_credentials', client_id: 'sync' }
    const ask = async (secret: string) => {
      const body = new URLSearchParams({ ...form, client_secret: secret })
      const url = 'https://dodici.x.newstore.net/oauth/token'
      const headers = { host: 'dodici.x.newstore.net' }
      return (await shop.mintkeeper.fetch(new Request(url, { method: 'POST', body, headers }))).status
    }
    expect(await ask('s3cr3t-of-the-sync-client-0123456789')).toBe(200)
    expect(await ask('wrong')).toBe(401)
    const { store } = shop.mintkeeper.services
    expect(await store.findClient('dodici', 'page')).toMatchObject({ public: true, secrets: [] })
    const again = await run(null, { clients: CSV })
    expect(again.report.client).toMatchObject({ found: 3, imported: 0, known: 3 })
  })

  test('that can not come are refused', async () => {
    const { refused } = await run('username\nann\n', {
      clients: `id,secret,secret_hash,grants\n,x,,\na,s,${BCRYPT},\nb,s,,implicit\n`,
    })
    expect(refused).toMatchObject({
      'clients, line 2': 'has no id',
      'clients, line 3': 'has both secret and secret_hash',
      'clients, line 4': expect.stringMatching(/grant that is none of password, client_credentials/),
    })
  })
})

test('records are split and read as they were written, wherever the pieces of the file end', async () => {
  const field = fc.string({ unit: fc.constantFrom('"', ',', '\r', '\n', 'a', 'é', ' ') })
  const record = fc.array(field, { minLength: 2, maxLength: 4 })
  const quote = (value: string) => `"${value.replaceAll('"', '""')}"`
  await fc.assert(
    fc.asyncProperty(
      fc.array(record),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom('\n', '\r\n'),
      async (records, size, end) => {
        const bytes = Buffer.from(records.map((each) => each.map(quote).join(',') + end).join(''))
        async function* pieces() {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
        }
        const read = await collect(splitCsv(pieces()))
        expect(read.map(({ content }) => ('text' in content ? fieldsOf(content.text) : null))).toEqual(
          records,
        )
      },
    ),
  )
})
