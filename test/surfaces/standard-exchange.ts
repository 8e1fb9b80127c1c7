import { expect } from 'vitest'
import type { ErrorCode } from '../../src/protocol/errors.ts'
import type { SurfaceSettings } from '../../src/protocol/policy.ts'
import type { ClientRow } from '../../src/store/rows.ts'
import { createHarness, type Harness, TENANT, type TestResponse } from '../harness.ts'

export const PASSWORD = 'V3lC4EvMV1X5h3HsB_VU'

export interface TestClient extends ClientRow {
  readonly secret: string
}

type Form = Readonly<Record<string, string>>

export interface Standard {
  readonly harness: Harness
  /** A client with a name of its own. */
  client(changes?: Partial<ClientRow> & { readonly secret?: string }): Promise<TestClient>
  /** The name of a new user with the password above. */
  user(changes?: Parameters<Harness['user']>[0]): Promise<{ readonly id: string; readonly username: string }>
  /** POSTs a form as a client (client_secret_basic, or client_id alone if it is public) at its tenant. */
  as(client: TestClient, path: string, form: Form): Promise<TestResponse>
  token(client: TestClient, form: Form): Promise<TestResponse>
  /** The members of a successful answer to a login. */
  login(client: TestClient, username: string, scope?: string): Promise<Answer>
  refresh(client: TestClient, refreshToken: string, scope?: string): Promise<TestResponse>
  introspect(client: TestClient, token: string): Promise<Record<string, unknown>>
}

export interface Answer {
  readonly access_token: string
  readonly refresh_token: string
  readonly scope: string
  readonly expires_in: number
}

/**
 * The surface at `{id}.example`, a tenant for each of the settings, with the password grant and with ES256, whose keys
 * are made quickly. The first one's host is that of the document.
 */
export function createStandard(
  settings: Readonly<Record<string, SurfaceSettings>> = {},
  surface: 'standard' | 'realm' = 'standard',
): Standard {
  const tenants = Object.entries({ main: {}, ...settings }).map(([id, own]) => ({
    ...TENANT,
    id,
    hosts: [`${id}.example`],
    issuer: `https://${id}.example/`,
    signingAlgorithm: 'ES256' as const,
    surfaces: {
      newstore: {},
      spree: {},
      standard: surface === 'standard' ? { passwordGrant: true, ...own } : { passwordGrant: true },
      realm: surface === 'realm' ? { passwordGrant: true, ...own } : { passwordGrant: true },
    },
  }))
  const harness = createHarness({ tenants })
  const pathOf = (tenant: string, endpoint: 'token' | 'introspect') => {
    if (surface === 'standard') return `/oauth/${endpoint}`
    const suffix = endpoint === 'token' ? 'token' : 'token/introspect'
    return `/auth/realms/${tenant}/protocol/openid-connect/${suffix}`
  }
  let serial = 0

  async function as(client: TestClient, path: string, form: Form): Promise<TestResponse> {
    const body = new URLSearchParams(client.public ? { client_id: client.id, ...form } : form).toString()
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      ...(!client.public && { authorization: basic(client.id, client.secret) }),
    }
    const response = await harness.send({ path, headers, body, host: `${client.tenant}.example` })
    expect(response.header('cache-control')).toBe('no-store')
    expect(response.header('pragma')).toBe('no-cache')
    return response
  }

  function token(client: TestClient, form: Form): Promise<TestResponse> {
    return as(client, pathOf(client.tenant, 'token'), form)
  }

  return {
    harness,
    as,
    token,
    client: (changes) =>
      harness.client({ id: `client${serial++}`, tenant: 'main', scopes: ['read', 'write'], ...changes }),
    user: (changes) =>
      harness.user({ username: `user${serial++}`, tenant: 'main', password: PASSWORD, ...changes }),
    async login(client, username, scope) {
      const asked = scope === undefined ? {} : { scope }
      const response = await token(client, { grant_type: 'password', username, password: PASSWORD, ...asked })
      expect(response.status).toBe(200)
      return response.json()
    },
    refresh(client, refreshToken, scope) {
      const asked = scope === undefined ? {} : { scope }
      return token(client, { grant_type: 'refresh_token', refresh_token: refreshToken, ...asked })
    },
    async introspect(client, token) {
      const response = await as(client, pathOf(client.tenant, 'introspect'), { token })
      expect(response.status).toBe(200)
      return response.json()
    },
  }
}

/** RFC 6749 §2.3.1: form-encoded, then Base64. */
export function basic(id: string, secret: string): string {
  const encoded = new URLSearchParams([[id, secret]]).toString().replace('=', ':')
  return `Basic ${Buffer.from(encoded).toString('base64')}`
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  invalid_client: 401,
  method_not_allowed: 405,
  not_found: 404,
}

/** RFC 6749 §5.2, with its characters of a description. */
export function expectError(response: TestResponse, error: ErrorCode): void {
  const body = response.json()
  expect([response.status, body.error]).toEqual([STATUS[error] ?? 400, error])
  expect(Object.keys(body)).toEqual(['error', 'error_description'])
  expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  expect(response.header('content-type')).toBe('application/json')
  expect(response.header('cache-control')).toBe('no-store')
  expect(response.header('pragma')).toBe('no-cache')
  const challenge = error === 'invalid_client' ? 'Basic realm="oauth", charset="UTF-8"' : null
  expect(response.header('www-authenticate')).toBe(challenge)
}
