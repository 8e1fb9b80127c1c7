/** Which tokens a second import of a Spree shop looks at: those that no earlier one can have brought. */
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import { openShop, type Shop, tokensOf } from './shop.ts'
import { sqliteShop } from './spree-database.ts'

const DAY = 86_400

let spree: string
let shop: Shop
beforeEach(async () => {
  spree = sqliteShop()
  shop = await openShop()
})

function inSpree(...statements: readonly string[]): void {
  const database = new DatabaseSync(spree)
  for (const statement of statements) database.exec(statement)
  database.close()
}

/** A plain token of Ann's. */
function issue(access: string, createdAt: string): void {
  inSpree(`insert into spree_oauth_access_tokens (resource_owner_id, token, refresh_token, created_at)
    values (2, '${access}', '${access}-refresh', '${createdAt}')`)
}

describe('whose user or client could not come before', () => {
  test('a user: the tokens come with the user', async () => {
    await shop.store.insertUser({
      ...(await annAlone()),
      id: 'eve',
      username: 'ann@example.com',
    })
    expect((await shop.import({ sqlite: spree })).user).toMatchObject({ refused: 1 })
    await shop.store.deleteUser('shop', 'eve')
    shop.advance(30 * DAY)
    const dry = await shop.import({ sqlite: spree, dryRun: true })
    const { user, token } = await shop.import({ sqlite: spree })
    expect(user).toMatchObject({ imported: 1 })
    expect(token).toMatchObject({ imported: 4 })
    expect(dry.token).toEqual(token)
    expect((await shop.refresh(tokensOf(1).refresh)).status).toBe(200)
  })

  test('a user of a shop without applications', async () => {
    inSpree(
      'delete from spree_oauth_applications',
      'delete from spree_oauth_access_tokens where id in (2, 3)',
    )
    inSpree(`update spree_users set encrypted_password = 'strange' where id = 2`)
    expect((await shop.import({ sqlite: spree })).user).toMatchObject({ refused: 1 })
    inSpree('update spree_users set encrypted_password = null where id = 2')
    shop.advance(2 * DAY)
    expect((await shop.import({ sqlite: spree })).token).toMatchObject({ imported: 4 })
  })

  test('a client', async () => {
    inSpree(`update spree_oauth_applications set secret = '' where id = 1`)
    expect((await shop.import({ sqlite: spree })).client).toMatchObject({ refused: 1 })
    inSpree(`update spree_oauth_applications set secret = 'chosen' where id = 1`)
    shop.advance(2 * DAY)
    expect((await shop.import({ sqlite: spree })).token).toMatchObject({ imported: 2 })
  })

  async function annAlone() {
    const other = await openShop()
    await other.import({ sqlite: spree })
    const ann = await other.store.findCurrentUser('shop', '2')
    if (ann === null) throw new Error('Ann is not there')
    return { ...ann, email: null }
  }
})

test('a token of the future makes no other one old', async () => {
  issue('far', '2099-01-01 00:00:00')
  await shop.import({ sqlite: spree })
  issue('next', '2026-11-05 10:00:00')
  shop.advance(7 * DAY)
  expect((await shop.import({ sqlite: spree })).token.imported).toBe(1)
  expect((await shop.refresh('next-refresh')).status).toBe(200)
})

test('one that was revoked here stays so, whatever older data is read meanwhile', async () => {
  issue('late', '2026-11-01 10:50:00')
  await shop.import({ sqlite: spree })
  await shop.revoke('late-refresh')
  shop.advance(40 * DAY)
  await shop.store.purge(Math.floor(shop.nowMs() / 1000) - DAY, 1000)
  // An old dump, and soon after it the shop again.
  await shop.import({ sqlite: sqliteShop() })
  expect((await shop.import({ sqlite: spree })).token.imported).toBe(0)
  expect((await shop.refresh('late-refresh')).status).toBe(400)
})
