/** Databases of earlier releases, brought up to date by this one. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { migrateSqlite, readSqliteSchema } from '../../../src/stores/sqlite/database.ts'
import type { Harness } from '../../harness.ts'
import { newPath } from '../sqlite-file.ts'
import { restore, schemaOf } from './dump.ts'
import { type IssuedTokens, isActive, open, PASSWORD, SHOP, TILL } from './installation.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
const NAMES = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.sql'))
  .map((name) => name.slice(0, -4))
const clock = () => 0

it('T193 every step of the schema has a fixture: see make-fixture.ts', async () => {
  const path = newPath()
  await migrateSqlite({ path, clock })
  expect(NAMES).toEqual((await readSqliteSchema({ path, clock })).applied)
})

it('T193 a database that was brought up to date has the very schema of a new one', async () => {
  const fresh = newPath()
  await migrateSqlite({ path: fresh, clock })
  for (const name of NAMES) {
    const path = newPath()
    restore(readFileSync(join(FIXTURES, `${name}.sql`), 'utf8'), path)
    await migrateSqlite({ path, clock })
    expect(schemaOf(path)).toEqual(schemaOf(fresh))
  }
})

describe.each(NAMES)('T193 a database of schema %s', (name) => {
  const tokens: IssuedTokens = JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8'))
  let harness: Harness
  beforeEach(async () => {
    const path = newPath()
    restore(readFileSync(join(FIXTURES, `${name}.sql`), 'utf8'), path)
    harness = await open(path, 60)
    return () => harness.store.close()
  })

  async function refresh(path: string, form: Readonly<Record<string, string>>) {
    return await harness.post(path, { grant_type: 'refresh_token', ...form })
  }

  it('has its access tokens alive, JWTs by their keys, and what was revoked dead', async () => {
    const { newstore, spree, rotated, machineJwt, machineOpaque, revoked } = tokens
    for (const { access } of [newstore, spree, rotated]) expect(await isActive(harness, access)).toBe(true)
    for (const token of [machineJwt, machineOpaque]) expect(await isActive(harness, token)).toBe(true)
    for (const token of revoked) expect(await isActive(harness, token)).toBe(false)
  })

  it('has its refresh tokens redeemed on every surface, once each where they rotate', async () => {
    const { newstore, spree, rotated } = tokens
    const kept = await refresh('/v0/refresh_token', { refresh_token: newstore.refresh })
    expect([kept.status, kept.json().refresh_token]).toEqual([200, newstore.refresh])
    const ofSpree = await refresh('/spree_oauth/token', { refresh_token: spree.refresh })
    expect(ofSpree.status).toBe(200)
    const next = await refresh('/oauth/token', { ...TILL, refresh_token: rotated.refresh })
    expect(next.status).toBe(200)
    for (const answer of [kept, ofSpree, next]) {
      expect(await isActive(harness, answer.json().access_token)).toBe(true)
    }
  })

  it('still knows the refresh token that was spent: its reuse ends the family', async () => {
    const { rotated } = tokens
    const reuse = await refresh('/oauth/token', { ...TILL, refresh_token: rotated.spent })
    expect([reuse.status, reuse.json().error]).toEqual([400, 'invalid_grant'])
    expect(await isActive(harness, rotated.refresh)).toBe(false)
  })

  it('has its audit log, whole', async () => {
    const { events, faults } = await harness.store.verifyAudit([])
    if (name === '0006-audit-additive') expect(events).toBe(3)
    expect(faults).toEqual([])
  })

  it('has its users and clients, with their passwords and secrets', async () => {
    const login = { grant_type: 'password', username: 'ann@example.com', password: PASSWORD }
    for (const client of [SHOP, TILL]) {
      expect((await harness.post('/oauth/token', { ...login, ...client })).status).toBe(200)
      expect(
        (await harness.post('/oauth/token', { ...client, grant_type: 'client_credentials' })).status,
      ).toBe(200)
      const wrong = { ...client, client_secret: 'wrong', grant_type: 'client_credentials' }
      expect((await harness.post('/oauth/token', wrong)).status).toBe(401)
    }
  })
})
