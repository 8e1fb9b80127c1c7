import { describe, expect, it } from 'vitest'
import { revokeTokens, revokeTokensBefore } from '../../src/admin/operations/tokens.ts'
import { TENANT } from '../harness.ts'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'

const REVOCATIONS = `${BASE}/revocations`
const OTHER = { ...TENANT, id: 'other', hosts: ['other.example'], issuer: 'https://other.example/' }

interface Tokens {
  readonly access: string
  readonly refresh: string | null
}

/** A tenant with a user, a client of JWTs, one of opaque tokens, and a resource server. */
async function setUp() {
  const harness = await createAdminHarness({ tenants: [TENANT, OTHER] })
  await harness.user({ username: 'ada', password: 'secret' })
  const shop = await harness.client({ id: 'shop', accessToken: 'jwt', scopes: [] })
  const erp = await harness.client({ id: 'erp', accessToken: 'opaque', scopes: [] })
  const api = await harness.client({ id: 'api', introspect: 'any' })
  const of = ({ id, secret }: typeof shop) => ({ client_id: id, client_secret: secret })

  async function issue(path: string, form: Readonly<Record<string, string>>): Promise<Tokens> {
    const answer = await harness.post(path, form)
    expect([path, answer.status]).toEqual([path, 200])
    const { access_token: access, refresh_token: refresh = null } = answer.json()
    return { access, refresh }
  }
  /** One of every kind there is. */
  async function issueAll(): Promise<readonly Tokens[]> {
    const login = { grant_type: 'password', username: 'ada', password: 'secret' }
    const machine = { grant_type: 'client_credentials' }
    return [
      await issue('/v0/token', login),
      await issue('/spree_oauth/token', login),
      await issue('/spree_oauth/token', { ...login, ...of(shop) }),
      await issue('/spree_oauth/token', { ...machine, ...of(shop) }),
      await issue('/oauth/token', { ...machine, ...of(shop) }),
      await issue('/oauth/token', { ...machine, ...of(erp) }),
    ]
  }
  async function areActive(all: readonly Tokens[]): Promise<readonly boolean[]> {
    const texts = all.flatMap(({ access, refresh }) => (refresh === null ? [access] : [access, refresh]))
    return await Promise.all(
      texts.map(async (token) => {
        const answer = await harness.post('/oauth/introspect', { token, ...of(api) })
        return answer.json().active
      }),
    )
  }
  return { harness, issueAll, areActive, shop: of(shop) }
}

async function revokeBefore({ admin }: AdminHarness, issuedBefore: unknown) {
  return await admin('POST', REVOCATIONS, { body: { issuedBefore } })
}

