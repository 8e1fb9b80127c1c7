/** The commands on integrations, from a login to a client, on a server that runs. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorkplace, post, type RunningServer, type Workplace } from './workplace.ts'

const LOGIN = { grant_type: 'password', username: 'batch', password: 'canary-password-of-batch' }
const [MIGRATE, STATUS, FINISH] = [
  ['integration', 'migrate', 'batch', '--id', 'batch-client', '--scope', 'read write'],
  ['integration', 'status'],
  ['integration', 'finish', 'batch'],
]

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
  const seconds = days * 86_400
  place.sql(`update users
    set successor = json_set(successor, '$.since', json_extract(successor, '$.since') - ${seconds})`)
  place.sql(`update usage_facts set last_at = last_at - ${seconds}`)
  place.sql(`update usage_hours
    set hour = hour - ${seconds}, first_at = first_at - ${seconds}, last_at = last_at - ${seconds}`)
}

test('the commands lead from a login to a client', { timeout: 120_000 }, async () => {
  await whileServed(async ({ url }) => expect((await post(`${url}/v0/token`, LOGIN)).status).toBe(200))

  const migrated = await place.run(MIGRATE)
  expect(migrated.code).toBe(0)
  expect(migrated.stderr).toBe('\nThe secret is shown this once; only its hash is kept.\n')
  expect(migrated.stdout).toMatch(/^The integration batch has the client batch-client\.$/m)
  expect(migrated.stdout).toMatch(/^scopes +read write\nroles +newstore_admin\nclaims +\{"newstore_id":/m)
  const CLIENT_SECRET = /^client_secret +(\S+)$/m.exec(migrated.stdout)?.[1] ?? ''
  const [, request = ''] = /^(curl [\s\S]+?)\n\n/m.exec(migrated.stdout) ?? []
  expect(place.databaseText()).not.toContain(CLIENT_SECRET)

  const again = await place.run(MIGRATE)
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('batch-client already')])
  const early = await place.run(FINISH)
  expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('has got no token yet')])

  await whileServed(async ({ url }) => {
    const here = request.replace('https://shop.example.com', url)
    const answer = execFileSync('bash', ['-c', here], { env: { ...process.env, CLIENT_SECRET } })
    expect(JSON.parse(String(answer))).toMatchObject({ token_type: 'Bearer', scope: 'read write' })
  })
  expect((await place.run(STATUS)).stdout).toMatch(/^batch +batch-client .* 0 days .* 1 +login used$/m)
  expect((await place.run(FINISH)).stderr).toMatch(/silent for 0 of 14 days\. .*\(--force\)/)

  age(20)
  const { stdout } = await place.run(STATUS)
  expect(stdout).toMatch(/^batch +batch-client .* 20 days .* 1 +silent\n\nThe login can be disabled: /m)
  expect((await place.run([...STATUS, '--silent-for', '21'])).stdout).toMatch(/login used$/m)
  const user = await place.run(['user', 'show', 'batch'])
  expect(user.stdout).toMatch(/^migrated +to the client batch-client, /m)
  expect((await place.run(['usage'])).stdout).toContain('has the client batch-client already (migrated)')

  expect((await place.run(FINISH)).stdout).toMatch(/^Disabled the user batch\.\n/)
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
  const env = { MINTKEEPER_USAGE_RETENTION_DAYS: '0' }
  for (const args of [['integration', 'status'], ['integration', 'finish', 'joe'], ['usage']]) {
    const { code, stdout, stderr } = await place.run(args, { env })
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining('usageRetentionDays is 0')])
  }
})
