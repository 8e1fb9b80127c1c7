/** What a second import makes of changes that it can follow only in part, or that were taken back. */
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, test } from 'vitest'
import { openShop, type Shop, temporaryFile, tokensOf } from './shop.ts'
import { sqliteShop } from './spree-database.ts'

let spree: string
let shop: Shop
beforeEach(async () => {
  spree = sqliteShop()
  shop = await openShop({ database: `sqlite:${temporaryFile('mintkeeper.db')}` })
  await shop.import({ sqlite: spree })
})

function inSpree(...statements: readonly string[]): void {
  const database = new DatabaseSync(spree)
  for (const statement of statements) database.exec(statement)
  database.close()
}

const ann = async () => await shop.store.findCurrentUser('shop', '2')

test('a role that came without the new address goes when the shop takes back both', async () => {
  inSpree(
    `insert into spree_role_users (id, role_id, user_id) values (9, 1, 2)`,
    // Two who have swapped their addresses.
    `update spree_users set email = 'x' where id = 2`,
    `update spree_users set email = 'ann@example.com' where id = 3`,
    `update spree_users set email = 'bob@example.com' where id = 2`,
  )
  expect((await shop.import({ sqlite: spree })).user).toMatchObject({ refused: 2, updated: 0 })
  expect(await ann()).toMatchObject({ roles: ['admin'], email: 'ann@example.com' })
  inSpree(
    `delete from spree_role_users where id = 9`,
    `update spree_users set email = 'x' where id = 2`,
    `update spree_users set email = 'bob@example.com' where id = 3`,
    `update spree_users set email = 'ann@example.com' where id = 2`,
  )
  expect((await shop.import({ sqlite: spree })).user).toMatchObject({ refused: 0, updated: 1 })
  expect(await ann()).toMatchObject({ roles: [], email: 'ann@example.com' })
})

test('a password that came without the new address is followed once: what a login makes of it stays', async () => {
  inSpree(
    `update spree_users set (encrypted_password, password_salt) =
       (select encrypted_password, password_salt from spree_users where id = 1) where id = 2`,
    `update spree_users set email = 'x' where id = 2`,
    `update spree_users set email = 'ann@example.com' where id = 3`,
    `update spree_users set email = 'bob@example.com' where id = 2`,
  )
  await shop.import({ sqlite: spree })
  expect((await shop.login('ann@example.com', 'spree123')).status).toBe(200)
  const before = await ann()
  expect(before?.passwordHash).toMatch(/argon2id/)
  await shop.import({ sqlite: spree })
  expect(await ann()).toEqual(before)
})

test.each([`'deleted'`, `'no address ' || id`, `''`])(
  'who was deleted is disabled, also in a shop that makes the address %s',
  async (email) => {
    inSpree(`update spree_users set deleted_at = '2026-11-01 10:59:00', email = ${email} where id = 2`)
    expect((await shop.import({ sqlite: spree })).user).toMatchObject({ updated: 1, refused: 0 })
    expect(await ann()).toMatchObject({ disabled: true })
    expect((await shop.info(tokensOf(1).access)).status).toBe(401)
    expect(await shop.store.findUserByLogin('shop', 'ann@example.com')).toBeNull()
  },
)
