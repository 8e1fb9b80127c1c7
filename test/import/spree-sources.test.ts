/** The same shop, wherever it is read from, comes as the same users, clients and tokens. */
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SpreeImportOptions } from '../../src/cli/commands/import-spree.ts'
import type { Store } from '../../src/store/store.ts'
import { type PostgresServer, startPostgres } from '../postgres/server.ts'
import { beforeSpree44, linesOf, openShop, SAMPLE, temporaryFile } from './shop.ts'
import { copyDump, insertDump, postgresShop, sqliteShop } from './spree-database.ts'

let server: PostgresServer
let url: string
beforeAll(async () => {
  server = await startPostgres({ fsync: 'off' })
  url = await postgresShop(server)
})
afterAll(() => server.remove())

/** All that was written, but for what is drawn anew each time. */
async function contentsOf(store: Store): Promise<unknown> {
  const tokens = await store.listTokens({
    tenant: 'shop',
    userId: null,
    clientId: null,
    before: null,
    limit: 100,
  })
  const clients = await store.listClients('shop', null, 100)
  const hashOf = (key: number | null) => hex(tokens.rows.find((row) => row.key === key)?.accessHash ?? null)
  return {
    users: (await store.listUsers('shop', null, 100)).rows,
    clients: clients.rows.map((client) => ({ ...client, secrets: client.secrets.length })),
    tokens: tokens.rows
      .map((row) => ({ ...row, key: 0, parent: hashOf(row.parent), accessHash: hex(row.accessHash) }))
      .map((row) => ({ ...row, refreshHash: hex(row.refreshHash) }))
      .sort((one, other) => one.accessHash.localeCompare(other.accessHash)),
  }
}

function hex(hash: Uint8Array | null): string {
  return hash === null ? '' : Buffer.from(hash).toString('hex')
}

async function contentsFrom(options: SpreeImportOptions): Promise<unknown> {
  const shop = await openShop()
  const report = await shop.import(options)
  expect(report.user).toMatchObject({ found: 8, imported: 7 })
  expect(report.token).toMatchObject({ found: 10, imported: 8, refused: 1 })
  return await contentsOf(shop.store)
}

describe('a shop', () => {
  test.each([
    ['PostgreSQL', async () => ({ from: url })],
    ['PostgreSQL, in a schema that is named', async () => ({ from: url, schema: 'public' })],
    ['a dump with COPY', async () => ({ from: await copyDump(server, url) })],
    [
      'a dump with INSERT, made of whatever quote_literal gives',
      async () => ({ from: await insertDump(server, url) }),
    ],
  ])('in %s is the one in SQLite', async (_what, options) => {
    expect(await contentsFrom(await options())).toEqual(await contentsFrom({ sqlite: sqliteShop() }))
  })

  test('comes into PostgreSQL as into memory, and a second run changes nothing', async () => {
    const shop = await openShop({ database: await server.createDatabase() })
    await shop.import({ from: url })
    const contents = await contentsOf(shop.store)
    expect(contents).toEqual(await contentsFrom({ from: url }))
    const again = await shop.import({ from: url, allTokens: true })
    expect([again.user.imported, again.client.imported, again.token.imported]).toEqual([0, 0, 0])
    expect(await contentsOf(shop.store)).toEqual(contents)
  })

  test('comes with its awkward values as they are', async () => {
    const shop = await openShop()
    await shop.import({ from: await copyDump(server, url) })
    const { rows } = await shop.store.listUsers('shop', null, 100)
    const salt = (id: string) =>
      rows
        .find((row) => row.id === id)
        ?.passwordHash?.split(':')
        .slice(2, -1)
        .join(':')
    expect(salt('11')).toBe("sa'lt\\n")
    expect(salt('12')).toBe('a\tb\nc\\.\r\\N')
    expect(salt('13')).toBe("';COPY spree_users (id) FROM stdin;\n\\.\n--")
  })

  test('is read as it was when that began, in a transaction that changes nothing', async () => {
    await server.query(
      url,
      `create role reader login; grant select on spree_users, spree_roles, spree_role_users, spree_oauth_applications,
        spree_oauth_access_tokens to reader; alter role reader set default_transaction_read_only = on`,
    )
    const address = new URL(url)
    address.username = 'reader'
    const shop = await openShop()
    const report = await shop.import({ from: address.href })
    expect(report.user.imported).toBe(7)
  })
})

