/** Runs of the command, as processes: what they say, that one goes on where another was killed, and how much they hold. */
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createWorkplace, MAIN, type Workplace } from '../cli/workplace.ts'
import { accessTokenOf, isRevoked, writeGeneratedShop } from './generated-shop.ts'
import { SAMPLE } from './shop.ts'

const CONFIGURATION = `
database: sqlite:data/mintkeeper.db
defaultTenant: shop
masterKey: ${Buffer.alloc(32, 7).toString('base64')}
tenants:
  - id: shop
    hosts: [shop.example]
    issuer: https://shop.example/
    signingAlgorithm: ES256
    surfaces: { spree: }
`

let place: Workplace
beforeEach(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  await place.run(['apply'])
})
afterEach(() => place.remove())

const TABLES = ['users', 'user_logins', 'clients', 'tokens', 'imported_tokens']

function inDatabase<T>(read: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(place.path('data/mintkeeper.db'), { readOnly: true })
  try {
    return read(database)
  } finally {
    database.close()
  }
}

/** Of each table. */
function counts(): Readonly<Record<string, unknown>> {
  const count = (table: string) => `(select count(*) from ${table}) as ${table}`
  return inDatabase((database) => ({ ...database.prepare(`select ${TABLES.map(count).join(', ')}`).get() }))
}

function rows(): unknown {
  return inDatabase((database) => TABLES.map((table) => database.prepare(`select * from ${table}`).all()))
}

