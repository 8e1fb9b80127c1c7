/** docs/guide/move-a-spree-store.md: its commands, one after the other, against a Spree shop in a real PostgreSQL. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorkplace, post, type Workplace } from '../cli/workplace.ts'
import { type PostgresServer, startPostgres } from '../postgres/server.ts'
import { readBlocks } from '../readme/markdown.ts'
import { HASHED_APP, tokensOf } from './shop.ts'
import { postgresShop } from './spree-database.ts'

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/guide/move-a-spree-store.md'), 'utf8')
const BLOCKS = readBlocks(GUIDE)
const COMMANDS = BLOCKS.flatMap(({ text }) =>
  text.split('\n').filter((line) => line.startsWith('mintkeeper ')),
)

let server: PostgresServer
let place: Workplace
let url: string
beforeAll(async () => {
  server = await startPostgres({ fsync: 'off' })
  url = await postgresShop(server)
  // The tokens of the sample must live on the day this runs.
  for (const table of ['spree_users', 'spree_oauth_access_tokens']) {
    await server.query(url, `update ${table} set created_at = now() at time zone 'UTC' - interval '1 hour'`)
  }
  place = createWorkplace()
  const [tenants] = BLOCKS.filter(({ language }) => language === 'yaml')
  place.write('mintkeeper.yaml', `database: sqlite:data/mintkeeper.db\ndefaultTenant: shop\n${tenants?.text}`)
  await place.run(['apply'])
})
afterAll(async () => {
  place.remove()
  await server.remove()
})

test('each command does what the guide says', { timeout: 120_000 }, async () => {
  expect(COMMANDS).toHaveLength(5)
  const outputs: string[] = []
  for (const command of COMMANDS) {
    const args = command.replace('postgres://reader@db.example/spree', url).split(' ').slice(1)
    const { code, stdout, stderr } = await place.run(args)
    expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({ command, code: 0, stderr: '' })
    outputs.push(stdout)
  }
  // Beside those of the sample there are three whose values are awkward.
  const shown = GUIDE.slice(GUIDE.indexOf('         FOUND'), GUIDE.indexOf('\n```\n\nLook at'))
  expect(outputs[0]).toContain(
    shown.replace('users        5                  4', 'users        8                  7'),
  )
  expect(outputs[2]).toMatch(/^users +8 +0 +7 +1 +0$/m)
  expect(outputs[3]).toContain('admin@example.com')
  expect(outputs[4]).toContain(HASHED_APP.client_id)
})

test('and then tokens, passwords and secrets of the shop are good', { timeout: 120_000 }, async () => {
  const { url: origin } = await place.serve(['--admin-port', '0'])
  const info = await fetch(`${origin}/spree_oauth/token/info`, {
    headers: { authorization: `Bearer ${tokensOf(2).access}` },
  })
  expect(await info.json()).toMatchObject({
    resource_owner_id: 1,
    application: { uid: HASHED_APP.client_id },
  })
  const login = { grant_type: 'password', username: 'ann@example.com', password: 'ann-secret' }
  for (const form of [login, { grant_type: 'client_credentials', ...HASHED_APP }]) {
    expect((await post(`${origin}/spree_oauth/token`, form)).status).toBe(200)
  }
})
