import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, BASE, createAdminHarness } from './harness.ts'

const USERS = `${BASE}/users`

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
    const body = '{"username":"u"}'.padEnd(64 * 1024 + extra)
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

  it('T089 with more roles or claims than tokens have room for is refused, new or changed', async () => {
    const { admin } = await createAdminHarness()
    const CLIENTS = `${BASE}/clients`
    await admin('POST', USERS, { body: { username: 'u', id: 'u' } })
    await admin('POST', CLIENTS, { body: { id: 'c' } })
    const roles = Array.from({ length: 500 }, (_, index) => `role-${index}`)
    for (const [path, body] of [
      ['roles', { roles }],
      ['claims', { claims: { groups: roles } }],
    ] as const) {
      for (const [method, url, rest] of [
        ['POST', USERS, { username: 'v' }],
        ['PATCH', `${USERS}/u`, {}],
        ['POST', CLIENTS, {}],
        ['PATCH', `${CLIENTS}/c`, {}],
      ] as const) {
        const answer = await admin(method, url, { body: { ...rest, ...body } })
        expect([method, url, answer.status, answer.body.problems]).toEqual([
          ...[method, url, 400],
          [{ path, message: expect.stringMatching(/^must be smaller: tokens have room for 2048 bytes/) }],
        ])
      }
    }
    expect((await admin('PATCH', `${USERS}/u`, { body: { roles: roles.slice(0, 100) } })).status).toBe(200)
  })

  it('nested deeper than any claim needs is refused', async () => {
    const { admin } = await createAdminHarness()
    const claims = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`
    const answer = await admin('POST', USERS, { body: `{"username":"u","claims":${claims}}` })
    expect([answer.status, answer.body.problems[0].path]).toEqual([400, 'claims'])
  })
})
