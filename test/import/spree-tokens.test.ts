/** Tokens of the sample at the surface spree, after they were imported from its dump. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  beforeSpree44,
  HASHED_APP,
  OLD_APP,
  openShop,
  PAGE,
  SAMPLE,
  type Shop,
  temporaryFile,
  tokensOf,
} from './shop.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})

/** The sample, with something in it replaced. */
function sampleWith(from: string | RegExp, to: string): string {
  const text = readFileSync(SAMPLE, 'utf8')
  expect(text).toMatch(from)
  return temporaryFile('dump.sql', text.replaceAll(from, to))
}

const LIVE = [
  ['stored as SHA-256', 1, 2, '', null],
  ['of an application', 2, 1, 'admin', HASHED_APP],
  ['stored plain', 4, 2, '', null],
] as const

describe.each(LIVE)('a live token %s', (_what, id, owner, scope, client) => {
  test('is told about as before', async () => {
    await shop.import({ from: SAMPLE })
    const { access } = tokensOf(id)
    expect(await shop.info(access)).toMatchObject({
      status: 200,
      body: {
        resource_owner_id: owner,
        scope: scope === '' ? [] : [scope],
        application: { uid: client?.client_id ?? null },
        created_at: Date.parse('2026-11-01T10:00:00Z') / 1000,
      },
    })
    expect((await shop.introspect(access)).body).toMatchObject({
      active: true,
      scope,
      client_id: client?.client_id ?? null,
    })
  })

  test('is refreshed, and lives as long as the one before', async () => {
    await shop.import({ from: SAMPLE })
    const { access, refresh } = tokensOf(id)
    const answer = await shop.refresh(refresh, client ?? undefined)
    expect(answer).toMatchObject({
      status: 200,
      body: { expires_in: id === 4 ? 7200 : 2629746, token_type: 'Bearer' },
    })
    expect((await shop.info(answer.body.access_token)).body.resource_owner_id).toBe(owner)
    // Seen, it takes the place of the one before.
    expect((await shop.info(access)).status).toBe(401)
  })

  test('is revoked for good, by either of the two', async () => {
    for (const which of ['access', 'refresh'] as const) {
      const other = await openShop()
      await other.import({ from: SAMPLE })
      const tokens = tokensOf(id)
      expect(await other.revoke(tokens[which], client ?? undefined)).toEqual({ status: 200, body: {} })
      expect((await other.info(tokens.access)).status).toBe(401)
      expect((await other.refresh(tokens.refresh, client ?? undefined)).status).toBe(400)
      await other.import({ from: SAMPLE, allTokens: true })
      expect((await other.info(tokens.access)).status).toBe(401)
    }
  })

  test('expires when it would have', async () => {
    await shop.import({ from: SAMPLE })
    const { access, refresh } = tokensOf(id)
    shop.advance((id === 4 ? 7200 : 2629746) - 3601)
    expect((await shop.info(access)).body).toMatchObject({ expires_in: 1 })
    shop.advance(1)
    expect((await shop.info(access)).status).toBe(401)
    // Refresh tokens of Spree have no end.
    expect((await shop.refresh(refresh, client ?? undefined)).status).toBe(200)
  })
})

test('what was revoked here stays so when nothing is known of it any more, and the same data is read again', async () => {
  await shop.import({ from: SAMPLE })
  const { refresh } = tokensOf(4)
  await shop.revoke(refresh)
  shop.advance(40 * 86_400)
  await shop.store.purge(Math.floor(shop.nowMs() / 1000) - 86_400, 1000)
  const report = await shop.import({ from: SAMPLE })
  expect(report.token).toMatchObject({ imported: 0, leftOut: { 'seen by an earlier import': 8 } })
  expect((await shop.refresh(refresh)).status).toBe(400)
  expect((await shop.refresh(tokensOf(1).refresh)).status).toBe(200)
})

