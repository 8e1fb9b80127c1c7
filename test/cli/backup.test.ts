import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, postJson, type RunningServer, type Workplace } from './workplace.ts'

const SYNC = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }
const ALONE = ['--admin-port', '0']

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
})
afterEach(() => place.remove())

/** One token of each kind: a JWT that has a row, an opaque one with a refresh token, a JWT that is stored nowhere. */
async function issueAll({ url }: RunningServer): Promise<string[]> {
  const login = { grant_type: 'password', username: 'joe@example.com', password: 'canary-password-of-joe' }
  const newstore = await postJson(`${url}/v0/token`, login)
  const spree = await postJson(`${url}/spree_oauth/token`, login)
  const machine = await postJson(`${url}/oauth/token`, { ...SYNC, grant_type: 'client_credentials' })
  return [
    newstore.access_token,
    newstore.refresh_token,
    spree.access_token,
    spree.refresh_token,
    machine.access_token,
  ]
}

/** `live`, `revoked` or `expired`; `unknown` for a token the server has never heard of. */
async function stateOf(token: string): Promise<string> {
  const { code, stdout } = await place.run(['token', 'inspect', '-', '--json'], { input: token })
  return code === 0 ? JSON.parse(stdout).state : 'unknown'
}

async function statesOf(tokens: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(tokens.map(stateOf))
}

async function kids(): Promise<readonly string[]> {
  return (await place.json(['key', 'list'])).map(({ kid }: { kid: string }) => kid)
}

/** The selector of an opaque token; the `jti` of a JWT, and itself where it has none (newstore). */
function idOf(token: string): string {
  if (!token.includes('.')) return token.slice(0, 9)
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti ?? token
}

async function stop(server: RunningServer): Promise<void> {
  server.child.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)
}

/** As the guide says: the server is stopped, the old files moved away, the backup copied to their place. */
function restore(file: string): void {
  for (const suffix of ['', '-wal', '-shm'])
    rmSync(place.path(`data/mintkeeper.db${suffix}`), { force: true })
  copyFileSync(place.path(file), place.path('data/mintkeeper.db'))
}

