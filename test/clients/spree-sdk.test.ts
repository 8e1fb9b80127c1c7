/** Spree's own SDK, as storefronts use it: JSON bodies, a Bearer header beside them. */
import axiosFetcher from '@spree/axios-fetcher'
import type { IOAuthToken } from '@spree/storefront-api-v2-sdk'
import sdk from '@spree/storefront-api-v2-sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from './server.ts'
import { SPREE_USER } from './tenant.ts'

const createFetcher = 'default' in axiosFetcher ? axiosFetcher.default : axiosFetcher

let server: RunningServer
let client: ReturnType<typeof sdk.makeClient>

beforeAll(async () => {
  server = await startServer()
  client = sdk.makeClient({ host: server.origin, createFetcher })
})
afterAll(() => server.close())

async function login(): Promise<IOAuthToken> {
  return (await client.authentication.getToken({ ...SPREE_USER })).success()
}

/** What the token says about itself, as Spree's own API would ask. */
async function tokenInfo(accessToken: string): Promise<Response> {
  return await fetch(`${server.origin}/spree_oauth/token/info`, {
    headers: { authorization: `Bearer ${accessToken}` },
  })
}

describe('authentication.getToken', () => {
  test('gives the members of the document and nothing else', async () => {
    const token = await login()
    expect(token).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 7200,
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      created_at: expect.closeTo(Date.now() / 1000, -1),
    })
    expect(await (await tokenInfo(token.access_token)).json()).toMatchObject({
      resource_owner_id: 1,
      scope: [],
    })
  })

  test('gives a fresh pair each time', async () => {
    const [one, other] = [await login(), await login()]
    expect(one.access_token).not.toBe(other.access_token)
    expect(one.refresh_token).not.toBe(other.refresh_token)
  })

  test('fails with the error Doorkeeper has, as the SDK wraps it', async () => {
    const result = await client.authentication.getToken({ ...SPREE_USER, password: 'wrong' })
    expect(result.isFail()).toBe(true)
    expect(result.fail()).toMatchObject({
      name: 'BasicSpreeError',
      summary: 'invalid_grant',
      serverResponse: { status: 400 },
    })
  })

  test('works with an expired or unknown bearer token beside it', async () => {
    const result = await client.authentication.getToken({ bearer_token: 'no-such-token', ...SPREE_USER })
    expect(result.isSuccess()).toBe(true)
  })
})

describe('authentication.refreshToken', () => {
  test('gives a successor that works', async () => {
    const first = await login()
    const second = (
      await client.authentication.refreshToken({ refresh_token: first.refresh_token })
    ).success()
    expect(second.access_token).not.toBe(first.access_token)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect((await tokenInfo(second.access_token)).status).toBe(200)
  })

  test('a lost answer costs nothing: the same token again gives the very same successor', async () => {
    const first = await login()
    const attempts = await Promise.all(
      Array.from({ length: 5 }, () =>
        client.authentication.refreshToken({ refresh_token: first.refresh_token }),
      ),
    )
    const [one, ...others] = attempts.map((attempt) => attempt.success())
    for (const other of others) expect(other).toEqual(one)
  })

  test('the parent ends when the new access token is first used', async () => {
    const first = await login()
    const parent = { refresh_token: first.refresh_token }
    const second = (await client.authentication.refreshToken(parent)).success()
    expect((await tokenInfo(first.access_token)).status).toBe(200)
    expect((await tokenInfo(second.access_token)).status).toBe(200)
    expect((await tokenInfo(first.access_token)).status).toBe(401)
  })

  test('fails for a token nobody was given', async () => {
    const result = await client.authentication.refreshToken({ refresh_token: 'x'.repeat(43) })
    expect(result.fail()).toMatchObject({ serverResponse: { status: 400 } })
  })
})

describe('authentication.revokeToken', () => {
  test('ends the access token and its refresh token', async () => {
    const token = await login()
    const result = await client.authentication.revokeToken({
      bearer_token: token.access_token,
      token: token.refresh_token,
    })
    expect(result.success()).toEqual({})
    expect((await tokenInfo(token.access_token)).status).toBe(401)
    const refreshed = await client.authentication.refreshToken({ refresh_token: token.refresh_token })
    expect(refreshed.isFail()).toBe(true)
  })

  test('is not bothered by an unknown token', async () => {
    expect((await client.authentication.revokeToken({ token: 'unknown' })).success()).toEqual({})
  })
})
