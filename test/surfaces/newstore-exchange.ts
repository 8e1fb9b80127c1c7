import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { expect, type MockInstance, vi } from 'vitest'
import { parse } from 'yaml'
import type { SurfaceSettings } from '../../src/protocol/policy.ts'
import { newstoreOpenapi } from '../../src/surfaces/newstore-openapi.ts'
import { createHarness, type Harness, TENANT, type TestRequest, type TestResponse } from '../harness.ts'

/** The values of the API document's examples. */
export const USERNAME = 'myusername@example.com'
export const PASSWORD = 'V3lC4EvMV1X5h3HsB_VU'
export const SCOPE =
  'read:current_user update:current_user_metadata delete:current_user_metadata create:current_user_metadata create:current_user_device_credentials delete:current_user_device_credentials update:current_user_identities offline_access'

export const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** NewStore's API document, as it was published. */
const DOCUMENT = parse(
  readFileSync(new URL('../wire/newstore/newstore-v0.openapi.yaml', import.meta.url), 'utf8'),
)

interface Schemas {
  readonly post_token_response: object
  readonly error_response: object
}

const published = validators(DOCUMENT.components.schemas)
const served = validators(
  (newstoreOpenapi() as { readonly components: { readonly schemas: Schemas } }).components.schemas,
)

function validators(schemas: Schemas): Readonly<Record<'success' | 'error', ValidateFunction>> {
  const ajv = new Ajv({ strict: false, formats: { uuid: UUID_V4 } })
  return {
    success: ajv.compile(schemas.post_token_response),
    error: ajv.compile(schemas.error_response),
  }
}

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
export const JSON_TYPE = { 'content-type': 'application/json' }
export const LOGIN = { grant_type: 'password', username: USERNAME, password: PASSWORD }

/** A request that is right but for these things. */
export type Changes = Partial<TestRequest> & { readonly parameters?: Readonly<Record<string, string>> }

export interface Newstore {
  readonly harness: Harness
  readonly verify: MockInstance
  /** Sends a request and holds the answer to what every answer must be. */
  exchange(request: TestRequest): Promise<TestResponse>
  login(changes?: Changes): Promise<TestResponse>
  refresh(refreshToken: string, changes?: Changes): Promise<TestResponse>
  /** A login that is answered with this status, and no password was looked at. */
  refused(status: number, changes: Changes): Promise<TestResponse>
}

/** The surface with the tenant of the document and others, by their settings, at `{id}.x.newstore.net`. */
export function createNewstore(others: Readonly<Record<string, SurfaceSettings>> = {}): Newstore {
  const tenants = Object.entries(others).map(([id, settings]) => ({
    ...TENANT,
    id,
    hosts: [`${id}.x.newstore.net`],
    surfaces: { newstore: settings, standard: {}, realm: {} },
  }))
  const harness = createHarness({
    tenants: [TENANT, ...tenants, { ...TENANT, id: 'off', hosts: ['off.x.newstore.net'], surfaces: {} }],
  })
  const verify = vi.spyOn(harness.services.passwords, 'verify')
  const exchange = exchanger(harness)

  function login({ parameters, ...rest }: Changes = {}): Promise<TestResponse> {
    return exchange({ path: '/v0/token', headers: FORM, body: form({ ...LOGIN, ...parameters }), ...rest })
  }

  return {
    harness,
    verify,
    exchange,
    login,
    refresh(refreshToken, { parameters, ...rest } = {}) {
      const body = form({ grant_type: 'refresh_token', refresh_token: refreshToken, ...parameters })
      return exchange({ path: '/v0/refresh_token', headers: FORM, body, ...rest })
    },
    async refused(status, changes) {
      verify.mockClear()
      const response = await login(changes)
      expect(response.status).toBe(status)
      expect(verify).not.toHaveBeenCalled()
      return response
    },
  }
}

/** Sends requests to the surface and holds each answer to what every answer must be. */
function exchanger(harness: Harness): Newstore['exchange'] {
  return async (request) => {
    const response = await harness.send(request)
    checkAnswer(response)
    // R082: the log line of the request has the same id.
    expect(harness.entries.at(-1)?.requestId).toBe(response.header('x-newstore-request-id'))
    // R139, R047
    const log = JSON.stringify(harness.entries.at(-1))
    for (const secret of secretsOf(request, response)) expect(log).not.toContain(secret)
    return response
  }
}

/** R062, R070, R076, R077, R080, R083, R084, R130, R132, and the schemas of both documents. */
export function checkAnswer(response: TestResponse): void {
  const { status } = response
  expect(response.header('content-type')).toBe('application/json;charset=UTF-8')
  expect(response.header('cache-control')).toBe('no-store')
  expect(response.header('pragma')).toBe('no-cache')
  expect(response.header('deprecation')).toBe('@1704672000')
  expect(response.header('link')).toContain('; rel="deprecation"; type="text/html"')
  expect(response.header('www-authenticate')).toBeNull()
  const requestId = response.header('x-newstore-request-id')
  expect(requestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)

  const body = response.json()
  const kind = status === 200 ? 'success' : 'error'
  for (const document of [published, served]) {
    const validate = document[kind]
    validate(body)
    expect(validate.errors).toBeNull()
  }
  if (status === 200) {
    const members = ['refresh_token', 'access_token', 'token_type', 'scope', 'expires_in']
    const expected = 'refresh_token' in body ? members : members.slice(1)
    expect(Object.keys(body)).toEqual(expected)
    expect(body.token_type).toBe('Bearer')
    expect(body.expires_in).toSatisfy(Number.isInteger)
  } else if ('status' in body) {
    const { message } = body
    expect(response.body).toBe(JSON.stringify({ status, message, request_id: requestId }))
  } else {
    expect(status).toBe(400)
    expect(response.body).toMatch(/^\{"message":"query parameter [a-z_]+ is not allowed\."\}$/)
  }
}

function secretsOf(request: TestRequest, response: TestResponse): string[] {
  const sent = new URLSearchParams(request.body?.startsWith('{') ? '' : (request.body ?? ''))
  const query = request.path.split('=')[1]
  const { access_token, refresh_token } = response.json()
  const secrets = [sent.get('password'), sent.get('refresh_token'), query, access_token, refresh_token]
  return secrets.filter((secret) => typeof secret === 'string' && secret.length > 6)
}

/** The body of the answers that say no more than that. */
export function failure(status: number, response: TestResponse): string {
  const requestId = response.header('x-newstore-request-id')
  return `{"status":${status},"message":"Authentication failed","request_id":"${requestId}"}`
}

export function form(parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams(parameters).toString()
}
