/** docs/guide/retire-the-password-grant.md: its commands on integrations, one after the other, on a server that runs. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readBlocks } from '../readme/markdown.ts'
import { createWorkplace, post, type RunningServer, type Workplace } from './workplace.ts'

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/guide/retire-the-password-grant.md'), 'utf8')
const LOGIN = { grant_type: 'password', username: 'batch', password: 'canary-password-of-batch' }

/** A command of the guide, with its arguments, and what it is said to print. */
const STEPS = readBlocks(GUIDE)
  .filter(({ text }) => text.startsWith('$ mintkeeper integration '))
  .map(({ text }) => {
    const [command = '', ...printed] = text.split('\n')
    const args = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '')
    return { args: args.slice(2), printed: printed.join('\n').trim() }
  })

let place: Workplace
beforeAll(async () => {
  place = createWorkplace()
  place.write(
    'mintkeeper.yaml',
    `
database: sqlite:data/mintkeeper.db
defaultTenant: shop
tenants:
  - id: shop
    hosts: [shop.example.com]
    issuer: https://shop.example.com/
    users:
      - username: batch
        password: ${LOGIN.password}
        roles: [newstore_admin]
        claims: { newstore_id: 3S40MqkNyMLbOLNGqF6Ryc }
`,
  )
  await place.run(['apply'])
})
afterAll(() => place.remove())

async function whileServed<T>(use: (server: RunningServer) => Promise<T>): Promise<T> {
  const server = await place.serve(['--admin-port', '0'])
  const result = await use(server)
  server.child.kill('SIGTERM')
  // What was counted is written then.
  expect((await server.ended).code).toBe(0)
  return result
}

/** As if all that was done had been done so many days before. */
function age(days: number): void {
  const database = new DatabaseSync(place.path('data/mintkeeper.db'))
  const seconds = days * 86_400
  database.exec(`
    update users set successor = json_set(successor, '$.since', json_extract(successor, '$.since') - ${seconds});
    update usage_facts set last_at = last_at - ${seconds};
    update usage_hours set hour = hour - ${seconds}, first_at = first_at - ${seconds}, last_at = last_at - ${seconds}`)
  database.close()
}

function patternOf(printed: string): RegExp {
  const parts = printed.replaceAll(/ +/g, ' ').split('…')
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join('.+?')}$`)
}

test('the commands of the guide lead from a login to a client', { timeout: 120_000 }, async () => {
  const [migrate, status, finish] = STEPS
  if (migrate === undefined || status === undefined || finish === undefined) throw new Error('no steps')
  expect(STEPS).toHaveLength(3)
  await whileServed(async ({ url }) => expect((await post(`${url}/v0/token`, LOGIN)).status).toBe(200))

  const migrated = await place.run(migrate.args)
  expect(migrated.code).toBe(0)
  expect(migrated.stderr).toBe('\nThe secret is shown this once; only its hash is kept.\n')
  expect(migrated.stdout.trim().replaceAll(/ +/g, ' ')).toMatch(patternOf(migrate.printed))
  const CLIENT_SECRET = /^client_secret +(\S+)$/m.exec(migrated.stdout)?.[1] ?? ''
  const [, request = ''] = /^(curl [\s\S]+?)\n\n/m.exec(migrated.stdout) ?? []
  expect(place.databaseText()).not.toContain(CLIENT_SECRET)

  const again = await place.run(migrate.args)
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('batch-client already')])
  const early = await place.run(finish.args)
  expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('has got no token yet')])

  await whileServed(async ({ url }) => {
    const here = request.replace('https://shop.example.com', url)
    const answer = execFileSync('bash', ['-c', here], { env: { ...process.env, CLIENT_SECRET } })
    expect(JSON.parse(String(answer))).toMatchObject({ token_type: 'Bearer', scope: 'read write' })
  })
  expect((await place.run(status.args)).stdout).toMatch(/^batch +batch-client .* 0 days .* 1 +login used$/m)
  expect((await place.run(finish.args)).stderr).toContain('silent for 0 of 14 days')

  age(20)
  const { stdout } = await place.run(status.args)
  expect(stdout.trim().replaceAll(/ +/g, ' ')).toMatch(patternOf(status.printed))
  expect((await place.run([...status.args, '--silent-for', '21'])).stdout).toMatch(/login used$/m)
  const user = await place.run(['user', 'show', 'batch'])
  expect(user.stdout).toMatch(/^migrated +to the client batch-client, /m)
  expect((await place.run(['usage'])).stdout).toContain('has the client batch-client already (migrated)')

  expect((await place.run(finish.args)).stdout).toMatch(/^Disabled the user batch\.\n/)
  await whileServed(async ({ url }) => {
    expect((await post(`${url}/v0/token`, LOGIN)).status).not.toBe(200)
    const here = request.replace('https://shop.example.com', url)
    const answer = execFileSync('bash', ['-c', here], { env: { ...process.env, CLIENT_SECRET } })
    expect(JSON.parse(String(answer))).toMatchObject({ token_type: 'Bearer' })
  })
})

test('what is not known or makes no sense is refused', { timeout: 60_000 }, async () => {
  await place.run(['user', 'create', 'joe'])
  const unknown = await place.run(['integration', 'migrate', 'joe'])
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('--scope')])
  const none = await place.run(['integration', 'status', 'joe'])
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('was not migrated')])
  expect((await place.run(['integration', 'status', '--silent-for', '0'])).code).toBe(2)
  expect((await place.run(['integration', 'status', '--silent-for', '500'])).stderr).toContain(
    'goes back 400 days',
  )
})
