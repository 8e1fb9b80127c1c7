/**
 * T133: arbitrary requests to all routes. `FUZZ_RUNS` and `FUZZ_SEED` make it longer and another one; a failure names
 * seed and path of its request.
 */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { tokenKeyOf } from '../../src/crypto/opaque-token.ts'
import { decodeBody } from '../../src/http/edges/body.ts'
import type { RequestEntry } from '../../src/log/log.ts'
import type { HttpResponse } from '../../src/protocol/http.ts'
import type { TokenRow } from '../../src/store/rows.ts'
import { expectErrorShape, expectPlainHeaders } from './answer.ts'
import { type FuzzedRequest, fuzzedRequest } from './request-arbitrary.ts'
import { SEED } from './seed.ts'
import { MARKER, sourceOf, TARGETS } from './target.ts'
import { CLIENT, createWorld, HOST, PASSWORD, USERNAME, type World } from './world.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 8000)

let world: World
/** How often each reason of a refusal was met. */
const met = new Map<string, number>()

beforeAll(async () => {
  world = await createWorld()
})

interface Outcome {
  readonly response: HttpResponse
  readonly entry: RequestEntry
}

async function send(request: FuzzedRequest): Promise<Outcome> {
  const { harness } = world
  const before = harness.entries.length
  const response = await harness.app.handle(
    {
      method: request.method,
      url: request.url,
      headers: {
        get: (name) => (Object.hasOwn(request.headers, name) ? (request.headers[name] ?? null) : null),
      },
      text: async () => decodeBody([request.body]),
    },
    { host: request.host, source: sourceOf(before) },
  )
  expect(harness.entries).toHaveLength(before + 1)
  const entry = harness.entries.at(-1)!
  expect(entry.status).toBe(response.status)
  return { response, entry }
}

function parameters() {
  return { numRuns: RUNS, seed: SEED, endOnFailure: process.env.FUZZ_RUNS !== undefined }
}

describe('T133 requests without a credential that is good where it is sent', () => {
  test('get no token, write nothing, and are refused in the shape of their surface', async () => {
    const before = await contents()
    await fc.assert(
      fc.asyncProperty(fuzzedRequest(world), async (request) => {
        world.writes.length = 0
        const { response, entry } = await send(request)
        met.set(entry.reason ?? entry.outcome, (met.get(entry.reason ?? entry.outcome) ?? 0) + 1)
        expect(response.status).toBeLessThan(500)
        expectNothingGiven(response, entry)
        expectPlainHeaders(response, entry)
        if (response.status >= 400) expectErrorShape(response, entry)
        const methods = world.writes.map(({ method }) => method)
        // RFC 9700 §4.14.2: a refused request may cause this one write.
        if (entry.reason === 'refresh_token_reused') expect(methods).toEqual(['revokeFamily'])
        // Who holds a dead token of no client's, or of a public one's, may revoke it.
        else if (entry.endpoint === 'revocation' && entry.outcome === 'ok') {
          expect(['', 'revokeFamily', 'revokeToken']).toContain(methods.join())
        } else expect(methods).toEqual([])
      }),
      parameters(),
    )
    const after = await contents()
    expect(after.map(unrevoked)).toEqual(before.map(unrevoked))
    const families = new Set(
      Object.values(world.dead)
        .flat()
        .map((token) => familyOf(before, tokenKeyOf(token))),
    )
    const revoked = after.filter(({ revokedAt }, index) => revokedAt !== before[index]?.revokedAt)
    expect(revoked.map(({ family, key }) => family ?? key).filter((key) => !families.has(key))).toEqual([])
  })

  test('reach everything that refuses', () => {
    const missing = REASONS.filter((reason) => !met.has(reason))
    // A seed may miss what few requests are good enough for.
    if (missing.length > 3) expect(missing).toEqual([])
  })

  test('are made for every route', () => {
    expect(new Set(TARGETS.map(({ surface }) => surface)).size).toBe(4)
    const endpoints = new Set(world.harness.entries.map(({ surface, endpoint }) => `${surface} ${endpoint}`))
    for (const { surface, endpoint } of TARGETS) expect(endpoints).toContain(`${surface} ${endpoint}`)
  })

  test('the same checks see a token when one is given', async () => {
    const { response, entry } = await send({
      method: 'POST',
      url: '/spree_oauth/token',
      host: HOST,
      headers: {},
      body: Buffer.from(`grant_type=password&username=${USERNAME}&password=${PASSWORD}`),
    })
    expect(response.status).toBe(200)
    expect(() => expectNothingGiven(response, entry)).toThrow()
  })
})