describe('backup', () => {
  it('T017 restored, then "token revoke --issued-before": nothing from before lives, nothing is given twice', async () => {
    const first = await place.serve(ALONE)
    const before = await issueAll(first)
    await place.run(['backup', 'yesterday.db'])
    // What the backup knows nothing of: tokens, a client, a revocation, a key that signs.
    const after = await issueAll(first)
    await place.json(['client', 'create', 'late'])
    const { accessToken: ofLate } = await place.json(['token', 'issue', '--client', 'late'])
    await place.json(['token', 'revoke', before[4] ?? ''])
    await place.json(['key', 'rotate', '--force'])
    const lost = [...after, ofLate, ...(await issueAll(first))]
    const lostKids = await kids()
    await stop(first)

    restore('yesterday.db')
    // Such is a restored database: what was revoked since is good again, and JWTs it has never seen are.
    expect(await stateOf(before[4] ?? '')).toBe('live')
    expect(await stateOf(after[4] ?? '')).toBe('live')
    const [ended] = await place.json(['token', 'revoke', '--issued-before', 'now'])
    const dead = await statesOf([...before, ...lost])
    expect(dead.filter((state) => state === 'live')).toEqual([])
    expect(dead.slice(0, before.length)).toEqual(before.map(() => 'revoked'))

    const second = await place.serve(ALONE)
    const fresh = await issueAll(second)
    expect(await statesOf(fresh)).toEqual(fresh.map(() => 'live'))
    const refreshed = await postJson(`${second.url}/spree_oauth/token`, {
      grant_type: 'refresh_token',
      refresh_token: after[3] ?? '',
    })
    expect(refreshed.error).toBe('invalid_grant')
    // Done again, with an earlier time: it changes nothing.
    await place.json(['token', 'revoke', '--issued-before', String(ended.issuedBefore - 1000)])
    expect(await stateOf(before[0] ?? '')).toBe('revoked')
    expect(await statesOf(fresh)).toEqual(fresh.map(() => 'live'))

    const known = new Set([...before, ...lost].map(idOf))
    expect(fresh.map(idOf).filter((id) => known.has(id))).toEqual([])
    const rotated: { kid: string }[] = await place.json(['key', 'rotate', '--force'])
    // The two keys that the backup had; the third of each was drawn anew.
    expect(rotated.filter(({ kid }) => lostKids.includes(kid))).toHaveLength(2)
    await stop(second)
  })

  it('is whole and consistent, whatever is written meanwhile', async () => {
    const server = await place.serve(ALONE)
    const answered: string[] = []
    let working = true
    const work = async () => {
      let { refresh_token } = await postJson(`${server.url}/spree_oauth/token`, {
        grant_type: 'password',
        username: 'joe@example.com',
        password: 'canary-password-of-joe',
      })
      while (working) {
        const answer = await postJson(`${server.url}/spree_oauth/token`, {
          grant_type: 'refresh_token',
          refresh_token,
        })
        refresh_token = answer.refresh_token
        answered.push(answer.access_token)
      }
    }
    const workers = Array.from({ length: 4 }, work)
    for (let round = 0; round < 3; round++) {
      const from = answered.length
      while (answered.length < from + 100) await new Promise((resolve) => setImmediate(resolve))
      const known = [...answered]
      const file = `copy-${round}.db`
      const { code } = await place.run(['backup', file])
      expect(code).toBe(0)
      expect(readdirSync(place.directory).filter((name) => name.startsWith('copy-')).length).toBe(round + 1)
      const database = new DatabaseSync(place.path(file), { readOnly: true })
      const torn = database.prepare(
        `select count(*) as count from tokens as spent where successor is not null
          and not exists (select 1 from tokens where tokens.key = spent.successor)`,
      )
      const rows = database.prepare('select count(*) as count from tokens')
      expect(torn.get()?.count).toBe(0)
      expect(Number(rows.get()?.count)).toBeGreaterThanOrEqual(known.length)
      database.close()
    }
    working = false
    await Promise.all(workers)
    await stop(server)
  })

  it('is for its owner alone, and says what is not in it', async () => {
    await place.run(['apply'])
    const { code, stdout, stderr } = await place.run(['backup', 'copy.db'])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^Copied sqlite:data\/mintkeeper\.db to \/.*\/copy\.db \([\d.]+ KiB\), and checked/,
    )
    expect(stderr).toContain('The master key is not in it: keep the file data/mintkeeper.db.key')
    expect(statSync(place.path('copy.db')).mode & 0o777).toBe(0o600)
    const report = await place.json(['backup', 'second.db'])
    expect(report).toEqual({
      file: expect.stringMatching(/second\.db$/),
      bytes: statSync(place.path('second.db')).size,
      masterKeyFile: 'data/mintkeeper.db.key',
    })
  })

  it('overwrites nothing', async () => {
    await place.run(['apply'])
    place.write('copy.db', 'the only one')
    const { code, stdout, stderr } = await place.run(['backup', 'copy.db'])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('there is such a file already')
    expect(place.read('copy.db')).toBe('the only one')
  })

  it('of a damaged database fails, and leaves nothing that looks like one', async () => {
    await place.run(['apply'])
    // The last page, which is one of a table or an index.
    const path = place.path('data/mintkeeper.db')
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(200, 0xee), 0, 200, statSync(path).size - 4096)
    closeSync(file)
    const { code, stderr } = await place.run(['backup', 'copy.db'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/the copy is damaged|could not be copied/)
    expect(readdirSync(place.directory).filter((name) => name.startsWith('copy'))).toEqual([])
  })

  it.each([
    [['backup', 'copy.db', '--database', 'sqlite:typo.db'], 'There is no database sqlite:typo.db'],
    [['backup', 'copy.db', '--database', 'memory:'], 'is kept nowhere'],
    [['backup', 'copy.db', '--database', 'postgres://me:secret@db.example/mint'], 'use pg_dump'],
    [['backup', 'missing/copy.db'], 'it can not be made'],
  ])('%j is refused', async (args, message) => {
    await place.run(['apply'])
    const { code, stdout, stderr } = await place.run(args)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('secret')
    expect(existsSync(place.path('copy.db'))).toBe(false)
  })
})
