import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { TENANT } from '../harness.ts'
import { clock, newPath, openStore } from '../stores/sqlite-file.ts'
import { type AdminHarness, type AdminResponse, createAdminHarness, DESCRIBED } from './harness.ts'

const MEMBERS = [
  'password',
  'secret',
  'token',
  'algorithm',
  'version',
  '__proto__',
  'constructor',
  'toString',
  'id',
]
/** Users and clients that are there at the begin. */
const EXISTING = ['u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']
const GOOD = ['u', 'a@b', 'password', 'client_credentials', 'jwt', 'own', 'any', 'RS256', 'read', 'known']

const text = fc.oneof(
  fc.constantFrom(...GOOD),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme' }),
)
const value = fc.oneof(
  { depthSize: 'small' },
  text,
  fc.constantFrom(null, true, false, 0, 1, -1, 60, 1.5, 1e308, '', [], {}),
  fc.array(text, { maxLength: 4 }),
  fc.dictionary(text, fc.jsonValue(), { maxKeys: 3 }),
  fc.jsonValue(),
)
const list = (...words: string[]) => fc.uniqueArray(fc.constantFrom(...words), { maxLength: 2 })
const name = fc.constantFrom('u1', 'v', 'w@x', 'auth0-u', 'c1')
/** Bodies that mostly are right, of each kind. */
const rightBody = fc.oneof(
  fc.record(
    {
      username: name,
      id: name,
      email: fc.option(fc.constantFrom('a@b', 'w@x')),
      roles: list('a', 'b'),
      disabled: fc.boolean(),
    },
    { requiredKeys: ['username'] },
  ),
  fc.record(
    {
      id: name,
      name: fc.option(text),
      public: fc.boolean(),
      grants: list('password', 'client_credentials'),
      scopes: list('a', 'b'),
    },
    { requiredKeys: [] },
  ),
  fc.record({ user: name, client: fc.constantFrom('c1', 'u1') }, { requiredKeys: [] }),
  fc.record({ othersExpireIn: fc.nat(100), expiresIn: fc.option(fc.nat(100)) }, { requiredKeys: [] }),
)
const body = fc.oneof(
  { weight: 6, arbitrary: rightBody },
  {
    weight: 2,
    arbitrary: fc
      .tuple(rightBody, fc.dictionary(fc.constantFrom(...MEMBERS), value, { maxKeys: 2 }))
      .map(([one, two]) => ({ ...one, ...two })),
  },
  { weight: 1, arbitrary: fc.dictionary(text, value, { maxKeys: 6 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
)
const segment = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...EXISTING, 'auth0|u', '..', '.', '%', 'dodici') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }) },
)
const call = fc.record({
  operation: fc.constantFrom(...DESCRIBED),
  tenant: fc.oneof({ weight: 9, arbitrary: fc.constant(TENANT.id) }, { weight: 1, arbitrary: segment }),
  id: segment,
  body,
  query: fc.oneof(
    fc.constant(''),
    fc.webQueryParameters(),
    fc.constantFrom('limit=3', 'cursor=x', 'user=u', 'client=%00'),
  ),
  ifMatch: fc.option(fc.constantFrom('*', '"1"', '"2"', 'W/"1"', 'x')),
})

type Call = typeof call extends fc.Arbitrary<infer Value> ? Value : never

/** Sends it; the harness refuses every answer that the document does not know. */
async function send(
  { admin }: AdminHarness,
  { operation, tenant, id, body, query, ifMatch }: Call,
): Promise<AdminResponse> {
  const path = operation.path
    .replace('{tenant}', encodeURIComponent(tenant))
    .replaceAll(/\{\w+\}/g, () => encodeURIComponent(id))
  const hasBody = operation.method === 'POST' || operation.method === 'PATCH'
  return await admin(operation.method, query === '' ? path : `${path}?${query}`, {
    ...(hasBody && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(ifMatch !== null && { headers: { 'If-Match': ifMatch } }),
  })
}

// Half a surrogate pair has no percent-encoding.
const wellFormed = call.filter(({ tenant, id }) => tenant.isWellFormed() && id.isWellFormed())

describe('whatever is sent', () => {
  it.each<[string, () => Promise<Store>]>([
    ['memory', async () => createMemoryStore({ clock })],
    ['SQLite', async () => await openStore(newPath())],
  ])('is answered and never a 5xx, with a %s store', async (_, open) => {
    const harness = await createAdminHarness({ store: await open() })
    for (const id of EXISTING) {
      if (id.startsWith('u')) await harness.user({ id, username: id })
      else await harness.client({ id })
    }
    const statuses = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(wellFormed, async (request) => {
        const { status, text } = await send(harness, request)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status >= 500) throw new Error(text)
      }),
      { numRuns: 2000 },
    )
    // The cases reach what they are for.
    for (const status of [200, 201, 204, 400, 404, 409, 412])
      expect([status, statuses.has(status)]).toEqual([status, true])
  })

  it('what was accepted is what is shown', async () => {
    const harness = await createAdminHarness()
    const user = fc.record(
      {
        email: fc.option(fc.emailAddress()),
        roles: fc.uniqueArray(fc.constantFrom('admin', 'a', 'b', 'ü'), { maxLength: 3 }),
        scopes: fc.option(fc.uniqueArray(fc.constantFrom('read', 'write', 'x:y'), { maxLength: 3 })),
        claims: fc.dictionary(
          fc.constantFrom('a', 'http://x/y', 'ä', 'toString'),
          fc.jsonValue({ maxDepth: 3 }),
          {
            noNullPrototype: true,
          },
        ),
        disabled: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    await harness.user({ id: 'u', username: 'u' })
    await fc.assert(
      fc.asyncProperty(user, async (patch) => {
        const sent = JSON.parse(JSON.stringify(patch))
        const answer = await harness.admin('PATCH', '/admin/v1/tenants/dodici/users/u', { body: sent })
        if (answer.status === 400) expect(answer.text).toMatch(/claims|email/)
        else expect(answer.body).toMatchObject(sent)
      }),
      { numRuns: 300 },
    )
  })
})