test('T133 what comes beside good credentials makes no answer 5xx, nor one that may be stored', async () => {
  const good = fc.constantFrom<Partial<FuzzedRequest>>(
    {
      url: '/spree_oauth/token',
      body: Buffer.from(`grant_type=password&username=${USERNAME}&password=${PASSWORD}`),
    },
    { url: '/v0/token', body: Buffer.from(`grant_type=password&username=${USERNAME}&password=${PASSWORD}`) },
    ...['/oauth/token', '/spree_oauth/token', '/auth/realms/dodici/protocol/openid-connect/token'].map(
      (url) => ({
        url,
        body: Buffer.from(
          `grant_type=client_credentials&client_id=${CLIENT.id}&client_secret=${encodeURIComponent(CLIENT.secret)}`,
        ),
      }),
    ),
  )
  let given = 0
  await fc.assert(
    fc.asyncProperty(
      good,
      fuzzedRequest(world),
      async ({ url = '', body = Buffer.of() }, { headers, ...noise }) => {
        const { response, entry } = await send({
          method: 'POST',
          host: HOST,
          url,
          headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded', 'content-length': '9' },
          body: Buffer.concat([body, Buffer.from('&'), noise.body]),
        })
        expect(response.status).toBeLessThan(500)
        expectPlainHeaders(response, entry)
        if (response.status >= 400) expectErrorShape(response, entry)
        else given++
      },
    ),
    { ...parameters(), numRuns: Math.ceil(RUNS / 10) },
  )
  expect(given).toBeGreaterThan(RUNS / 200)
})

/** No answer holds a token, or says that one is good. */
function expectNothingGiven({ status, body }: HttpResponse, { surface, endpoint }: RequestEntry): void {
  for (const secret of world.secrets) expect(body).not.toContain(secret)
  if (status >= 400) return
  expect([endpoint, status]).toEqual([expect.stringMatching(/^(?:revocation|metadata|jwks)$/), 200])
  // The standard surfaces need a client to say so much, and a public one is one.
  if (endpoint === 'revocation') expect([surface, body]).toEqual([expect.any(String), '{}'])
}

/** What only holds if the requests are good enough to get far. */
const REASONS = [
  ...['missing_parameter', 'repeated_parameter', 'parameter_not_a_string', 'too_many_parameters'],
  ...['body_not_utf8', 'broken_percent_encoding', 'broken_json', 'json_not_an_object', 'lone_surrogate'],
  ...['nul_character', 'body_too_large', 'unsupported_media_type', 'xml_document_type', 'broken_xml'],
  ...['multipart_without_end', 'multipart_without_boundary', 'password_in_query', 'refresh_token_in_query'],
  ...['method', 'unknown_path', 'unknown_host', 'unknown_realm', 'surface_off'],
  ...['unknown_grant_type', 'grant_type_off', 'grant_type_of_another_path', 'grant_not_allowed_for_client'],
  ...['no_client', 'unknown_client', 'client_secret_missing', 'wrong_client_secret', 'client_disabled'],
  ...['two_client_authentications', 'unsupported_authorization_header', 'public_client', 'no_authorization'],
  ...['unknown_user', 'wrong_password', 'user_has_no_password', 'user_disabled'],
  ...['unknown_refresh_token', 'access_token_as_refresh_token', 'refresh_token_of_another_surface'],
  ...[
    'refresh_token_revoked',
    'refresh_token_expired',
    'refresh_token_of_another_client',
    'refresh_token_reused',
  ],
  ...['no_token', 'unknown_token', 'token_revoked', 'bearer_not_accepted'],
]

async function contents(): Promise<readonly TokenRow[]> {
  const everything = { userId: null, clientId: null, before: null, limit: 1000 }
  const pages = ['dodici', 'other', 'bare'].map((tenant) =>
    world.harness.store.listTokens({ tenant, ...everything }),
  )
  return (await Promise.all(pages)).flatMap(({ rows }) => rows)
}

function familyOf(rows: readonly TokenRow[], key: number | null): number | undefined {
  const row = rows.find((each) => each.key === key)
  return row?.family ?? row?.key
}

function unrevoked(row: TokenRow): TokenRow {
  return { ...row, revokedAt: null }
}

test('the marker is in requests of every kind', () => {
  const sample = fc.sample(fuzzedRequest(world), { numRuns: 1000, seed: SEED })
  const has = (text: (request: FuzzedRequest) => string) => sample.some((each) => text(each).includes(MARKER))
  expect(has(({ method }) => method)).toBe(true)
  expect(has(({ url }) => url)).toBe(true)
  expect(has(({ host }) => host ?? '')).toBe(true)
  expect(has(({ headers }) => JSON.stringify(headers))).toBe(true)
  expect(has(({ body }) => Buffer.from(body).toString())).toBe(true)
})
