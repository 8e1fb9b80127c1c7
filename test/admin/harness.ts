import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { createAdminApp } from '../../src/admin/app.ts'
import { describeApi } from '../../src/admin/document.ts'
import type { AdminOptions } from '../../src/admin/environment.ts'
import type { Operations } from '../../src/admin/operations/operations.ts'
import type { Passwords } from '../../src/crypto/password.ts'
import { createMetrics } from '../../src/log/metrics.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { createHarness, type Harness, type HarnessOptions, TENANT } from '../harness.ts'

export const ADMIN_TOKEN = 'a-test-admin-token-0123456789'
export const BASE = `/admin/v1/tenants/${TENANT.id}`

/** The control plane on the token plane's harness. Every answer is compared with the OpenAPI document. */
export interface AdminHarness extends Harness {
  readonly operations: Operations
  readonly adminApp: ReturnType<typeof createAdminApp>
  /** How many passwords and secrets were hashed slowly. */
  hashed(): number
  /** What was logged about requests and failures, newest last. */
  readonly lines: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[]
  admin(method: string, path: string, options?: AdminRequest): Promise<AdminResponse>
}

export interface AdminRequest {
  /** Sent as JSON; a string as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Null: no `Authorization`. */
  readonly token?: string | null
}

export interface AdminResponse {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
  readonly body: any
}

export async function createAdminHarness(
  options: HarnessOptions & { readonly admin?: Partial<AdminOptions> } = {},
): Promise<AdminHarness> {
  const harness = createHarness(options)
  for (const tenant of options.tenants ?? [TENANT]) await harness.store.saveTenant(tenant)
  let hashes = 0
  const { clock, random, keys, logins } = harness.services
  const passwords: Passwords = {
    ...harness.services.passwords,
    hash(password) {
      hashes++
      return harness.services.passwords.hash(password)
    },
  }
  const operations: Operations = { store: harness.store, clock, random, passwords, logins }
  const lines: { message: string; fields: Readonly<Record<string, unknown>> }[] = []
  const note = (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
    void lines.push({ message, fields })
  const adminApp = createAdminApp({
    operations,
    keys: {
      list: (tenant) => harness.store.listSigningKeys(tenant),
      rotate: keys.rotate,
      withdraw: keys.withdraw,
    },
    revokeToken: async (_, token) => (token === 'known' ? 'revoked' : 'unknown_token'),
    adminToken: new Secret(ADMIN_TOKEN),
    ready: async () => true,
    metrics: createMetrics(),
    log: {
      request: () => {},
      info: note,
      warn: note,
      error: (message, cause, fields) => note(message, { ...fields, cause }),
    },
    version: '1.2.3',
    usageRetentionDays: 400,
    ...options.admin,
  })

  async function admin(method: string, path: string, request: AdminRequest = {}): Promise<AdminResponse> {
    const { body, token = ADMIN_TOKEN } = request
    const response = await adminApp.request(path, {
      method,
      headers: {
        ...(token !== null && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...request.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== ''
    const answer = {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : null,
    }
    requireDocumented(method, path, answer)
    return answer
  }

  return { ...harness, operations, adminApp, hashed: () => hashes, lines, admin }
}

interface Described {
  readonly method: string
  readonly pattern: RegExp
  readonly path: string
  readonly responses: Readonly<
    Record<string, { content?: Record<string, { schema: object }>; headers?: object }>
  >
}

const document = JSON.parse(JSON.stringify(describeApi('1.2.3')), (_, value) =>
  // An answer may have members that the document does not know; here they would be leaks.
  typeof value === 'object' && value?.properties !== undefined && value.type !== undefined
    ? { additionalProperties: false, ...value }
    : value,
)
const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addSchema(document, 'api')

/** The operations of the document. */
export const DESCRIBED: readonly Described[] = Object.entries<Record<string, never>>(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries<{ responses: Described['responses'] }>(methods).map(([method, { responses }]) => ({
      method: method.toUpperCase(),
      path,
      pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
      responses,
    })),
)

/** `GET /admin/v1/tenants 200`, for each answer that the tests of this process have seen. */
export const seen = new Set<string>()

function requireDocumented(
  method: string,
  url: string,
  { status, headers, body, text }: AdminResponse,
): void {
  const path = new URL(url, 'http://localhost').pathname
  const isProblem = status >= 400
  const described = DESCRIBED.find((operation) => operation.method === method && operation.pattern.test(path))
  const where = `${method} ${described?.path ?? path} ${status}`
  if (headers.get('cache-control') !== 'no-store') throw new Error(`${where}: may be stored`)
  if (headers.get('x-content-type-options') !== 'nosniff') throw new Error(`${where}: may be sniffed`)
  for (const name of headers.keys()) {
    if (name.startsWith('access-control-')) throw new Error(`${where}: has ${name}`)
  }
  if (isProblem && headers.get('content-type') !== 'application/problem+json') {
    throw new Error(`${where}: is no problem document: ${text}`)
  }
  if (isProblem && method !== 'HEAD') requireValid(where, 'api#/components/schemas/Problem', body)
  if (described === undefined) return
  const answer = described.responses[status]
  if (answer === undefined) throw new Error(`${where}: the document does not know the status: ${text}`)
  seen.add(where)
  for (const name of Object.keys(answer.headers ?? {})) {
    if (!headers.has(name)) throw new Error(`${where}: lacks the header ${name}`)
  }
  const pointer = [
    described.path,
    method.toLowerCase(),
    'responses',
    status,
    'content',
    'application/json',
    'schema',
  ]
  if (isProblem) return
  if (answer.content === undefined) {
    if (text !== '') throw new Error(`${where}: has a body`)
  } else if ('text/plain' in answer.content) {
    if (!headers.get('content-type')?.startsWith('text/plain;')) throw new Error(`${where}: is no text`)
  } else requireValid(where, `api#/paths/${pointer.map(escaped).join('/')}`, body)
}

const validators = new Map<string, ValidateFunction>()

function requireValid(where: string, reference: string, body: unknown): void {
  const validate = validators.get(reference) ?? ajv.compile({ $ref: reference })
  validators.set(reference, validate)
  if (!validate(body)) {
    throw new Error(`${where}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(body)}`)
  }
}

function escaped(segment: string | number): string {
  return encodeURIComponent(String(segment).replaceAll('~', '~0').replaceAll('/', '~1'))
}
