import { describe, expect, it } from 'vitest'
import type { TokenRow } from '../../src/store/rows.ts'
import { BASE, createAdminHarness } from './harness.ts'
import { login, refresh, setUp } from './logins.ts'

const TOKENS = `${BASE}/tokens`

describe('the list of tokens', () => {
  it('tells what was issued, newest first, and nothing that could be used', async () => {
    const { harness, shop } = await setUp()
    const first = await login(harness, 'ada')
    harness.advance(5)
    const second = await login(harness, 'eve', shop)
    const { text, body } = await harness.admin('GET', TOKENS)
    const issuedAt = harness.now()
    expect(body).toEqual({
      items: [
        {
          id: expect.stringMatching(/^[0-9a-z]+$/),
          surface: 'spree',
          grant: 'password',
          user: 'auth0|eve',
          client: 'shop',
          scope: '',
          issuedAt,
          expiresAt: issuedAt + 7200,
          refreshExpiresAt: null,
          state: 'active',
          family: body.items[0].id,
        },
        expect.objectContaining({ user: 'auth0|ada', client: null, issuedAt: issuedAt - 5, state: 'active' }),
      ],
      next: null,
    })
    for (const token of [first, second].flatMap((answer) => [answer.access_token, answer.refresh_token])) {
      expect(text).not.toContain(token)
      expect(text).not.toContain(token.slice(0, 9))
    }
  })

  it('is narrowed to a user, a client or both', async () => {
    const { harness, shop, erp } = await setUp()
    await login(harness, 'ada', shop)
    await login(harness, 'ada', erp)
    await login(harness, 'eve', erp)
    await login(harness, 'eve')
    const holders = async (query: string) => {
      const { items } = (await harness.admin('GET', `${TOKENS}?${query}`)).body
      return items.map(({ user, client }: { user: string; client: string }) => `${user.slice(6)} ${client}`)
    }
    expect(await holders('')).toEqual(['eve null', 'eve erp', 'ada erp', 'ada shop'])
    expect(await holders('user=auth0%7Cada')).toEqual(['ada erp', 'ada shop'])
    expect(await holders('client=erp')).toEqual(['eve erp', 'ada erp'])
    expect(await holders('client=erp&user=auth0|eve')).toEqual(['eve erp'])
    expect(await holders('client=nobody')).toEqual([])
  })

  it('says in which state each is', async () => {
    const { harness } = await setUp()
    const states = async () => {
      const { items } = (await harness.admin('GET', TOKENS)).body
      return items.map(({ state }: { state: string }) => state)
    }
    const { refresh_token, access_token } = await login(harness, 'ada')
    expect(await states()).toEqual(['active'])
    expect((await refresh(harness, refresh_token)).status).toBe(200)
    expect(await states()).toEqual(['active', 'spent'])
    const { items } = (await harness.admin('GET', TOKENS)).body
    expect(items[0].family).toBe(items[1].id)
    await harness.post('/spree_oauth/revoke', { token: access_token })
    expect((await states())[1]).toBe('revoked')
    await login(harness, 'eve')
    await harness.admin('PATCH', `${BASE}/users/auth0%7Ceve`, { body: { disabled: true } })
    expect((await states())[0]).toBe('revoked')
    await harness.admin('PATCH', `${BASE}/users/auth0%7Ceve`, { body: { disabled: false } })
    expect((await states())[0]).toBe('revoked')
  })

  const row: TokenRow = {
    key: 5000,
    tenant: 'dodici',
    surface: 'standard',
    clientId: null,
    userId: null,
    grantType: 'client_credentials',
    scope: ['a', 'b'],
    accessScope: ['a'],
    issuedAt: 1_767_225_600,
    accessHash: new Uint8Array(32),
    accessExpiresAt: 1_767_225_700,
    refreshHash: new Uint8Array(32).fill(1),
    refreshExpiresAt: 1_767_225_800,
    familyExpiresAt: null,
    family: null,
    parent: null,
    successor: null,
    spentAt: null,
    supersededAt: null,
    seenAt: null,
    revokedAt: null,
    jkt: null,
  }
  it.each([
    ['both live', {}, 0, 'active'],
    ['the refresh token only', {}, 100, 'active'],
    ['a refresh token without an end', { refreshExpiresAt: null }, 1e9, 'active'],
    ['neither', {}, 200, 'expired'],
    ['no refresh token', { refreshHash: null, refreshExpiresAt: null }, 100, 'expired'],
    ['an imported access token without an end', { accessExpiresAt: null, refreshHash: null }, 1e9, 'active'],
    ['no access token', { accessExpiresAt: null, accessHash: null, refreshHash: null }, 0, 'expired'],
    ['a superseded one', { supersededAt: 1, refreshHash: null }, 0, 'expired'],
    ['the end of the family', { familyExpiresAt: 1_767_225_700 }, 100, 'expired'],
    ['a spent one', { spentAt: 1 }, 0, 'spent'],
    ['a spent and revoked one', { spentAt: 1, revokedAt: 2 }, 0, 'revoked'],
    ['one of a deleted user', { userId: 'gone' }, 0, 'revoked'],
    ['one of a deleted client', { clientId: 'gone' }, 0, 'revoked'],
  ])('tells the state of %s', async (_, columns, seconds, state) => {
    const harness = await createAdminHarness()
    await harness.store.issue({ spend: null, extend: null, rehash: null, row: { ...row, ...columns } })
    harness.advance(seconds)
    const { items } = (await harness.admin('GET', TOKENS)).body
    expect(items).toHaveLength(1)
    expect(items[0]).toMatchObject({ state, scope: 'a b', id: (5000).toString(36) })
  })
})
