/** A second import follows what the shop has changed since the first, and never what was changed here. */
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SpreeImportOptions } from '../../src/cli/commands/import-spree.ts'
import type { UserRow } from '../../src/store/rows.ts'
import { type PostgresServer, startPostgres } from '../postgres/server.ts'
import { HASHED_APP, type Imported, linesOf, openShop, type Shop, temporaryFile, tokensOf } from './shop.ts'
import { sqliteShop } from './spree-database.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ fsync: 'off' })
})
afterAll(() => server.remove())

const OLD = { ann: 'ann-secret', admin: 'spree123' }

/** The password becomes that of the admin. */
const NEW_PASSWORD = `update spree_users set
  encrypted_password = (select encrypted_password from spree_users where id = 1),
  password_salt = (select password_salt from spree_users where id = 1) where id = 2`

describe.each(['sqlite', 'postgres'])('into %s', (kind) => {
  let spree: string
  let shop: Shop
  beforeEach(async () => {
    spree = sqliteShop()
    const database =
      kind === 'sqlite' ? `sqlite:${temporaryFile('mintkeeper.db')}` : await server.createDatabase()
    shop = await openShop({ database })
    await again()
  })

  /** What the shop does. */
  function inSpree(...statements: readonly string[]): void {
    const database = new DatabaseSync(spree)
    for (const statement of statements) database.exec(statement)
    database.close()
  }
  const again = (options: SpreeImportOptions = {}): Promise<Imported> =>
    shop.import({ sqlite: spree, ...options })
  const userOf = async (id: string): Promise<UserRow> => {
    const user = await shop.store.findCurrentUser('shop', id)
    if (user === null) throw new Error(`there is no user ${id}`)
    return user
  }
  /** What an operator does. */
  const change = async (id: string, columns: Partial<UserRow>) =>
    await shop.store.updateUser({ ...(await userOf(id)), ...columns })
  const status = async (answer: Promise<{ readonly status: number }>) => (await answer).status
  const eventsOf = async (type: 'user.update' | 'client.update' | 'token.revoke') => {
    const page = await shop.store.listEvents({
      tenant: 'shop',
      types: [type],
      user: null,
      client: null,
      fromMs: null,
      toMs: null,
      before: null,
      limit: 50,
    })
    return page.rows.map(({ user, client, details }) => ({ user, client, details }))
  }

  test('a password, an address and roles that were changed in the shop', async () => {
    inSpree(
      NEW_PASSWORD,
      `update spree_users set email = 'bob@new.example' where id = 3`,
      `insert into spree_role_users (id, role_id, user_id) values (9, 1, 5)`,
    )
    const dry = await again({ dryRun: true })
    const { user, ...rest } = await again()
    expect(user).toMatchObject({ imported: 0, updated: 3, known: 4, changedHere: 0 })
    expect(dry).toMatchObject({ user, client: rest.client, token: rest.token })
    expect(await status(shop.login('ann@example.com', OLD.ann))).toBe(400)
    expect(await status(shop.login('ann@example.com', OLD.admin))).toBe(200)
    expect((await userOf('3')).email).toBe('bob@new.example')
    expect(await shop.store.findUserByLogin('shop', 'bob@example.com')).toBeNull()
    expect((await userOf('5')).roles).toEqual(['admin'])
    expect(await eventsOf('user.update')).toEqual(
      expect.arrayContaining([
        { user: '2', client: null, details: 'password' },
        { user: '3', client: null, details: 'username, email' },
        { user: '5', client: null, details: 'roles' },
      ]),
    )
    // A third finds nothing to do.
    const before = (await shop.store.listUsers('shop', null, 100)).rows
    expect((await again({ allTokens: true })).user).toMatchObject({ updated: 0, known: 7 })
    expect((await shop.store.listUsers('shop', null, 100)).rows).toEqual(
      before.map((row) => expect.objectContaining({ version: row.version })),
    )
  })

  test('who was deleted in the shop is disabled, until the deletion is taken back', async () => {
    expect(await status(shop.info(tokensOf(1).access))).toBe(200)
    inSpree(
      `update spree_users set deleted_at = '2026-11-01 10:59:00', email = 'x@example.net' where id = 2`,
      `insert into spree_users (id, email, created_at, updated_at) values (0, 'ann@example.com', '2026-11-01', '2026-11-01')`,
    )
    const dry = await again({ dryRun: true })
    const { user } = await again()
    expect(dry.user).toEqual(user)
    // Who has the address now came first, when it was not free yet.
    expect(user).toMatchObject({ updated: 1, imported: 1, refused: 0, leftOut: { 'deleted in Spree': 1 } })
    expect((await userOf('2')).disabled).toBe(true)
    expect((await shop.store.findUserByLogin('shop', 'ann@example.com'))?.id).toBe('0')
    expect(await status(shop.info(tokensOf(1).access))).toBe(401)
    expect(await status(shop.refresh(tokensOf(1).refresh))).toBe(400)
    expect((await again()).user).toMatchObject({ updated: 0, leftOut: { 'deleted in Spree': 2 } })
    inSpree('update spree_users set deleted_at = null where id = 2')
    expect((await again()).user).toMatchObject({ updated: 1 })
    expect(await status(shop.login('x@example.net', OLD.ann))).toBe(200)
  })

  test('addresses that have gone from one to the next', async () => {
    inSpree(
      `update spree_users set email = 'last@example.com' where id = 5`,
      `update spree_users set email = 'nopass@example.com' where id = 3`,
      `update spree_users set email = 'bob@example.com' where id = 2`,
    )
    const dry = await again({ dryRun: true })
    expect((await again()).user).toMatchObject({ updated: 3, refused: 0 })
    expect(dry.user).toMatchObject({ updated: 3, refused: 0 })
    expect((await shop.store.findUserByLogin('shop', 'bob@example.com'))?.id).toBe('2')
    expect(await shop.store.findUserByLogin('shop', 'ann@example.com')).toBeNull()
  })

  test('an address that is another’s here: all else is followed, and the next run tries again', async () => {
    await shop.store.insertUser({
      ...(await userOf('2')),
      id: 'eve',
      username: 'eve',
      email: 'e@example.com',
    })
    inSpree(NEW_PASSWORD, `update spree_users set email = 'e@example.com' where id = 2`)
    const dry = await again({ dryRun: true })
    expect((await again()).user).toMatchObject({ updated: 0, refused: 1 })
    expect(dry.user).toMatchObject({ updated: 0, refused: 1 })
    expect(await status(shop.login('ann@example.com', OLD.admin))).toBe(200)
    await shop.store.deleteUser('shop', 'eve')
    expect((await again()).user).toMatchObject({ updated: 1, refused: 0 })
    expect(await status(shop.login('e@example.com', OLD.admin))).toBe(200)
  })

  test('a token that was revoked in the shop, and one that was refreshed there', async () => {
    const successor = ['N'.repeat(43), 'n'.repeat(43)] as const
    inSpree(
      `update spree_oauth_access_tokens set revoked_at = '2026-11-01 10:59:00' where id in (1, 8)`,
      `insert into spree_oauth_access_tokens (id, resource_owner_id, token, refresh_token, expires_in, created_at,
         previous_refresh_token, resource_owner_type) select 20, 3, '${successor[0]}', '${successor[1]}', 7200,
         '2026-11-01 10:58:00', refresh_token, 'Spree::User' from spree_oauth_access_tokens where id = 8`,
    )
    const dry = await again({ dryRun: true })
    const { token } = await again()
    expect(dry.token).toEqual(token)
    expect(token).toMatchObject({ imported: 1, updated: 2, leftOut: { revoked: 1 } })
    for (const id of [1, 8]) {
      expect(await status(shop.info(tokensOf(id).access))).toBe(401)
      expect(await status(shop.refresh(tokensOf(id).refresh))).toBe(400)
    }
    expect(await status(shop.info(successor[0]))).toBe(200)
    expect(await status(shop.refresh(successor[1]))).toBe(200)
    expect(await eventsOf('token.revoke')).toEqual([
      { user: '3', client: null, details: 'revoked in the source' },
      { user: '2', client: null, details: 'revoked in the source' },
    ])
    expect((await again()).token).toMatchObject({ updated: 0, leftOut: { revoked: 3 } })
  })

  test('never the other way round: what was refreshed or revoked here stays so', async () => {
    const refreshed = (await shop.refresh(tokensOf(1).refresh)).body
    await shop.revoke(tokensOf(8).refresh)
    inSpree(`update spree_oauth_access_tokens set revoked_at = '2026-11-01 10:59:00' where id = 1`)
    await again({ allTokens: true })
    expect(await status(shop.info(refreshed.access_token))).toBe(200)
    expect(await status(shop.refresh(refreshed.refresh_token))).toBe(200)
    expect(await status(shop.info(tokensOf(8).access))).toBe(401)
  })

  test('name, scopes and secret of an application, also if it was used here', async () => {
    const client = { ...HASHED_APP, grant_type: 'client_credentials' }
    expect(await status(shop.token({ ...client, scope: 'admin' }))).toBe(200)
    // Its secret has another hash here by now.
    expect((await shop.store.findCurrentClient('shop', HASHED_APP.client_id))?.version).toBe(2)
    expect((await again()).client).toMatchObject({ updated: 0, known: 3 })
    inSpree(
      `update spree_oauth_applications set name = 'New', scopes = 'admin', secret = 'chosen' where id = 1`,
      `update spree_oauth_applications set secret = 'cccccccccccccccccccccccccccc' where id = 2`,
    )
    expect((await again()).client).toMatchObject({ updated: 2, known: 1 })
    expect(await status(shop.token(client))).toBe(401)
    expect(await status(shop.token({ ...client, client_secret: 'chosen', scope: 'admin' }))).toBe(200)
    expect(await status(shop.token({ ...client, client_secret: 'chosen', scope: 'write' }))).toBe(400)
    expect(await eventsOf('client.update')).toContainEqual({
      user: null,
      client: HASHED_APP.client_id,
      details: 'name, scopes, secret',
    })
    expect((await again()).client).toMatchObject({ updated: 0, known: 3, changedHere: 0 })
  })

  test('what was changed here stays, whatever the shop does, and is told of', async () => {
    await change('2', { roles: ['support'], disabled: true })
    expect((await again()).user).toMatchObject({ updated: 0, known: 7, changedHere: 0 })
    inSpree(NEW_PASSWORD)
    const before = await userOf('2')
    const dry = await again({ dryRun: true })
    const refused = temporaryFile('refused.ndjson')
    expect((await again({ refused })).user).toMatchObject({ updated: 0, known: 6, changedHere: 1 })
    expect(dry.user).toMatchObject({ updated: 0, known: 6, changedHere: 1 })
    expect(await userOf('2')).toEqual(before)
    expect(linesOf(refused)).toContainEqual({
      kind: 'user',
      place: 'spree_users id 2',
      reason:
        'was changed here since it was imported, and is not as in the source in: roles, disabled, password',
    })
    expect((await again({ overwriteChanged: true })).user).toMatchObject({ updated: 1, changedHere: 0 })
    expect(await userOf('2')).toMatchObject({ roles: [], disabled: false })
    expect((await again()).user).toMatchObject({ updated: 0, known: 7 })
  })

  test('what was changed alike on both sides is no conflict', async () => {
    await change('5', { roles: ['admin'] })
    inSpree('insert into spree_role_users (id, role_id, user_id) values (9, 1, 5)')
    expect((await again()).user).toMatchObject({ updated: 0, known: 7, changedHere: 0 })
  })

  test('who was here before an import is not followed', async () => {
    inSpree(
      `insert into spree_users (id, email, created_at, updated_at) values (77, 'eve@example.com', '2026-11-01', '2026-11-01')`,
    )
    const ann = await userOf('2')
    await shop.store.insertUser({ ...ann, id: '77', username: 'eve', email: null, version: 1 })
    expect((await again()).user).toMatchObject({ known: 7, changedHere: 1, updated: 0 })
  })

  describe('a login here, which makes a stronger hash', () => {
    beforeEach(async () => {
      expect(await status(shop.login('ann@example.com', OLD.ann))).toBe(200)
    })

    test('stays as long as the shop has the same password', async () => {
      inSpree('insert into spree_role_users (id, role_id, user_id) values (9, 1, 2)')
      expect((await again()).user).toMatchObject({ updated: 1, changedHere: 0 })
      expect(await userOf('2')).toMatchObject({
        roles: ['admin'],
        passwordHash: expect.stringMatching(/argon2id/),
      })
      expect(await status(shop.login('ann@example.com', OLD.ann))).toBe(200)
    })

    test('is no change of the password, which may still be changed in the shop', async () => {
      inSpree(NEW_PASSWORD)
      expect((await again()).user).toMatchObject({ updated: 1, changedHere: 0 })
      expect(await status(shop.login('ann@example.com', OLD.ann))).toBe(400)
      expect(await status(shop.login('ann@example.com', OLD.admin))).toBe(200)
      // And this one is made stronger, and followed, as well.
      inSpree(`update spree_users set encrypted_password = null where id = 2`)
      expect((await again()).user).toMatchObject({ updated: 1 })
      expect(await status(shop.login('ann@example.com', OLD.admin))).toBe(400)
    })
  })
})