test('what was issued after an earlier import comes with the next', async () => {
  await shop.import({ from: SAMPLE })
  shop.advance(30 * 86_400)
  const later = /VALUES \(4, 2, NULL, 'D+', 'd+', 7200, NULL, '2026-11-01/g
  const from = sampleWith(later, "VALUES (4, 2, NULL, 'NEW', 'new', 7200, NULL, '2026-11-02")
  expect((await shop.import({ from })).token.imported).toBe(1)
  expect((await shop.refresh('new')).status).toBe(200)
})

test('T016 what is stored is no token, whatever it is the hash of', async () => {
  await shop.import({ from: SAMPLE })
  for (const [stored = ''] of readFileSync(SAMPLE, 'utf8').matchAll(/\b[0-9a-f]{64}\b/g)) {
    expect((await shop.info(stored)).status).toBe(401)
    expect((await shop.refresh(stored)).status).toBe(400)
    expect((await shop.introspect(stored)).body).toEqual({ active: false })
  }
})

test('of a client is its own, and has no refresh token', async () => {
  await shop.import({ from: SAMPLE })
  const { body } = await shop.info(tokensOf(3).access)
  expect(body).toMatchObject({
    resource_owner_id: null,
    scope: ['admin'],
    application: { uid: HASHED_APP.client_id },
  })
  expect((await shop.introspect(tokensOf(3).access, OLD_APP)).body).toEqual({ active: false })
})

test('that never expires lives on', async () => {
  await shop.import({ from: SAMPLE })
  shop.advance(10 * 365 * 86_400)
  const { status, body } = await shop.info(tokensOf(7).access)
  expect(status).toBe(200)
  expect(body.expires_in).toBeNull()
})

test('that is revoked, or whose user is gone, does not come', async () => {
  const report = await shop.import({ from: SAMPLE })
  expect(report.token).toMatchObject({
    found: 10,
    imported: 8,
    known: 0,
    leftOut: { revoked: 1 },
    refused: 1,
  })
  for (const id of [6, 10]) expect((await shop.info(tokensOf(id).access)).status).toBe(401)
})

test('that has expired does not come, unless its refresh token works', async () => {
  shop.advance(2 * 3600)
  const dump = sampleWith("'ddddddddddddddddddddddddddddddddddddddddddd'", 'NULL')
  expect((await shop.import({ from: dump })).token.leftOut).toEqual({ revoked: 1, expired: 1 })
  expect((await shop.info(tokensOf(8).access)).status).toBe(401)
  expect((await shop.refresh(tokensOf(8).refresh)).status).toBe(200)
})

test('has the end that the surface gives refresh tokens, from its issue on', async () => {
  const strict = await openShop({}, { refreshExpiresIn: 7200 })
  await strict.import({ from: SAMPLE })
  strict.advance(3599)
  expect((await strict.refresh(tokensOf(1).refresh)).status).toBe(200)
  strict.advance(1)
  expect((await strict.refresh(tokensOf(4).refresh)).status).toBe(400)
})

describe('64 hexadecimal digits', () => {
  const { access, refresh } = tokensOf(5)

  test('are taken for a hash if they are not old: what is stored must not work', async () => {
    await shop.import({ from: SAMPLE })
    expect((await shop.info(access)).status).toBe(401)
  })

  test('are the token itself before July 2019', async () => {
    const row = /VALUES \(5, 2, NULL, ('1e[^']+', '2f[^']+'), 7200, NULL, '2026-11-01/g
    const dump = sampleWith(row, "VALUES (5, 2, NULL, $1, 7200, NULL, '2019-06-30")
    await shop.import({ from: temporaryFile('dump.sql', beforeSpree44(readFileSync(dump, 'utf8'))) })
    expect((await shop.introspect(access)).body).toEqual({ active: false })
    const answer = await shop.refresh(refresh)
    expect(answer.status).toBe(200)
    expect((await shop.info(answer.body.access_token)).status).toBe(200)
  })

  test('are not the token itself where Spree stores what is used as SHA-256, however old', async () => {
    const row = /VALUES \(5, 2, NULL, ('1e[^']+', '2f[^']+'), 7200, NULL, '2026-11-01/g
    await shop.import({ from: sampleWith(row, "VALUES (5, 2, NULL, $1, 7200, NULL, '2019-06-30") })
    expect((await shop.refresh(refresh)).status).toBe(400)
  })

  test('are the token itself before a day that the operator knows', async () => {
    await shop.import({ from: SAMPLE, plainHexBefore: Date.UTC(2027, 0) / 1000 })
    expect((await shop.info(access)).status).toBe(200)
    expect((await shop.info(createHash('sha256').update(access).digest('hex'))).status).toBe(401)
  })
})

describe('a token that was refreshed, and whose successor nobody has used', () => {
  const [parent, child] = [tokensOf(8), tokensOf(9)]

  test('works like its successor', async () => {
    await shop.import({ from: SAMPLE })
    expect((await shop.introspect(parent.refresh)).body.active).toBe(true)
    expect((await shop.refresh(parent.refresh)).status).toBe(200)
    expect((await shop.info(child.access)).status).toBe(200)
  })

  test.each([
    ['is shown', async () => void (await shop.info(child.access))],
    ['is refreshed', async () => void (await shop.refresh(child.refresh))],
  ])('ends, both of it, when its successor %s', async (_what, use) => {
    await shop.import({ from: SAMPLE })
    expect((await shop.info(parent.access)).status).toBe(200)
    await use()
    expect((await shop.info(parent.access)).status).toBe(401)
    expect((await shop.refresh(parent.refresh)).status).toBe(400)
  })

  test('is revoked with its successor', async () => {
    await shop.import({ from: SAMPLE })
    await shop.revoke(child.refresh)
    expect((await shop.refresh(parent.refresh)).status).toBe(400)
  })

  test('comes before it, whatever their order in the source', async () => {
    const lines = readFileSync(SAMPLE, 'utf8').trimEnd().split('\n')
    const dump = temporaryFile('dump.sql', [...lines.slice(0, -10), ...lines.slice(-10).reverse()].join('\n'))
    await shop.import({ from: dump })
    await shop.info(child.access)
    expect((await shop.refresh(parent.refresh)).status).toBe(400)
  })
})

test('has the secrets of the applications beside it: bcrypt, plain, and those of none', async () => {
  await shop.import({ from: SAMPLE })
  for (const client of [HASHED_APP, OLD_APP]) {
    const answer = await shop.token({ grant_type: 'client_credentials', scope: 'admin', ...client })
    expect(answer).toMatchObject({ status: 200, body: { scope: 'admin' } })
    const wrong = { ...client, client_secret: `${client.client_secret}x` }
    expect((await shop.token({ grant_type: 'client_credentials', ...wrong })).status).toBe(401)
  }
  const login = {
    grant_type: 'password',
    username: 'admin@example.com',
    password: 'spree123',
    scope: 'admin',
  }
  expect((await shop.token({ ...login, client_id: PAGE.client_id })).body.scope).toBe('admin')
})
