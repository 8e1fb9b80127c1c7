import { describe, expect, it } from 'vitest'
import { OAuthError } from '../../src/protocol/errors.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'

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