/** Bounded by the test's own time. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20)
}

const NOTHING = { users: 0, user_logins: 0, clients: 0, tokens: 0, imported_tokens: 0 }

describe('import spree', () => {
  test('says what became of the rows, and where what it refused is', async () => {
    const { code, stdout, stderr } = await place.run([
      'import',
      'spree',
      '--from',
      SAMPLE,
      '--refused',
      'refused.ndjson',
    ])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^ +FOUND +IMPORTED +THERE ALREADY +LEFT OUT +REFUSED\nusers +5 +4 +0 +1 +0\nclients +3 +3 +0 +0 +0\n/,
    )
    expect(stdout).toMatch(/^\d+ rows in [\d.]+ seconds: [\d,]+ a second\.$/m)
    expect(stdout).toContain('\nLeft out: 1 user, deleted in Spree.\nLeft out: 1 token, revoked.\n')
    expect(stderr).toContain('What was refused is in refused.ndjson.')
    expect(stderr).toContain(
      'The client uid-public-app-00000000000000000000000000000 may ask for every scope',
    )
    // Nobody watches.
    expect(stderr).not.toContain('\r')
    const refused = place
      .read('refused.ndjson')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(refused).toContainEqual({
      kind: 'token',
      place: 'line 40: spree_oauth_access_tokens id 10',
      reason: 'its user is not there, or deleted',
    })
  })

  test('in a dry run says the same, and writes nothing', async () => {
    const dry = await place.json(['import', 'spree', '--from', SAMPLE, '--dry-run'])
    expect(counts()).toEqual(NOTHING)
    const real = await place.json(['import', 'spree', '--from', SAMPLE])
    expect({ ...dry, dryRun: false, seconds: 0 }).toEqual({ ...real, seconds: 0 })
    expect(counts()).toMatchObject({ users: 4, clients: 3 })
    // Of a second run, too.
    const again = await place.json(['import', 'spree', '--from', SAMPLE, '--dry-run'])
    expect(again.user).toMatchObject({ imported: 0, known: 4 })
  })

  test('run again changes nothing', async () => {
    await place.json(['import', 'spree', '--from', SAMPLE])
    const before = rows()
    const again = await place.json(['import', 'spree', '--from', SAMPLE, '--all-tokens'])
    expect([again.user.imported, again.client.imported, again.token.imported]).toEqual([0, 0, 0])
    expect(rows()).toEqual(before)
  })

  test('tells no secret of the shop, whatever becomes of it', async () => {
    place.write('pepper', 'canary-pepper')
    const args = [
      'import',
      'spree',
      '--from',
      SAMPLE,
      '--refused',
      'refused.ndjson',
      '--pepper-file',
      'pepper',
    ]
    const { stdout, stderr } = await place.run(args)
    const told = stdout + stderr + place.read('refused.ndjson')
    expect(told).not.toContain('canary')
    for (const [secret] of readFileSync(SAMPLE, 'utf8').matchAll(/[0-9a-f]{64,}|\$2a\$[^']+|[Dd]{43}/g)) {
      // The id of the old application has this form, and is none.
      if (!secret.startsWith('a1')) expect(told).not.toContain(secret)
    }
  })

  test('needs the surface, and says what else is wrong on the command line', async () => {
    place.write(
      'other.yaml',
      CONFIGURATION.replace('{ spree: }', '{ standard: }').replace('mintkeeper.db', 'other.db'),
    )
    await place.run(['apply', 'other.yaml'])
    const off = await place.run(['import', 'spree', '--from', SAMPLE, '--config', 'other.yaml'])
    expect(off).toMatchObject({ code: 1, stdout: '' })
    expect(off.stderr).toContain('has no surface spree')
    for (const args of [[], ['--from', SAMPLE, '--sqlite', 'x'], ['--from', SAMPLE, '--stretches', 'many']]) {
      expect((await place.run(['import', 'spree', ...args])).code).toBe(2)
    }
    expect((await place.run(['import', 'spree', '--from', 'nowhere.sql'])).code).toBe(1)
  })
})

test('a run that is killed leaves whole rows only, and the next one goes on', {
  timeout: 120_000,
}, async () => {
  const shop = { users: 8000, tokens: 16_000, nowMs: Date.now() }
  writeGeneratedShop(place.path('dump.sql'), shop)
  const killed = place.start(process.execPath, [MAIN, 'import', 'spree', '--from', 'dump.sql'])
  await until(() => Number(counts().tokens) > 1000)
  killed.child.kill('SIGKILL')
  await killed.ended
  const half = counts()
  expect(Number(half.tokens)).toBeLessThan(14_400)
  expect(half.user_logins).toBe(half.users)
  expect(half.imported_tokens).toBe(2 * Number(half.tokens))
  const report = await place.json(['import', 'spree', '--from', 'dump.sql'])
  expect(report.token).toMatchObject({
    known: half.tokens,
    imported: 14_400 - Number(half.tokens),
    refused: 0,
  })
  expect(counts()).toEqual({
    users: 8000,
    user_logins: 8000,
    clients: 1,
    tokens: 14_400,
    imported_tokens: 28_800,
  })
})

test('a second run that is killed leaves whole rows only, and the next one goes on', {
  timeout: 120_000,
}, async () => {
  const shop = { users: 12_000, tokens: 12_000, nowMs: Date.now() }
  writeGeneratedShop(place.path('dump.sql'), shop)
  await place.json(['import', 'spree', '--from', 'dump.sql'])
  writeGeneratedShop(place.path('later.sql'), { ...shop, isLater: true })
  const count = (condition: string) =>
    inDatabase((database) =>
      Number(database.prepare(`select count(*) from ${condition}`).get()?.['count(*)']),
    )
  const killed = place.start(process.execPath, [MAIN, 'import', 'spree', '--from', 'later.sql'])
  await until(() => count('users where version > 1') > 1000)
  killed.child.kill('SIGKILL')
  await killed.ended
  const half = count('users where version > 1')
  expect(half).toBeLessThan(12_000)
  const dry = await place.json(['import', 'spree', '--from', 'later.sql', '--dry-run'])
  const report = await place.json(['import', 'spree', '--from', 'later.sql'])
  expect(report.user).toMatchObject({ updated: 12_000 - half, known: half, changedHere: 0 })
  expect(report.token).toMatchObject({ updated: 1200, leftOut: { revoked: 1200 } })
  expect({ ...dry, dryRun: false, seconds: 0 }).toEqual({ ...report, seconds: 0 })
  expect(count('users where version = 2 and import_version = 2')).toBe(12_000)
  expect(count('tokens where revoked_at is not null')).toBe(1200)
  const third = await place.json(['import', 'spree', '--from', 'later.sql'])
  expect([third.user.updated, third.token.updated]).toEqual([0, 0])
})

test('a large shop comes within bounded memory, and its tokens work', { timeout: 120_000 }, async () => {
  const shop = { users: 20_000, tokens: 150_000, nowMs: Date.now() }
  writeGeneratedShop(place.path('dump.sql'), shop)
  // All that the run keeps of a row must fit into this many megabytes; the dump has 35, and its rows more as objects.
  const bounded = ['--max-old-space-size=56', MAIN, 'import', 'spree', '--from', 'dump.sql', '--json']
  const { code, stdout, stderr } = await place.start(process.execPath, bounded).ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout).token).toMatchObject({
    found: 150_000,
    imported: 135_000,
    leftOut: { revoked: 15_000 },
  })
  const server = await place.serve(['--admin-port', '0'])
  for (const token of [0, 54_321, 149_999]) {
    const answer = await fetch(`${server.url}/spree_oauth/token/info`, {
      headers: { authorization: `Bearer ${accessTokenOf(token)}` },
    })
    expect(answer.status).toBe(isRevoked(token) ? 401 : 200)
  }
})