describe('what is no such shop', () => {
  const without = (from: string | RegExp, to = '') => {
    const text = readFileSync(SAMPLE, 'utf8')
    expect(text).toMatch(from)
    return temporaryFile('dump.sql', text.replaceAll(from, to))
  }

  test.each([
    [
      'lacks a table',
      () => without(/.*spree_oauth_applications.*\n/g),
      /missing: the table spree_oauth_applications/,
    ],
    [
      'lacks columns, without which revoked tokens would live',
      () => without(/revoked_at/g, 'other'),
      /missing: spree_oauth_access_tokens\.revoked_at\./,
    ],
    ['is something else', () => temporaryFile('dump.sql', 'hello'), /ends in the middle of a statement/],
    ['is empty', () => temporaryFile('dump.sql', ''), /missing: the table spree_users/],
    [
      'ends in the middle',
      () => temporaryFile('dump.sql', 'COPY spree_users (id, email) FROM stdin;\n1\ta'),
      /ends in the middle/,
    ],
    ['is in the custom format', () => temporaryFile('dump', 'PGDMP…'), /pg_restore/],
    ['is compressed', () => temporaryFile('dump.gz', '\u001f\u008b'), /ends in the middle|compressed/],
    ['is in the tar format', () => temporaryFile('dump', 'toc.dat\0…'), /pg_restore/],
    ['is a directory, as of pg_dump -Fd', () => tmpdir(), /can not be read/],
    ['is of MySQL', () => temporaryFile('dump.sql', 'INSERT INTO `spree_users` VALUES (1);'), /MySQL/],
    ['is not there', () => '/nowhere/dump.sql', /can not be read/],
    [
      'is several shops',
      () =>
        temporaryFile('dump.sql', 'CREATE TABLE a.spree_users (id int);CREATE TABLE b.spree_users (id int);'),
      /several shops, in the schemas a, b: name one with --schema/,
    ],
  ])('%s', async (_what, dump, message) => {
    const shop = await openShop()
    await expect(shop.import({ from: dump() })).rejects.toThrow(message)
    expect((await shop.store.listUsers('shop', null, 1)).rows).toEqual([])
  })

  test('in UTF-16, as some shells write what a program prints', async () => {
    const dump = temporaryFile('dump.sql')
    writeFileSync(dump, `\ufeff${readFileSync(SAMPLE, 'utf8')}`, 'utf16le')
    const shop = await openShop()
    await expect(shop.import({ from: dump })).rejects.toThrow(/is in UTF-16/)
  })

  test('in PostgreSQL, or none that answers, tells no password', async () => {
    const shop = await openShop()
    const empty = await server.createDatabase()
    await expect(shop.import({ from: empty })).rejects.toThrow(/missing: the table spree_users/)
    const wrong = new URL(empty)
    wrong.password = 'canary'
    wrong.pathname = '/nothing'
    const refusal = await shop.import({ from: wrong.href }).catch(String)
    expect(refusal).toMatch(/database "nothing" does not exist/)
    expect(refusal).not.toContain('canary')
  })

  test('in a file that is no SQLite database', async () => {
    const shop = await openShop()
    await expect(shop.import({ sqlite: SAMPLE })).rejects.toThrow(/as an SQLite database/)
    await expect(shop.import({ sqlite: '/nowhere/x' })).rejects.toThrow(/as an SQLite database/)
  })

  test('is said in one way', async () => {
    const shop = await openShop()
    await expect(shop.import({})).rejects.toThrow(/Say what to read/)
    await expect(shop.import({ from: SAMPLE, sqlite: 'x' })).rejects.toThrow(/Say what to read/)
    await expect(shop.import({ from: 'mysql://shop/db' })).rejects.toThrow(/postgres/)
  })
})

test('a row that is not in UTF-8 is refused, and only that', async () => {
  const dump = temporaryFile('dump.sql')
  const sample = readFileSync(SAMPLE, 'latin1').replace(
    "'bob@example.com', 'bob@",
    "'b\xf6b@example.com', 'bob@",
  )
  writeFileSync(dump, sample, 'latin1')
  const refused = temporaryFile('refused.ndjson')
  const shop = await openShop()
  expect((await shop.import({ from: dump, refused })).user).toMatchObject({ imported: 3, refused: 1 })
  expect(linesOf(refused)).toContainEqual({
    kind: 'user',
    place: expect.stringMatching(/spree_users id 3$/),
    reason: 'has characters that are not in UTF-8',
  })
})

test('what can not be read of the roles is told of', async () => {
  const dump = temporaryFile('dump.sql')
  const sample = readFileSync(SAMPLE, 'latin1').replace(
    "VALUES (1, 'admin', '2026",
    "VALUES (1, 'adm\xefn', '2026",
  )
  writeFileSync(dump, sample, 'latin1')
  const { notes } = await (await openShop()).import({ from: dump })
  expect(notes).toContainEqual(
    expect.stringMatching(/^Users lack roles here: 1 row .* line \d+: spree_roles id 1\.$/),
  )
})

test('of an INSERT with something that is no literal the rows before it come, and it is told that others do not', async () => {
  const head = 'INSERT INTO spree_users (id, email, encrypted_password) VALUES'
  const dump = temporaryFile(
    'dump.sql',
    `${readFileSync(SAMPLE, 'utf8')}${head} (21, 'a@example.com', NULL), (22, now(), NULL), (23, 'c@example.com', NULL);`,
  )
  const refused = temporaryFile('refused.ndjson')
  expect((await (await openShop()).import({ from: dump, refused })).user).toMatchObject({
    imported: 5,
    refused: 1,
  })
  expect(linesOf(refused)).toContainEqual({
    kind: 'user',
    place: expect.stringMatching(/^line \d+: spree_users$/),
    reason: expect.stringMatching(/neither it nor what follows in the statement was read/),
  })
})

test('of a version without newer columns comes all the same', async () => {
  const old = beforeSpree44(readFileSync(SAMPLE, 'utf8'))
  const shop = await openShop()
  expect((await shop.import({ from: temporaryFile('dump.sql', old) })).token.imported).toBe(8)
})
