/** The guides of a move, from the first command to the last, on a real PostgreSQL that has the sample of a Spree shop. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { HASHED_APP } from '../import/shop.ts'
import { postgresSample } from '../import/spree-database.ts'
import { type PostgresServer, startPostgres } from '../postgres/server.ts'
import { startOldNewstore } from '../surface-check/old-newstore.ts'
import { startOldSpree } from '../surface-check/old-spree.ts'
import { ON_POSTGRES } from './documents.ts'
import { executeDocument } from './execute.ts'
import { readBlocks } from './markdown.ts'

const { spree, newstore, passwords } = ON_POSTGRES

let server: PostgresServer
let shop: string
beforeAll(async () => {
  server = await startPostgres({ fsync: 'off' })
  const sample = await postgresSample(server)
  // The tokens of the sample must live on the day this runs.
  for (const table of ['spree_users', 'spree_oauth_access_tokens']) {
    await server.query(
      sample,
      `update ${table} set created_at = now() at time zone 'UTC' - interval '1 hour'`,
    )
  }
  // With the rights that the guides ask for, and no others.
  await server.query(sample, `create role reader login; grant select on ${TABLES} to reader`)
  await server.query(sample, 'create role mintkeeper login')
  shop = urlAs('reader', sample)
})
afterAll(() => server.remove())

const TABLES =
  'spree_users, spree_roles, spree_role_users, spree_oauth_applications, spree_oauth_access_tokens'

async function emptyDatabase(): Promise<string> {
  const url = await server.createDatabase()
  await server.query(url, `alter database ${new URL(url).pathname.slice(1)} owner to mintkeeper`)
  return urlAs('mintkeeper', url)
}

function urlAs(role: string, url: string): string {
  const { host, pathname } = new URL(url)
  return `postgres://${role}@${host}${pathname}`
}

const TIMEOUT = { timeout: 240_000 }

test('Move a Spree store', TIMEOUT, async () => {
  const [rehearsal, live] = [await emptyDatabase(), await emptyDatabase()]
  const old = await startOldSpree({
    shop: { username: 'admin@example.com', password: 'spree123', ...HASHED_APP },
  })
  onTestFinished(old.close)
  await executeDocument(spree, {
    SPREE_DATABASE_URL: shop,
    SPREE_URL: old.origin,
    REHEARSAL_DATABASE_URL: rehearsal,
    LIVE_DATABASE_URL: live,
  })
  const ann = `select password_hash from users where username = 'ann@example.com'`
  expect(await server.query(rehearsal, ann)).toEqual([
    { password_hash: expect.stringMatching(/^\$argon2id\$/) },
  ])
  expect(await server.query(live, ann)).toEqual([
    { password_hash: expect.stringMatching(/^authlogic_sha512:/) },
  ])
})

test('Move off NewStore’s Token API v0', TIMEOUT, async () => {
  const iss = 'https://dodici.p.newstore.net/'
  const old = await startOldNewstore({
    user: { username: 'erp@example.com', password: 'support-Password_1' },
    claims: { iss, sub: 'auth0|60425dc43519d90068f82973', aud: `${iss}api/v2/` },
  })
  onTestFinished(old.close)
  await executeDocument(newstore, {
    MINTKEEPER_DATABASE: await emptyDatabase(),
    NEWSTORE_URL: old.origin,
  })
})

test('Retire the password grant', TIMEOUT, async () => {
  await executeDocument(passwords, {
    SPREE_DATABASE_URL: shop,
    MINTKEEPER_DATABASE: await emptyDatabase(),
  })
})

test.each(Object.values(ON_POSTGRES))('$name has no command that nobody executes', ({ name, text }) => {
  const blocks = readBlocks(text)
  const outputs = new Set(blocks.map(({ expected }) => expected))
  for (const block of blocks) {
    const isRun = block.language === 'sh' || (block.language === 'text' && outputs.has(block))
    expect(isRun || block.language === 'yaml', `${name}:${block.line} is no output of a command`).toBe(true)
  }
})
