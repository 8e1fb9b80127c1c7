import { describe, expect, it } from 'vitest'
import { BASE, createAdminHarness } from './harness.ts'

const USERS = `${BASE}/users`

describe('a user', () => {
  it('is created, shown, changed, listed and deleted', async () => {
    const { admin, now } = await createAdminHarness()
    const full = {
      id: 'auth0|5f1',
      username: 'Ada@Example.com',
      email: 'ada@example.org',
      password: 'correct horse',
      roles: ['admin'],
      scopes: ['read'],
      claims: { newstore_id: 'x', 'http://a/b': [1, { c: null }] },
      disabled: false,
    }
    const { password: _, ...visible } = full
    const created = await admin('POST', USERS, { body: full })
    const expected = {
      ...visible,
      hasPassword: true,
      tokensValidAfter: 0,
      createdAt: now(),
      successor: null,
      version: 1,
    }
    expect([created.status, created.body]).toEqual([201, expected])
    expect(created.headers.get('location')).toBe(`${USERS}/auth0%7C5f1`)

    const shown = await admin('GET', created.headers.get('location') ?? '')
    expect([shown.status, shown.body, shown.headers.get('etag')]).toEqual([200, expected, '"1"'])

    const changed = await admin('PATCH', `${USERS}/auth0%7C5f1`, { body: { roles: [], email: null } })
    expect(changed.body).toEqual({ ...expected, roles: [], email: null, version: 2 })
    expect(changed.headers.get('etag')).toBe('"2"')

    expect((await admin('GET', USERS)).body).toEqual({ items: [changed.body], next: null })
    expect((await admin('DELETE', `${USERS}/auth0%7C5f1`)).status).toBe(204)
    expect((await admin('GET', `${USERS}/auth0%7C5f1`)).status).toBe(404)
    expect((await admin('DELETE', `${USERS}/auth0%7C5f1`)).status).toBe(404)
    expect((await admin('PATCH', `${USERS}/auth0%7C5f1`, { body: {} })).status).toBe(404)
    expect((await admin('GET', USERS)).body).toEqual({ items: [], next: null })
  })

  it('has defaults', async () => {
    const { admin, now } = await createAdminHarness()
    const { body } = await admin('POST', USERS, { body: { username: 'ada' } })
    expect(body.id).toMatch(/^auth0\|[0-9a-f]{24}$/)
    expect(body).toEqual({
      id: body.id,
      username: 'ada',
      email: null,
      hasPassword: false,
      roles: [],
      scopes: null,
      claims: {},
      disabled: false,
      tokensValidAfter: 0,
      createdAt: now(),
      successor: null,
      version: 1,
    })
  })

  it('logs in with the password it was given, by either name', async () => {
    const { admin, post } = await createAdminHarness()
    await admin('POST', USERS, { body: { username: 'ada', email: 'Ada@Example.org', password: 'pass word' } })
    for (const username of ['ada', 'ada@example.org']) {
      const answer = await post('/spree_oauth/token', {
        grant_type: 'password',
        username,
        password: 'pass word',
      })
      expect([username, answer.status]).toEqual([username, 200])
    }
  })

  it('keeps the hash of another system', async () => {
    const { admin, post } = await createAdminHarness()
    // htpasswd -bnBC 4 "" spree123
    const hash = '$2b$04$oUyW7c6vS6sVzqmBeEnPLOANnBMfH0nyyBdtdCGEG6hLvMj5bOEoW'
    const { status } = await admin('POST', USERS, { body: { username: 'ada', passwordHash: hash } })
    expect(status).toBe(201)
    const login = { grant_type: 'password', username: 'ada', password: 'wrong' }
    expect((await post('/spree_oauth/token', login)).status).toBe(400)
  })

  it.each(['a/b', 'a%b', 'a?b', 'a#b', 'auth0|x', 'a+b', '%7C', 'a;b=c', '~', ':id', '*', '..a', '{id}'])(
    'is found by the id %s, percent-encoded',
    async (id) => {
      const { admin } = await createAdminHarness()
      const { headers } = await admin('POST', USERS, { body: { username: 'u', id } })
      const location = headers.get('location') ?? ''
      expect(location).toBe(`${USERS}/${encodeURIComponent(id)}`)
      expect((await admin('GET', location)).body.id).toBe(id)
    },
  )

  it.each([
    ['no object', [], '', 'must be an object'],
    ['null', null, '', 'must be an object'],
    ['no user name', {}, 'username', 'is missing'],
    ['an empty user name', { username: '' }, 'username', 'must not be empty'],
    ['a long user name', { username: 'x'.repeat(256) }, 'username', /255/],
    ['a number', { username: 5 }, 'username', 'must be text'],
    ['a NUL', { username: 'a\0b' }, 'username', /control/],
    ['a line feed', { username: 'a\nb' }, 'username', /control/],
    ['half a character', { username: 'a\ud800' }, 'username', /Unicode/],
    ['no address', { username: 'u', email: 'nobody' }, 'email', /e-mail/],
    ['an empty id', { username: 'u', id: '' }, 'id', /empty/],
    ['an id that is a path', { username: 'u', id: '..' }, 'id', /must not be/],
    ['an id with a space', { username: 'u', id: 'a b' }, 'id', /ASCII/],
    ['an empty password', { username: 'u', password: '' }, 'password', /empty/],
    ['a long password', { username: 'u', password: 'ä'.repeat(129) }, 'password', /256 bytes/],
    ['a password with a NUL', { username: 'u', password: 'a\0' }, 'password', /NUL/],
    ['a hash nobody can verify', { username: 'u', passwordHash: '$pbkdf2$x' }, 'passwordHash', /bcrypt/],
    [
      'both',
      { username: 'u', password: 'p', passwordHash: `$2b$04$${'a'.repeat(53)}` },
      'passwordHash',
      /beside/,
    ],
    ['a role with a space', { username: 'u', roles: ['a b'] }, 'roles[0]', /spaces/],
    ['a scope twice', { username: 'u', scopes: ['a', 'b', 'a'] }, 'scopes[2]', /twice/],
    ['two scopes in one', { username: 'u', scopes: ['a b'] }, 'scopes[0]', /one scope/],
    ['scopes that are no list', { username: 'u', scopes: 'a' }, 'scopes', 'must be a list'],
    ['claims of the server', { username: 'u', claims: { sub: 'x', iss: 'y' } }, 'claims', /sub, iss/],
    ['claims that are a list', { username: 'u', claims: [] }, 'claims', /object/],
    ['claims with a NUL', { username: 'u', claims: { a: ['\0'] } }, 'claims', /JSON/],
    ['text for a boolean', { username: 'u', disabled: 'false' }, 'disabled', /true or false/],
  ])('is refused: %s', async (_, body, path, message) => {
    const { admin } = await createAdminHarness()
    const answer = await admin('POST', USERS, { body })
    expect(answer.status).toBe(400)
    expect(answer.body.problems).toEqual([
      { path, message: typeof message === 'string' ? message : expect.stringMatching(message) },
    ])
    expect((await admin('GET', USERS)).body.items).toEqual([])
  })

  it('is refused with all problems at once, and without the values', async () => {
    const { admin } = await createAdminHarness()
    const body = {
      username: 7,
      password: 'hunter2\0',
      email: 'hunter3',
      extra: 'hunter4',
      scopes: ['', 'hunter5 '],
    }
    const answer = await admin('POST', USERS, { body })
    const paths = answer.body.problems.map(({ path }: { path: string }) => path)
    expect(new Set(paths)).toEqual(
      new Set(['username', 'password', 'email', 'extra', 'scopes[0]', 'scopes[1]']),
    )
    expect(answer.text).not.toContain('hunter')
  })

  it.each([
    'isAdmin',
    'is_admin',
    'role',
    'userId',
    'tenant',
    'version',
    'createdAt',
    'tokensValidAfter',
    'hasPassword',
    'password_hash',
    '__proto__',
    'constructor',
  ])('T155 takes no member %s', async (member) => {
    const { admin, store } = await createAdminHarness()
    await admin('POST', USERS, { body: { username: 'ada', id: 'ada' } })
    const before = await store.findUser('dodici', 'ada')
    for (const [method, path, rest] of [
      ['POST', USERS, '"username":"u",'],
      ['PATCH', `${USERS}/ada`, ''],
    ] as const) {
      const answer = await admin(method, path, { body: `{${rest}"${member}":1}` })
      expect([method, answer.status, answer.body.problems]).toEqual([
        method,
        400,
        [{ path: member, message: 'is not known' }],
      ])
    }
    expect((await admin('PATCH', `${USERS}/ada`, { body: { id: 'eve' } })).status).toBe(400)
    expect(await store.findUser('dodici', 'ada')).toEqual(before)
  })

  it('has no claim that is a prototype to some', async () => {
    const { admin } = await createAdminHarness()
    for (const claims of ['{"__proto__":{"a":1}}', '{"a":[{"__proto__":null}]}']) {
      const answer = await admin('POST', USERS, { body: `{"username":"u","claims":${claims}}` })
      expect([answer.status, answer.body.problems?.[0].path]).toEqual([400, 'claims'])
    }
    const body = '{"username":"u","claims":{"constructor":{"prototype":1}}}'
    expect((await admin('POST', USERS, { body })).body.claims).toEqual({ constructor: { prototype: 1 } })
  })

  it('is refused a name that is taken', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', USERS, { body: { username: 'ada@example.com', id: 'a' } })
    for (const body of [
      { username: 'ADA@example.com' },
      { username: 'x', email: 'Ada@example.com' },
      { username: 'y', id: 'a' },
    ]) {
      const { status, body: problem } = await admin('POST', USERS, { body })
      expect([status, problem.type]).toEqual([409, 'urn:mintkeeper:problem:conflict'])
    }
    await admin('POST', USERS, { body: { username: 'eve', id: 'e' } })
    expect((await admin('PATCH', `${USERS}/e`, { body: { username: 'ada@example.com' } })).status).toBe(409)
    expect((await admin('GET', `${USERS}/e`)).body.username).toBe('eve')
  })

  it('T161 gives its id to nobody after it', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', USERS, { body: { username: 'ada', id: 'a' } })
    await admin('DELETE', `${USERS}/a`)
    expect((await admin('POST', USERS, { body: { username: 'ada', id: 'a' } })).status).toBe(409)
    const again = await admin('POST', USERS, { body: { username: 'ada' } })
    expect([again.status, again.body.id === 'a']).toEqual([201, false])
  })

  it('is no client, nor the other way round', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', `${BASE}/clients`, { body: { id: 'robot' } })
    await admin('POST', USERS, { body: { username: 'ada', id: 'ada' } })
    expect((await admin('POST', USERS, { body: { username: 'r', id: 'robot' } })).status).toBe(409)
    expect((await admin('POST', `${BASE}/clients`, { body: { id: 'ada' } })).status).toBe(409)
    expect((await admin('GET', `${USERS}/robot`)).status).toBe(404)
    expect((await admin('GET', `${BASE}/clients/ada`)).status).toBe(404)
    // The refusal did not use the id up.
    await admin('DELETE', `${BASE}/clients/robot`)
    expect((await admin('POST', USERS, { body: { username: 'r', id: 'robot' } })).status).toBe(201)
  })
})

