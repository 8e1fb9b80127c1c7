/** The guides of a move, from the first command to the last, on a real PostgreSQL that has the sample of a Spree shop. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createTemporaryDirectory } from '../embed/program.ts'
import { HASHED_APP, SAMPLE } from '../import/shop.ts'
import { postgresSample } from '../import/spree-database.ts'
import { type PostgresServer, startPostgres } from '../postgres/server.ts'
import { startOldNewstore } from '../surface-check/old-newstore.ts'
import { startOldSpree } from '../surface-check/old-spree.ts'
import { answerCustomer, customerRow } from './customer.ts'
import { ON_POSTGRES } from './documents.ts'
import { executeDocument } from './execute.ts'
import { readBlocks } from './markdown.ts'

const { spree, newstore, passwords } = ON_POSTGRES

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ fsync: 'off' })
  await server.query(await server.createDatabase(), 'create role reader login; create role mintkeeper login')
})
afterAll(() => server.remove())

/** A database of a shop, for who owns it and for who reads it. */
async function openSample(): Promise<{ readonly owner: string; readonly reader: string }> {
  const sample = await postgresSample(server)
  // The tokens of the sample must live on the day this runs.
  for (const table of ['spree_users', 'spree_oauth_access_tokens']) {
    await server.query(
      sample,
      `update ${table} set created_at = now() at time zone 'UTC' - interval '1 hour'`,
    )
  }
  // With the rights that the guides ask for, and no others.
  await server.query(sample, `grant select on ${TABLES} to reader`)
  return { owner: sample, reader: urlAs('reader', sample) }
}

const TABLES =
  'spree_users, spree_roles, spree_role_users, spree_oauth_applications, spree_oauth_access_tokens'

function urlAs(role: string, url: string): string {
  const { host, pathname } = new URL(url)
  return `postgres://${role}@${host}${pathname}`
}

/** Where Mintkeeper keeps what it has. */
interface Database {
  readonly url: string
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

async function emptyDatabase(): Promise<Database> {
  const url = await server.createDatabase()
  await server.query(url, `alter database ${new URL(url).pathname.slice(1)} owner to mintkeeper`)
  return { url: urlAs('mintkeeper', url), query: (sql) => server.query(url, sql) }
}

async function emptyFile(): Promise<Database> {
  const directory = createTemporaryDirectory()
  onTestFinished(() => directory.remove())
  const path = join(directory.path, 'mintkeeper.db')
  return {
    url: `sqlite:${path}`,
    async query(sql) {
      const database = new DatabaseSync(path, { readOnly: true })
      const rows = database.prepare(sql).all()
      database.close()
      return rows
    },
  }
}

const TIMEOUT = { timeout: 240_000 }

describe.each([
  ['PostgreSQL', emptyDatabase],
  ['SQLite', emptyFile],
])('Mintkeeper on %s', (_, open) => {
  test('Move a Spree store', TIMEOUT, async () => {
    const [{ owner, reader }, database] = [await openSample(), await open()]
    const old = await startOldSpree({
      shop: { username: 'admin@example.com', password: 'spree123', ...HASHED_APP },
      also: answerCustomer(),
    })
    onTestFinished(old.close)
    const hashOfAnn = () =>
      database.query(`select password_hash from users where username = 'ann@example.com'`)
    const variables = {
      SPREE_DATABASE_URL: reader,
      SPREE_URL: old.origin,
      MINTKEEPER_DATABASE: database.url,
    }
    await executeDocument(spree, variables, {
      '## 4. Cut over': async () => {
        expect(await hashOfAnn()).toEqual([{ password_hash: expect.stringMatching(/^\$argon2id\$/) }])
        await server.query(owner, ANN_HAS_ANOTHER_PASSWORD)
        await server.query(owner, BOB_HAS_LOGGED_OUT)
      },
      '## 5. Users who are not here yet': async () => {
        await server.query(owner, customerRow())
      },
    })
  })

  test('Move off NewStore’s Token API v0', TIMEOUT, async () => {
    const iss = 'https://dodici.p.newstore.net/'
    const claims = { iss, aud: `${iss}api/v2/` }
    const old = await startOldNewstore({
      users: [
        {
          ...{ username: 'erp@example.com', password: 'support-Password_1' },
          claims: { ...claims, sub: 'auth0|60425dc43519d90068f82973' },
        },
        {
          ...{ username: 'new@example.com', password: 'old-Password_3' },
          claims: {
            ...claims,
            sub: 'auth0|60425dc43519d90068f82975',
            'http://newstore/roles': ['associate'],
          },
        },
      ],
    })
    onTestFinished(old.close)
    await executeDocument(newstore, { MINTKEEPER_DATABASE: (await open()).url, NEWSTORE_URL: old.origin })
  })
})

const ANN_HAS_ANOTHER_PASSWORD = `update spree_users set (encrypted_password, password_salt) =
  (select encrypted_password, password_salt from spree_users where id = 1) where id = 2`
const BOB_HAS_LOGGED_OUT = `update spree_oauth_access_tokens set revoked_at = now() at time zone 'UTC'
  where resource_owner_id = 3`

test('Retire the password grant', TIMEOUT, async () => {
  await executeDocument(passwords, {
    SPREE_DATABASE_URL: (await openSample()).reader,
    MINTKEEPER_DATABASE: (await emptyDatabase()).url,
  })
})

test('Retire the password grant, without a PostgreSQL', TIMEOUT, async () => {
  await executeDocument(passwords, {
    SPREE_DATABASE_URL: SAMPLE,
    MINTKEEPER_DATABASE: 'sqlite:data/mintkeeper.db',
  })
})

test.each(Object.values(ON_POSTGRES))('$name has no command that nobody executes', ({ name, text }) => {
  const blocks = readBlocks(text)
  const outputs = new Set(blocks.map(({ expected }) => expected))
  for (const block of blocks) {
    const isRun = block.language === 'sh' || outputs.has(block)
    expect(isRun || block.language === 'yaml', `${name}:${block.line} is no output of a command`).toBe(true)
  }
})
