import { describe, expect, it } from 'vitest'
import { createAdminHarness, DESCRIBED } from './harness.ts'

const PUBLIC = ['/healthz', '/readyz', '/metrics', '/openapi.json']

const { adminApp } = await createAdminHarness()
/** Each method of each path, from the app's own table. */
const table = [
  ...new Set(
    adminApp.routes
      .filter(({ method, path }) => method !== 'ALL' && path !== '/*')
      .map(({ method, path }) => `${method} ${path}`),
  ),
].map((entry) => {
  const [method = '', path = ''] = entry.split(' ')
  return { method, path, url: path.replaceAll(/:\w+/g, 'dodici') }
})
const guarded = table.filter(({ path }) => !PUBLIC.includes(path))

describe('the table of routes', () => {
  it('is there', () => {
    expect(guarded.length).toBeGreaterThanOrEqual(17)
    expect(table.length - guarded.length).toBe(PUBLIC.length)
  })

  it('is that of the document', () => {
    const described = DESCRIBED.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`)
    const routes = table.map(({ method, path }) => `${method} ${path}`)
    expect(described.toSorted()).toEqual(routes.filter((route) => route !== 'GET /openapi.json').toSorted())
  })
})

describe.each(guarded)('T150 $method $path', ({ method, url }) => {
  it.each([
    ['no token', null, 'Bearer'],
    ['a wrong token', 'wrong', 'Bearer error="invalid_token"'],
    ['a token that begins right', 'a-test-admin-token-012345678', 'Bearer error="invalid_token"'],
    ['a token that goes on', 'a-test-admin-token-0123456789x', 'Bearer error="invalid_token"'],
  ])('refuses %s', async (_, token, challenge) => {
    const { admin } = await createAdminHarness()
    const answer = await admin(method, url, { token })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe(challenge)
    expect(answer.body).toMatchObject({ type: 'urn:mintkeeper:problem:unauthorized', status: 401 })
  })

  it('refuses the admin token under another scheme or name', async () => {
    const { admin } = await createAdminHarness()
    const basic = Buffer.from('admin:a-test-admin-token-0123456789').toString('base64')
    for (const headers of [
      { Authorization: `Basic ${basic}` },
      { Authorization: 'a-test-admin-token-0123456789' },
      { Cookie: 'token=a-test-admin-token-0123456789' },
      { 'X-Forwarded-User': 'admin' },
    ]) {
      expect((await admin(method, url, { token: null, headers })).status).toBe(401)
    }
    const query = `${url}?access_token=a-test-admin-token-0123456789`
    expect((await admin(method, query, { token: null })).status).toBe(401)
  })

  it('refuses everybody where no admin token is set', async () => {
    const { admin } = await createAdminHarness({ admin: { adminToken: null } })
    for (const token of ['', 'null', 'undefined', 'a-test-admin-token-0123456789']) {
      expect((await admin(method, url, { token })).status).toBe(401)
    }
  })

  it('lets the admin token in', async () => {
    const { admin } = await createAdminHarness()
    expect((await admin(method, url)).status).not.toBe(401)
  })
})

describe('a token of the token plane', () => {
  it('opens nothing', async () => {
    const harness = await createAdminHarness()
    await harness.user({ username: 'root@example.com', password: 'secret', roles: ['admin'] })
    const login = { grant_type: 'password', username: 'root@example.com', password: 'secret', scope: 'admin' }
    const issued = (await harness.post('/spree_oauth/token', login)).json()
    expect(issued.access_token).toBeTypeOf('string')
    const answer = await harness.admin('GET', '/admin/v1/tenants', { token: issued.access_token })
    expect(answer.status).toBe(401)
  })
})

describe('paths that are not there', () => {
  it('are told apart from those that are only with the token', async () => {
    const { admin } = await createAdminHarness()
    for (const path of ['/', '/admin', '/admin/v1', '/admin/v2/tenants', '/metrics/', '/healthz/']) {
      expect([path, (await admin('GET', path, { token: null })).status]).toEqual([path, 401])
      expect([path, (await admin('GET', path)).status]).toEqual([path, 404])
    }
  })

  it.each(['/admin/v1/../v1/tenants', '//admin/v1/tenants', '/ADMIN/v1/tenants', '/%61dmin/v1/tenants'])(
    '%s needs the token',
    async (path) => {
      const { admin } = await createAdminHarness()
      expect((await admin('GET', path, { token: null })).status).toBe(401)
    },
  )
})

describe.each(table)('$method $path', ({ path, url }) => {
  it('knows no other method, and says which it knows', async () => {
    const { admin } = await createAdminHarness()
    const known = table.filter((route) => route.path === path).map(({ method }) => method)
    const allow = [...known, ...(known.includes('GET') ? ['HEAD'] : [])].sort().join(', ')
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      if (known.includes(method)) continue
      const answer = await admin(method, url)
      expect([method, answer.status]).toEqual([method, 405])
      expect(answer.headers.get('allow')).toBe(allow)
      expect(answer.body.type).toBe('urn:mintkeeper:problem:method_not_allowed')
    }
  })
})

describe('a tenant that is not there', () => {
  it.each(guarded.filter(({ path }) => path.includes(':tenant')))(
    '$method $path',
    async ({ method, path }) => {
      const { admin } = await createAdminHarness()
      const bodies = {
        users: { username: 'u' },
        revocations: { token: 'known' },
        'brown-outs': { surface: 'newstore', to: 9_999_999_999 },
      }
      const body = Object.entries(bodies).find(([noun]) => path.endsWith(noun))?.[1] ?? {}
      const options = method === 'POST' || method === 'PATCH' ? { body } : {}
      const answer = await admin(method, path.replace(':tenant', 'other').replaceAll(/:\w+/g, 'x'), options)
      expect([answer.status, answer.body.detail]).toEqual([404, 'There is no tenant with this id.'])
    },
  )
})
