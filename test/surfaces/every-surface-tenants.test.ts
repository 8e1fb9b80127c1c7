/** T144: two tenants that have the same of everything but keys. A token of one is nothing to the other. */
import { beforeEach, describe, expect, test } from 'vitest'
import { createHarness, type Harness, type TestResponse } from '../harness.ts'
import { type Answer, credentials, expectLive, FACES, type Face, PASSWORD, tenantOfFaces } from './faces.ts'

const MAIN = tenantOfFaces()
const TWIN = { ...MAIN, id: 'twin', hosts: ['twin.example'], issuer: 'https://twin.example/' }
const USERNAME = 'ann'

/** The tenant of a request is that of its host, or of the realm in its path. */
function asked(path: string, tenant: typeof MAIN): { readonly path: string; readonly host: string } {
  return { path: path.replace('/realms/main/', `/realms/${tenant.id}/`), host: `${tenant.id}.example` }
}

let harness: Harness
beforeEach(async () => {
  harness = createHarness({ tenants: [MAIN, TWIN] })
  for (const tenant of ['main', 'twin']) {
    for (const id of ['jwt', 'opaque'] as const)
      await harness.client({ tenant, id, secret: PASSWORD, scopes: ['read', 'write'], accessToken: id })
    await harness.client({ tenant, id: 'api', secret: PASSWORD, introspect: 'any' })
    await harness.user({ tenant, username: USERNAME, password: PASSWORD })
  }
})

function post(
  tenant: typeof MAIN,
  path: string,
  form: Readonly<Record<string, string>>,
): Promise<TestResponse> {
  return harness.send({
    ...asked(path, tenant),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
}

async function login(face: Face, tenant: typeof MAIN): Promise<Answer> {
  const grant = { grant_type: 'password', username: USERNAME, password: PASSWORD, scope: face.scope }
  const response = await post(tenant, face.tokenPath, { ...grant, ...credentials(face.client) })
  expect(response.status).toBe(200)
  return response.json()
}

const refresh = (face: Face, tenant: typeof MAIN, token: string) =>
  post(tenant, face.refreshPath, {
    ...{ grant_type: 'refresh_token', refresh_token: token },
    ...credentials(face.client),
  })

describe.each(FACES)('$name', (face) => {
  let answer: Answer
  let tokens: readonly string[]
  beforeEach(async () => {
    answer = await login(face, MAIN)
    tokens = [answer.access_token, answer.refresh_token]
  })

  test('T144 a refresh token is as good as an unknown one to the twin', async () => {
    const unknown = await refresh(face, TWIN, 'x'.repeat(43))
    const refused = await refresh(face, TWIN, answer.refresh_token)
    expect([refused.status, refused.json().error]).toEqual([face.refusal.status, face.refusal.error])
    expect(harness.entries.map(({ reason }) => reason).slice(-2)).toEqual([
      ...['unknown_refresh_token', 'unknown_refresh_token'],
    ])
    expect(Object.keys(refused.json())).toEqual(Object.keys(unknown.json()))
    await expectLive(face, harness, answer)
    expect((await refresh(face, MAIN, answer.refresh_token)).status).toBe(200)
  })

  test('T144 nor does a spent one end its family if it comes to the twin', async () => {
    const second = (await refresh(face, MAIN, answer.refresh_token)).json()
    harness.advance(3600)
    await refresh(face, TWIN, answer.refresh_token)
    await refresh(face, TWIN, second.refresh_token)
    expect((await refresh(face, MAIN, second.refresh_token)).status).toBe(200)
  })

  const { revokePath, introspectPath } = face
  test.runIf(revokePath !== null)('T144 the twin can not revoke it', async () => {
    for (const token of tokens) {
      const answered = await post(TWIN, revokePath ?? '', { token, ...credentials(face.client) })
      expect([answered.status, answered.body]).toEqual([200, '{}'])
    }
    await expectLive(face, harness, answer)
  })

  test('T144 the twin finds it inactive', async () => {
    for (const path of [introspectPath, '/oauth/introspect', '/spree_oauth/introspect']) {
      if (path === null) continue
      for (const token of tokens) {
        const answered = await post(TWIN, path, { token, ...credentials('api') })
        expect([answered.status, answered.body]).toEqual([200, '{"active":false}'])
      }
    }
  })

  test('T144 the twin opens nothing to its bearer', async () => {
    const own = await login(face, TWIN)
    const headers = { authorization: `Bearer ${answer.access_token}` }
    const info = await harness.send({
      ...{ method: 'GET', body: null, headers },
      ...asked('/spree_oauth/token/info', TWIN),
    })
    expect(info.status).toBe(401)
    const asking = await harness.send({
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      ...asked('/spree_oauth/introspect', TWIN),
      body: new URLSearchParams({ token: own.access_token }).toString(),
    })
    expect(asking.status).toBe(401)
  })
})
