/** simple-oauth2, against the standard surface and Spree's. */
import { ClientCredentials, type ModuleOptions, ResourceOwnerPassword } from 'simple-oauth2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from './server.ts'
import { AWKWARD_CLIENT, DOCUMENT_CLIENT, SPREE_USER } from './tenant.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const PATHS = {
  standard: { tokenPath: '/oauth/token', revokePath: '/oauth/revoke' },
  spree: { tokenPath: '/spree_oauth/token', revokePath: '/spree_oauth/revoke' },
} as const

type Surface = keyof typeof PATHS

function moduleOptions(
  surface: Surface,
  client: { readonly id: string; readonly secret: string },
  options: ModuleOptions['options'] = {},
): ModuleOptions {
  return { client, auth: { tokenHost: server.origin, ...PATHS[surface] }, options }
}

async function introspect(surface: Surface, token: string): Promise<unknown> {
  const response = await fetch(
    server.origin + { standard: '/oauth/introspect', spree: '/spree_oauth/introspect' }[surface],
    {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${DOCUMENT_CLIENT.id}:${DOCUMENT_CLIENT.secret}`)}` },
      body: new URLSearchParams({ token }),
    },
  )
  return await response.json()
}

describe.each([
  { surface: 'standard', authorizationMethod: 'header', bodyFormat: 'form' },
  { surface: 'standard', authorizationMethod: 'body', bodyFormat: 'form' },
  { surface: 'spree', authorizationMethod: 'header', bodyFormat: 'form' },
  { surface: 'spree', authorizationMethod: 'body', bodyFormat: 'form' },
  { surface: 'spree', authorizationMethod: 'body', bodyFormat: 'json' },
] as const)('$surface, credentials in the $authorizationMethod, $bodyFormat', ({ surface, ...options }) => {
  test('ClientCredentials', async () => {
    const client = new ClientCredentials(moduleOptions(surface, DOCUMENT_CLIENT, options))
    const token = await client.getToken({ scope: 'admin' })
    expect(token.token).toMatchObject({ token_type: 'Bearer', scope: 'admin' })
    expect(token.expired()).toBe(false)
    expect(await introspect(surface, String(token.token.access_token))).toMatchObject({ active: true })
  })

  test('ResourceOwnerPassword: login, refresh, revokeAll', async () => {
    const client = new ResourceOwnerPassword(moduleOptions(surface, DOCUMENT_CLIENT, options))
    const first = await client.getToken({ ...SPREE_USER, scope: 'admin' })
    const second = await first.refresh()
    expect(second.token.access_token).not.toBe(first.token.access_token)
    expect(second.token.scope).toBe('admin')
    await second.revokeAll()
    expect(await introspect(surface, String(second.token.access_token))).toEqual({ active: false })
    await expect(second.refresh()).rejects.toMatchObject({ output: { statusCode: 400 } })
  })

  test('a wrong password', async () => {
    const client = new ResourceOwnerPassword(moduleOptions(surface, DOCUMENT_CLIENT, options))
    await expect(client.getToken({ ...SPREE_USER, password: 'wrong' })).rejects.toMatchObject({
      output: { statusCode: 400 },
      data: { payload: { error: 'invalid_grant' } },
    })
  })

  test('a wrong secret', async () => {
    const wrong = { ...DOCUMENT_CLIENT, secret: 'wrong' }
    const client = new ClientCredentials(moduleOptions(surface, wrong, options))
    await expect(client.getToken({})).rejects.toMatchObject({ output: { statusCode: 401 } })
  })
})

test('a secret with special characters is encoded the strict way on standard, the loose way on spree', async () => {
  const encodings = { standard: 'strict', spree: 'loose' } as const
  for (const surface of ['standard', 'spree'] as const) {
    const client = new ClientCredentials(
      moduleOptions(surface, AWKWARD_CLIENT, { credentialsEncodingMode: encodings[surface] }),
    )
    expect((await client.getToken({})).token.token_type).toBe('Bearer')
  }
})
