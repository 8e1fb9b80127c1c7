/** T057: what every answer that may hold a token or a secret has, on every surface, errors included. */
import { describe, expect, test } from 'vitest'
import { formatScope } from '../../src/protocol/scope.ts'
import type { TestResponse } from '../harness.ts'
import { credentials, FACES, type Face, loginOf, PASSWORD, refresh, startFaces } from './faces.ts'

function expectNotStored(where: string, response: TestResponse): void {
  const headers = [response.header('cache-control'), response.header('pragma')]
  expect([where, response.status, ...headers]).toEqual([where, response.status, 'no-store', 'no-cache'])
}

/**
 * As `expectNotStored`; but what Doorkeeper says about tokens, or Rails about paths, has no token in it, and Rails'
 * own headers: nobody may use it again without asking.
 */
function expectNotReused(where: string, face: Face, response: TestResponse): void {
  if (face.surface !== 'spree') {
    expectNotStored(where, response)
    return
  }
  const control = response.header('cache-control')
  const isOfRails = response.body === '' || [404, 405].includes(response.status)
  if (control === null && isOfRails) return
  expect([where, control]).toEqual([where, expect.stringMatching(/no-store|no-cache|max-age=0/)])
}

/** RFC 6749 §5.1. */
function expectGrant(where: string, response: TestResponse, asked: string | null): void {
  expectNotStored(where, response)
  expect([where, response.status]).toEqual([where, 200])
  const { token_type, expires_in, scope } = response.json()
  expect([where, token_type]).toEqual([where, 'Bearer'])
  expect(expires_in).toSatisfy((value) => Number.isInteger(value) && value > 0)
  // "OPTIONAL, if identical to the scope requested by the client; otherwise, REQUIRED."
  if (scope === undefined) expect([where, asked]).toEqual([where, null])
  else expect(formatScope(scope.split(' '))).toBe(scope)
}

const LOGIN = { grant_type: 'password', username: 'ann', password: PASSWORD }

function requests(face: Face): readonly (readonly [string, Readonly<Record<string, string>>])[] {
  const own = credentials(face.client)
  const token = [
    ['no grant', {}],
    ['another grant', { grant_type: 'authorization_code', ...own }],
    ['no password', { grant_type: 'password', username: 'ann', ...own }],
    ['a wrong password', { ...LOGIN, password: 'wrong', ...own }],
    ['a refresh token that is none', { grant_type: 'refresh_token', refresh_token: 'x'.repeat(43), ...own }],
    ['a body that is too large', { ...LOGIN, state: 'x'.repeat(200_000) }],
  ] as const
  const wrong = ['a wrong secret', { ...LOGIN, client_id: 'jwt', client_secret: 'wrong' }] as const
  return face.surface === 'newstore' ? token : [...token, wrong]
}

describe.each(FACES)('$name', (face) => {
  test('T057 a login, a refresh and a client’s own token', async () => {
    const harness = await startFaces()
    await harness.user({ tenant: 'main', username: 'ann', password: PASSWORD })
    const own = credentials(face.client)
    const [first = ''] = face.scope.split(' ')
    for (const scope of [null, first, face.scope]) {
      const form = { ...LOGIN, ...own, ...(scope !== null && { scope }) }
      const response = await harness.post(face.tokenPath, form)
      expectGrant(`login ${scope}`, response, scope)
      const { refresh_token } = response.json()
      expectGrant('refresh', await refresh(face, harness, refresh_token), scope)
    }
    if (face.client === null) return
    for (const scope of [null, 'read']) {
      const form = { grant_type: 'client_credentials', ...own, ...(scope !== null && { scope }) }
      expectGrant('client credentials', await harness.post(face.tokenPath, form), scope)
    }
  })

  test('T057 refusals, of requests that carried a password or a secret', async () => {
    const harness = await startFaces()
    await harness.user({ tenant: 'main', username: 'ann', password: PASSWORD })
    for (const path of new Set([face.tokenPath, face.refreshPath])) {
      for (const [name, form] of requests(face)) {
        const response = await harness.post(path, form)
        if (response.status === 413) expectNotReused(`${path} with ${name}`, face, response)
        else expectNotStored(`${path} with ${name}`, response)
        expect([name, response.status]).toEqual([name, expect.toSatisfy((status) => status >= 400)])
      }
      for (const request of [
        { path, method: 'GET' },
        { path: `${path}?password=x`, body: '' },
        { path: `${path}/nothing`, body: '' },
        { path, body: '{', headers: { 'content-type': 'application/json' } },
      ]) {
        const response = await harness.send({ ...request, host: 'main.example' })
        expectNotReused(`${request.method} ${request.path}`, face, response)
        expect(response.status).toBeGreaterThanOrEqual(400)
      }
      const unknown = await harness.send({ path, body: '', host: 'nobody.example' })
      expectNotReused('an unknown host', face, unknown)
    }
  })

  test('T057 answers about tokens', async () => {
    const harness = await startFaces()
    const answer = await loginOf(face, harness)
    const paths = [face.introspectPath, face.revokePath].filter((path) => path !== null)
    for (const path of paths) {
      for (const client of ['api', 'stranger', 'nobody', face.client]) {
        for (const token of [answer.access_token, 'x', '']) {
          const response = await harness.post(path, { token, ...credentials(client) })
          expectNotReused(`${path} of ${token} by ${client}`, face, response)
        }
      }
    }
    if (face.surface !== 'spree') return
    for (const token of [answer.access_token, 'x']) {
      const headers = { authorization: `Bearer ${token}` }
      const info = await harness.send({ method: 'GET', path: '/spree_oauth/token/info', headers })
      expectNotReused('token info', face, info)
    }
  })
})