describe('T017 a revocation of all tokens issued before a time', () => {
  it('ends every kind of them, and none that was issued from then on', async () => {
    const { harness, issueAll, areActive } = await setUp()
    const before = await issueAll()
    harness.advance(1)
    const after = await issueAll()
    expect(new Set([...(await areActive(before)), ...(await areActive(after))])).toEqual(new Set([true]))
    expect((await revokeBefore(harness, harness.now())).status).toBe(204)
    expect(new Set(await areActive(before))).toEqual(new Set([false]))
    expect(new Set(await areActive(after))).toEqual(new Set([true]))
  })

  it('refuses their refresh, and lets new logins be', async () => {
    const { harness, issueAll, areActive, shop } = await setUp()
    const [newstore, spree, ofShop] = await issueAll()
    harness.advance(60)
    await revokeBefore(harness, harness.now())
    const refresh = (path: string, refresh_token: string | null | undefined, client = {}) =>
      harness.post(path, { grant_type: 'refresh_token', refresh_token: refresh_token ?? '', ...client })
    expect((await refresh('/v0/refresh_token', newstore?.refresh)).status).toBe(403)
    expect((await refresh('/spree_oauth/token', spree?.refresh)).status).toBe(400)
    expect((await refresh('/spree_oauth/token', ofShop?.refresh, shop)).status).toBe(400)
    expect(new Set(await areActive(await issueAll()))).toEqual(new Set([true]))
  })

  it('is done again with the same outcome, and an earlier time revives nothing', async () => {
    const { harness, issueAll, areActive } = await setUp()
    const before = await issueAll()
    harness.advance(100)
    for (const time of [harness.now(), harness.now(), harness.now() - 90, 0]) {
      expect((await revokeBefore(harness, time)).status).toBe(204)
      expect(new Set(await areActive(before))).toEqual(new Set([false]))
    }
  })

  it('holds for users and clients that this database gets to know only later', async () => {
    const { harness, areActive } = await setUp()
    const jwt = async (client: Readonly<Record<string, string>>) => {
      const answer = await harness.post('/oauth/token', { grant_type: 'client_credentials', ...client })
      return { access: answer.json().access_token, refresh: null }
    }
    const created = await harness.client({ id: 'late' })
    const token = await jwt({ client_id: 'late', client_secret: created.secret })
    // As in a backup from before the client was made: it is not there, nor is it known that there was one.
    await harness.store.deleteClient('dodici', 'late')
    harness.advance(1)
    await revokeBefore(harness, harness.now())
    const { body } = await harness.admin('POST', `${BASE}/clients`, { body: { id: 'late' } })
    expect(await areActive([token])).toEqual([false])
    expect(await areActive([await jwt({ client_id: 'late', client_secret: body.secret })])).toEqual([true])
  })

  it('up to now has those of this very second too, whatever was ended in it before', async () => {
    const { harness, issueAll, areActive } = await setUp()
    await revokeTokens(harness.operations, 'dodici', { client: 'shop' })
    await revokeTokens(harness.operations, 'dodici', { client: 'shop' })
    const before = await issueAll()
    await revokeTokensBefore(harness.operations, 'dodici', 'now')
    expect(new Set(await areActive(before))).toEqual(new Set([false]))
    const after = await issueAll()
    expect(new Set(await areActive(after))).toEqual(new Set([true]))
    await revokeTokens(harness.operations, 'dodici', { client: 'shop' })
    expect((await areActive(after)).includes(false)).toBe(true)
  })

  it('up to now ends what was issued since the last one, in the same second too', async () => {
    const { harness, issueAll, areActive } = await setUp()
    for (let count = 0; count < 3; count++) {
      const tokens = await issueAll()
      expect(new Set(await areActive(tokens))).toEqual(new Set([true]))
      await revokeTokensBefore(harness.operations, 'dodici', 'now')
      expect(new Set(await areActive(tokens))).toEqual(new Set([false]))
    }
  })

  it('stays within its tenant', async () => {
    const { harness, issueAll, areActive } = await setUp()
    const tokens = await issueAll()
    harness.advance(1)
    await harness.admin('POST', '/admin/v1/tenants/other/revocations', {
      body: { issuedBefore: harness.now() },
    })
    expect(new Set(await areActive(tokens))).toEqual(new Set([true]))
  })

  it.each([
    ['a time to come', (now: number) => ({ issuedBefore: now + 1 })],
    ['a fraction', (now: number) => ({ issuedBefore: now - 0.5 })],
    ['a negative time', () => ({ issuedBefore: -1 })],
    ['text', () => ({ issuedBefore: 'now' })],
    ['a user besides', (now: number) => ({ issuedBefore: now, user: 'x' })],
    ['a token besides', (now: number) => ({ issuedBefore: now, token: 'x' })],
  ])('refuses %s, and ends nothing', async (_what, body) => {
    const { harness, issueAll, areActive } = await setUp()
    const tokens = await issueAll()
    const answer = await harness.admin('POST', REVOCATIONS, { body: body(harness.now()) })
    expect(answer.status).toBe(400)
    expect(new Set(await areActive(tokens))).toEqual(new Set([true]))
  })
})