describe('If-Match', () => {
  it('T031 refuses the second of two changes to one version', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', USERS, { body: { username: 'ada', id: 'a' } })
    const headers = { 'If-Match': '"1"' }
    const first = await admin('PATCH', `${USERS}/a`, { body: { roles: ['one'] }, headers })
    const second = await admin('PATCH', `${USERS}/a`, { body: { roles: ['two'] }, headers })
    expect([first.status, second.status]).toEqual([200, 412])
    expect(second.body.type).toBe('urn:mintkeeper:problem:precondition_failed')
    expect((await admin('GET', `${USERS}/a`)).body.roles).toEqual(['one'])
    expect((await admin('DELETE', `${USERS}/a`, { headers })).status).toBe(412)
    expect((await admin('DELETE', `${USERS}/a`, { headers: { 'If-Match': '"2"' } })).status).toBe(204)
  })

  it('lets one of many changes to one version pass', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', USERS, { body: { username: 'ada', id: 'a' } })
    const changes = Array.from({ length: 20 }, (_, index) =>
      admin('PATCH', `${USERS}/a`, { body: { roles: [`r${index}`] }, headers: { 'If-Match': '"1"' } }),
    )
    const statuses = (await Promise.all(changes)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 412)).toHaveLength(19)
  })

  it.each([
    ['*', 200],
    ['"1"', 200],
    ['W/"1"', 412],
    ['"0"', 412],
    ['"-1"', 412],
    ['1', 412],
    ['"1" ', 200],
    ['"x"', 412],
    ['"99999999999999999999"', 412],
    ['', 412],
    ['"1", "2"', 400],
  ])('%s gets %d', async (value, status) => {
    const { admin } = await createAdminHarness()
    await admin('POST', USERS, { body: { username: 'ada', id: 'a' } })
    const answer = await admin('PATCH', `${USERS}/a`, { body: {}, headers: { 'If-Match': value } })
    expect(answer.status).toBe(status)
  })

  it('loses no change without it, however many there are at once', async () => {
    const { admin } = await createAdminHarness()
    await admin('POST', USERS, { body: { username: 'ada', id: 'a' } })
    const [one, two] = await Promise.all([
      admin('PATCH', `${USERS}/a`, { body: { roles: ['r'] } }),
      admin('PATCH', `${USERS}/a`, { body: { scopes: ['s'] } }),
    ])
    expect([one.status, two.status]).toEqual([200, 200])
    expect((await admin('GET', `${USERS}/a`)).body).toMatchObject({ roles: ['r'], scopes: ['s'], version: 3 })
  })
})

describe('hashes', () => {
  it('T156 are in no answer', async () => {
    const { admin, store } = await createAdminHarness()
    const { text } = await admin('POST', USERS, {
      body: { username: 'ada', id: 'a', password: 'open sesame' },
    })
    const hash = (await store.findUser('dodici', 'a'))?.passwordHash ?? ''
    expect(hash).toMatch(/^\$argon2id\$/)
    const answers = [
      text,
      (await admin('GET', `${USERS}/a`)).text,
      (await admin('GET', USERS)).text,
      (await admin('PATCH', `${USERS}/a`, { body: { password: 'open sesame 2' } })).text,
    ]
    for (const answer of answers) {
      expect(answer).not.toContain('argon2')
      expect(answer).not.toContain('sesame')
      expect(answer).not.toContain(hash.slice(-20))
    }
  })
})
