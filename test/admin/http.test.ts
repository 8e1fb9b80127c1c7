import { describe, expect, it } from 'vitest'
import type { AdminOptions } from '../../src/admin/environment.ts'
import { OAuthError } from '../../src/protocol/errors.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { ADMIN_TOKEN, type AdminHarness, BASE, createAdminHarness } from './harness.ts'

const USERS = `${BASE}/users`

/** A harness whose store does not do its work. */
async function withFailing(method: keyof Store, thrown: unknown): Promise<AdminHarness> {
  const harness = await createAdminHarness()
  const failing = async () => {
    throw thrown
  }
  Object.assign(harness.store, { [method]: failing })
  return harness
}

describe('a body', () => {
  it.each([
    ['', 'text/plain'],
    ['x', 'text/plain'],
    ['{"username":"u"}', 'text/plain'],
    ['{"username":"u"}', 'application/x-www-form-urlencoded'],
    ['{"username":"u"}', 'multipart/form-data; boundary=x'],
    ['{"username":"u"}', 'text/json'],
    ['{"username":"u"}', 'application/jsonp'],
    ['{"username":"u"}', 'application/xml'],
    ['username=u', 'application/x-www-form-urlencoded'],
  ])('T151 %s as %s is refused', async (body, type) => {
    const { admin } = await createAdminHarness()
    const answer = await admin('POST', USERS, { body, headers: { 'Content-Type': type } })
    expect([answer.status, answer.body.type]).toEqual([415, 'urn:mintkeeper:problem:unsupported_media_type'])
    expect((await admin('GET', USERS)).body.items).toEqual([])
  })

  it('without a type is refused', async () => {
    const { adminApp } = await createAdminHarness()
    const answer = await adminApp.request(USERS, {
      method: 'POST',
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
      body: new TextEncoder().encode('{"username":"u"}'),
    })
    expect(answer.status).toBe(415)
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON;charset=UTF-8'])(
    'of type %s is read',
    async (type) => {
      const { admin } = await createAdminHarness()
      const answer = await admin('POST', USERS, {
        body: { username: 'ä' },
        headers: { 'Content-Type': type },
      })
      expect([answer.status, answer.body.username]).toEqual([201, 'ä'])
    },
  )

  it.each([
    '{',
    '',
    '{"username":}',
    "{'username':'u'}",
    'undefined',
    '{"username":"u"} x',
    '{"username":NaN}',
    '['.repeat(60_000),
  ])('that is no JSON is refused: %#', async (body) => {
    const { admin } = await createAdminHarness()
    const answer = await admin('POST', USERS, { body })
    expect([answer.status, answer.body.type]).toEqual([400, 'urn:mintkeeper:problem:malformed_body'])
  })

  it.each(['null', '[]', '"x"', '5', 'true', `${'['.repeat(5000)}${']'.repeat(5000)}`])(
    'that is no object is refused: %#',
    async (body) => {
      const { admin } = await createAdminHarness()
      for (const [method, path] of [
        ['POST', USERS],
        ['POST', `${BASE}/clients`],
        ['POST', `${BASE}/revocations`],
        ['POST', `${BASE}/keys/rotate`],
        ['PATCH', `${USERS}/x`],
      ] as const) {
        const answer = await admin(method, path, { body })
        expect([path, answer.status, answer.body.problems]).toEqual([
          path,
          400,
          [{ path: '', message: 'must be an object' }],
        ])
      }
    },
  )

  it.each([1, 0])('of 64 KiB is read, of more refused (%d too many)', async (extra) => {
    const { admin } = await createAdminHarness()
    const frame = '{"username":"u","claims":{"a":""}}'
    const body = frame.replace('""', `"${'x'.repeat(64 * 1024 - frame.length + extra)}"`)
    expect(body.length).toBe(64 * 1024 + extra)
    for (const headers of [{}, { 'Content-Length': String(body.length) }]) {
      const answer = await admin('POST', USERS, { body, headers })
      if (extra > 0)
        expect([answer.status, answer.body.type]).toEqual([413, 'urn:mintkeeper:problem:content_too_large'])
      else expect([201, 409]).toContain(answer.status)
    }
  })

  it('is not read before the token was looked at', async () => {
    const { admin } = await createAdminHarness()
    for (const body of ['{', 'x'.repeat(100_000)]) {
      expect((await admin('POST', USERS, { body, token: 'wrong' })).status).toBe(401)
    }
  })

  it('nested deeper than any claim needs is refused', async () => {
    const { admin } = await createAdminHarness()
    const claims = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`
    const answer = await admin('POST', USERS, { body: `{"username":"u","claims":${claims}}` })
    expect([answer.status, answer.body.problems[0].path]).toEqual([400, 'claims'])
  })
})

describe('trouble inside', () => {
  it('is a 500 that tells nothing, and a line in the log that tells all', async () => {
    const secret = new Error('connect ECONNREFUSED postgres://root:hunter2@db')
    const { admin, lines } = await withFailing('listTenants', secret)
    for (const [method, path, options] of [
      ['GET', '/admin/v1/tenants', {}],
      ['GET', USERS, {}],
      ['POST', USERS, { body: { username: 'u' } }],
      ['DELETE', `${USERS}/x`, {}],
      ['POST', `${BASE}/keys/rotate`, { body: {} }],
    ] as const) {
      const answer = await admin(method, path, options)
      expect([path, answer.status]).toEqual([path, 500])
      expect(answer.text).not.toMatch(/hunter2|ECONN|postgres|at |stack/)
      expect(lines.find(({ message }) => message === 'admin request failed')?.fields).toMatchObject({
        cause: secret,
      })
    }
    const answer = await admin('GET', '/admin/v1/tenants')
    expect(lines.findLast(({ message }) => message === 'admin request failed')?.fields.requestId).toBe(
      answer.body.requestId,
    )
  })

  it.each([
    ['a store that can not write', 'insertUser', new StoreUnavailable('disk full: /var/lib/secret'), '1'],
    [
      'too many hashes waiting',
      'insertUser',
      new OAuthError('temporarily_unavailable', 'hash_queue_full', { retryAfter: 3 }),
      '3',
    ],
  ] as const)('is a 503 to be tried again: %s', async (_, method, thrown, retryAfter) => {
    const { admin } = await withFailing(method, thrown)
    const answer = await admin('POST', USERS, { body: { username: 'u' } })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, retryAfter])
    expect(answer.body.type).toBe('urn:mintkeeper:problem:unavailable')
    expect(answer.text).not.toContain('secret')
  })

  it('is told from a refusal of the token plane', async () => {
    const { admin } = await withFailing('insertUser', new OAuthError('invalid_grant', 'x'))
    expect((await admin('POST', USERS, { body: { username: 'u' } })).status).toBe(500)
  })

  it('is a 409 if a row changes faster than it can be written', async () => {
    const harness = await createAdminHarness()
    await harness.admin('POST', USERS, { body: { username: 'u', id: 'u' } })
    const find = harness.store.findUser
    const stale = async (tenant: string, id: string) => {
      const user = await find(tenant, id)
      return user === null ? null : { ...user, version: user.version - 1 }
    }
    Object.assign(harness.store, { findUser: stale })
    const answer = await harness.admin('PATCH', `${USERS}/u`, { body: { roles: ['r'] } })
    expect([answer.status, answer.body.type]).toEqual([409, 'urn:mintkeeper:problem:changed'])
  })
})

describe('every answer', () => {
  it('has the id of its request, which is the caller’s if that is a UUID', async () => {
    const { admin, lines } = await createAdminHarness()
    const id = '0F8FAD5B-D9CB-469F-A165-70867728950E'
    const answer = await admin('GET', `${USERS}/x`, { headers: { 'X-Request-Id': id } })
    expect(answer.headers.get('x-request-id')).toBe(id.toLowerCase())
    expect(answer.body.requestId).toBe(id.toLowerCase())
    expect(lines.at(-1)?.fields.requestId).toBe(id.toLowerCase())
    for (const brought of ['', 'x', `${id}x`, '{"level":"fatal"}']) {
      const { headers } = await admin('GET', '/healthz', { headers: { 'X-Request-Id': brought } })
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    }
  })

  it('T162 has a line in the log, which says what was asked and never with what', async () => {
    const { admin, lines } = await createAdminHarness()
    await admin('POST', USERS, { body: { username: 'u', id: 'auth0|u', password: 'hunter2' } })
    await admin('DELETE', `${USERS}/auth0%7Cu`, { token: 'hunter3' })
    await admin('GET', `${BASE}/tokens?user=hunter4`)
    expect(lines.map(({ fields: { method, path, status } }) => [method, path, status])).toEqual([
      ['POST', USERS, 201],
      ['DELETE', `${USERS}/auth0|u`, 401],
      ['GET', `${BASE}/tokens`, 200],
    ])
    expect(JSON.stringify(lines)).not.toContain('hunter')
    await admin('GET', '/healthz')
    expect(lines).toHaveLength(3)
  })

  it('T143 gives no other origin leave', async () => {
    const { admin } = await createAdminHarness()
    const headers = { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'DELETE' }
    for (const [method, path] of [
      ['OPTIONS', USERS],
      ['GET', USERS],
      ['GET', '/nowhere'],
      ['GET', '/openapi.json'],
    ] as const) {
      // The harness looks for the headers that would.
      const answer = await admin(method, path, { headers })
      expect(answer.headers.has('access-control-allow-origin')).toBe(false)
    }
  })

  it('T151 takes no method from a header', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', USERS, { body: { username: 'u', id: 'u' } })
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      await admin('GET', `${USERS}/u`, { headers: { [name]: 'DELETE' } })
    }
    await admin('GET', `${USERS}/u?_method=DELETE`)
    expect((await admin('GET', `${USERS}/u`)).status).toBe(200)
  })
})

describe('health', () => {
  const ready = (answer: () => Promise<boolean>): { admin: Partial<AdminOptions> } => ({
    admin: { ready: answer },
  })

  it('is told to everybody', async () => {
    const { admin } = await createAdminHarness()
    for (const path of ['/healthz', '/readyz']) {
      const answer = await admin('GET', path, { token: null })
      expect([path, answer.status, answer.body]).toEqual([path, 200, { status: 'ok' }])
    }
  })

  it.each([
    ['is not ready', async () => false],
    ['can not tell', async () => Promise.reject(new Error('postgres://root:hunter2@db'))],
  ])('lives on while the server %s', async (_, answer) => {
    const { admin, lines } = await createAdminHarness(ready(answer))
    const unready = await admin('GET', '/readyz', { token: null })
    expect([unready.status, unready.headers.get('retry-after')]).toEqual([503, '1'])
    expect(unready.text).not.toContain('hunter2')
    expect((await admin('GET', '/healthz', { token: null })).status).toBe(200)
    expect(lines).toEqual([])
  })

  it('is asked anew each time', async () => {
    let isReady = true
    const { admin } = await createAdminHarness(ready(async () => isReady))
    expect((await admin('GET', '/readyz')).status).toBe(200)
    isReady = false
    expect((await admin('GET', '/readyz')).status).toBe(503)
  })
})

describe('keys', () => {
  it('are listed and rotated, and their private halves are never shown', async () => {
    const harness = await createAdminHarness()
    const { admin, store, now } = harness
    expect((await admin('GET', `${BASE}/keys`)).body).toEqual({ items: [], next: null })
    await harness.services.keys.ensure('dodici', 'ES256')
    const before = (await admin('GET', `${BASE}/keys`)).body.items
    const states = (items: { state: string }[]) => items.map(({ state }) => state).sort()
    expect(states(before)).toEqual(['active', 'announced'])
    const rotated = await admin('POST', `${BASE}/keys/rotate`, { body: { algorithm: 'ES256' } })
    expect(states(rotated.body.items)).toEqual(['active', 'announced', 'retired'])
    const retired = rotated.body.items.find(({ state }: { state: string }) => state === 'retired')
    expect(retired).toEqual({
      kid: before.find(({ state }: { state: string }) => state === 'active').kid,
      algorithm: 'ES256',
      state: 'retired',
      verifyOnly: false,
      createdAt: now(),
      retiredAt: now(),
      goneAt: now() + 3600,
    })
    for (const { sealedPrivateKey, publicJwk } of await store.listSigningKeys('dodici')) {
      const sealed = Buffer.from(sealedPrivateKey ?? [])
      for (const form of ['base64', 'base64url', 'hex'] as const)
        expect(rotated.text).not.toContain(sealed.toString(form))
      expect(rotated.text).not.toContain(publicJwk)
    }
  })

  it('are those of the tenant’s algorithm where none is named', async () => {
    const asked: unknown[] = []
    const keys = {
      list: async () => [],
      rotate: async (...call: unknown[]) => {
        asked.push(call)
        return []
      },
    }
    const { admin } = await createAdminHarness({ admin: { keys } })
    await admin('POST', `${BASE}/keys/rotate`, { body: {} })
    await admin('POST', `${BASE}/keys/rotate`, { body: { algorithm: 'EdDSA' } })
    expect(asked).toEqual([
      ['dodici', 'RS256'],
      ['dodici', 'EdDSA'],
    ])
    expect((await admin('POST', `${BASE}/keys/rotate`, { body: { algorithm: 'HS256' } })).status).toBe(400)
    expect((await admin('POST', `${BASE}/keys/rotate`, { body: { tenant: 'x' } })).status).toBe(400)
    expect(asked).toHaveLength(2)
  })
})

it('tenants are listed with what was configured', async () => {
  const surfaces = { spree: { expiresIn: 60 }, newstore: { azp: 'x', tenantClaim: false } }
  const tenant = {
    id: 'b',
    hosts: ['b.example'],
    issuer: 'https://b.example/',
    signingAlgorithm: 'ES256' as const,
    surfaces,
  }
  const { admin } = await createAdminHarness({ tenants: [tenant, { ...tenant, id: 'a', surfaces: null }] })
  const { body } = await admin('GET', '/admin/v1/tenants')
  expect(body).toEqual({ items: [{ ...tenant, id: 'a', surfaces: null }, tenant], next: null })
})

it('a resource is one of its tenant only', async () => {
  const { TENANT } = await import('../harness.ts')
  const { admin } = await createAdminHarness({
    tenants: [TENANT, { ...TENANT, id: 'other', hosts: ['o.example'] }],
  })
  await admin('POST', USERS, { body: { username: 'u', id: 'u' } })
  await admin('POST', `${BASE}/clients`, { body: { id: 'c' } })
  const other = '/admin/v1/tenants/other'
  for (const path of ['users/u', 'clients/c']) {
    expect((await admin('GET', `${other}/${path}`)).status).toBe(404)
    expect((await admin('PATCH', `${other}/${path}`, { body: {} })).status).toBe(404)
    expect((await admin('DELETE', `${other}/${path}`)).status).toBe(404)
  }
  for (const body of [{ user: 'u' }, { client: 'c' }]) {
    expect((await admin('POST', `${other}/revocations`, { body })).status).toBe(404)
  }
  for (const path of ['users', 'clients', 'tokens']) {
    expect((await admin('GET', `${other}/${path}`)).body.items).toEqual([])
  }
})
