/** Logins on the Spree surface, with or without a client, whose tokens operators look at and end. */
import { expect } from 'vitest'
import { type AdminHarness, createAdminHarness } from './harness.ts'

/** A login on the Spree surface, with or without a client. */
export async function login(
  { post }: AdminHarness,
  username: string,
  client: Readonly<Record<string, string>> = {},
) {
  const answer = await post('/spree_oauth/token', {
    grant_type: 'password',
    username,
    password: 'secret',
    ...client,
  })
  expect(answer.status).toBe(200)
  return answer.json() as { readonly access_token: string; readonly refresh_token: string }
}

/** The answer to a refresh there. */
export async function refresh(
  { post }: AdminHarness,
  refresh_token: string,
  client: Readonly<Record<string, string>> = {},
) {
  return await post('/spree_oauth/token', { grant_type: 'refresh_token', refresh_token, ...client })
}

/** Two users, two clients, and everything they can have. */
export async function setUp() {
  const harness = await createAdminHarness()
  const ada = await harness.user({ id: 'auth0|ada', username: 'ada', password: 'secret' })
  const eve = await harness.user({ id: 'auth0|eve', username: 'eve', password: 'secret' })
  const shop = await harness.client({ id: 'shop', accessToken: 'jwt' })
  const erp = await harness.client({ id: 'erp', accessToken: 'opaque' })
  const of = ({ id, secret }: typeof shop) => ({ client_id: id, client_secret: secret })
  return { harness, ada, eve, shop: of(shop), erp: of(erp) }
}
