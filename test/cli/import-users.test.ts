/** `import auth0` and `import csv` as an operator runs them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CONFIGURATION,
  createWorkplace,
  MAIN,
  postJson,
  type RunningServer,
  type Workplace,
} from './workplace.ts'

const FIXTURES = join(import.meta.dirname, '../import/fixtures')

let place: Workplace
let server: RunningServer
beforeAll(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  server = await place.serve(['--admin-port', '0'])
  for (const name of [
    'auth0-users.json',
    'auth0-refused.json',
    'auth0-support.ndjson',
    'auth0-export.ndjson',
  ]) {
    place.write(name, readFileSync(join(FIXTURES, name), 'utf8'))
  }
  place.write(
    'users.csv',
    'username,email,password,roles\nann,ann@example.com,ann-Password_1,admin;associate\n',
  )
  place.write('wrong.csv', 'user,mail\na,b\n')
  place.write(
    'clients.csv',
    'id,secret,grants,scopes\nerp,s3cr3t-of-the-erp-0123456789abcdef,client_credentials,read\n',
  )
})
afterAll(() => place.remove())

const login = (username: string, password: string) =>
  postJson(`${server.url}/v0/token`, { grant_type: 'password', username, password })

async function userCount(): Promise<number> {
  return (await place.json(['user', 'list'])).length
}

describe('import auth0', () => {
  it('is tried, done while the server runs, and done again', async () => {
    const before = await userCount()
    const tried = await place.run(['import', 'auth0', 'auth0-users.json', '--dry-run'])
    expect(tried.code).toBe(0)
    expect(tried.stdout).toMatch(/users +10 +10 +0 +0 +0\n/)
    expect(tried.stdout).toContain('Nothing was written.')
    expect(await userCount()).toBe(before)

    const done = await place.run(['import', 'auth0', 'auth0-users.json'])
    expect(done.stdout).toMatch(/users +10 +10 +0 +0 +0\n/)
    expect(done.stderr).toContain('2 have no password hash')
    expect(await login('ada@example.com', 'ada-Password_1')).toMatchObject({ token_type: 'Bearer' })

    const again = await place.json(['import', 'auth0', 'auth0-users.json'])
    expect(again.user).toMatchObject({ found: 10, imported: 0, known: 10 })
  })

  it('lists what it refuses in a file, without secrets, and says so', async () => {
    const run = await place.run(['import', 'auth0', 'auth0-refused.json', '--refused', 'refused.ndjson'])
    expect([run.code, run.stdout]).toEqual([0, expect.stringMatching(/users +16 +0 +0 +0 +16\n/)])
    expect(run.stderr).toContain('What was refused is in refused.ndjson')
    const lines = place.read('refused.ndjson').trim().split('\n')
    expect(lines).toHaveLength(16)
    const reason = 'has a password hash of md5, which can not be verified here'
    expect(JSON.parse(lines[0] ?? '')).toEqual({ kind: 'user', place: 'entry 1, line 2', reason })
    expect(place.read('refused.ndjson') + run.stdout + run.stderr).not.toMatch(/\$2b\$|AAAA|c2VjcmV0/)
  })

  it('joins an export job with the password hashes of the support', async () => {
    const hashes = ['--password-hashes', 'auth0-support.ndjson']
    const claims = ['--claim', 'newstore_id=app_metadata.newstore_id', '--claim', 'mail=email']
    const run = await place.json(['import', 'auth0', 'auth0-export.ndjson', ...hashes, ...claims])
    expect(run.user).toMatchObject({ found: 3, imported: 3 })
    expect(await login('till-10', 'support-Password_2')).toMatchObject({ token_type: 'Bearer' })
    const user = await place.json(['user', 'show', 'auth0|60425dc43519d90068f82974'])
    expect(user).toMatchObject({
      roles: ['associate'],
      claims: { newstore_id: 'n10', mail: 'test10@example.com' },
    })
  })

  it.each([
    ['a file that is not there', ['lost.json'], 1, 'lost.json can not be read'],
    ['a directory', ['data'], 1, 'it is no file'],
    ['a claim without a path', ['auth0-users.json', '--claim', 'x'], 2, 'Give a name and a path'],
    ['a claim of the server', ['auth0-users.json', '--claim', 'scope=email'], 2, 'set by the server'],
    ['hashes that are not there', ['auth0-users.json', '--password-hashes', 'x'], 1, 'x can not be read'],
  ])('refuses %s', async (_name, args, code, message) => {
    const run = await place.run(['import', 'auth0', ...args])
    expect(run).toMatchObject({ code, stdout: '' })
    expect(run.stderr).toContain(message)
    expect(run.stderr).not.toContain('    at ')
  })
})

describe('import csv', () => {
  it('takes users and clients', async () => {
    const { user, client } = await place.json(['import', 'csv', 'users.csv', '--clients', 'clients.csv'])
    expect([user, client]).toMatchObject([{ imported: 1 }, { imported: 1 }])
    expect(await login('ann@example.com', 'ann-Password_1')).toMatchObject({ token_type: 'Bearer' })
    expect(place.databaseText()).not.toContain('ann-Password_1')
    const form = { client_id: 'erp', client_secret: 's3cr3t-of-the-erp-0123456789abcdef', scope: 'read' }
    const token = await postJson(`${server.url}/oauth/token`, { grant_type: 'client_credentials', ...form })
    expect(token).toMatchObject({ scope: 'read' })
    expect((await place.json(['import', 'csv', '--clients', 'clients.csv'])).client).toMatchObject({
      known: 1,
    })
  })

  it.each([
    ['nothing', [], 2, 'Name a file of users'],
    [
      'columns that are not known',
      ['wrong.csv'],
      1,
      'There are: id, username, email, password, password_hash',
    ],
  ])('refuses %s', async (_name, args, code, message) => {
    const run = await place.run(['import', 'csv', ...args])
    expect(run).toMatchObject({ code, stdout: '' })
    expect(run.stderr).toContain(message)
  })
})

it('an import that is killed in the middle has written whole users only, and the next run brings the rest', async () => {
  const row = (index: number) =>
    JSON.stringify({
      user_id: String(index).padStart(24, '0'),
      email: `k${index}@example.com`,
      app_metadata: { roles: ['x'] },
    })
  const count = 40_000
  place.write('many.ndjson', Array.from({ length: count }, (_, index) => `${row(index)}\n`).join(''))
  const before = await userCount()
  const started = place.start(process.execPath, [MAIN, 'import', 'auth0', 'many.ndjson'])
  while ((await userCount()) === before && started.child.exitCode === null) {}
  started.child.kill('SIGKILL')
  expect((await started.ended).signal).toBe('SIGKILL')
  const users = (await place.json(['user', 'list'])).filter(({ email }: { email: string }) =>
    /^k\d/.test(email),
  )
  expect(users.length).toBeGreaterThan(0)
  for (const { roles } of users) expect(roles).toEqual(['x'])
  const { user } = await place.json(['import', 'auth0', 'many.ndjson'])
  expect(user).toMatchObject({
    found: count,
    known: users.length,
    imported: count - users.length,
    refused: 0,
  })
}, 60_000)
