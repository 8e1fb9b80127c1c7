/** The requests of the two API documents, as they stand there, sent by curl; answers checked by their schemas. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CurlAnswer, curl } from './curl.ts'
import { readDocument } from './documents.ts'
import { type RunningServer, startServer } from './server.ts'
import { DOCUMENT_CLIENT } from './tenant.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

type Members = Readonly<Record<string, string>>

function encodeForm(form: Members): string {
  // As a person would write it in a shell, with the @ left alone.
  return new URLSearchParams(form).toString().replaceAll('%40', '@')
}

describe('newstore', () => {
  const document = readDocument('newstore')
  const send = (path: string, ...args: readonly string[]) => curl(...args, `${server.origin}/v0${path}`)

  function expectByDocument(answer: CurlAnswer, path: string, status: number) {
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/json;charset=UTF-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const body = JSON.parse(answer.body)
    expect(document.problemsOf(path, status, body)).toEqual([])
    return body
  }

  async function login() {
    const answer = await send('/token', '--data', encodeForm(document.formExample('/token')))
    return expectByDocument(answer, '/token', 200)
  }

  test('the example of /token', async () => {
    expect(document.formExample('/token')).toEqual({
      grant_type: 'password',
      username: 'myusername@example.com',
      password: 'V3lC4EvMV1X5h3HsB_VU',
    })
    const token = await login()
    expect(Object.keys(token)).toEqual(['refresh_token', 'access_token', 'token_type', 'scope', 'expires_in'])
    expect(token.refresh_token).toMatch(/^[\w-]{45}$/)
    expect(token.expires_in).toBe(86400)
  })

  test('the example of /refresh_token, with the token just issued', async () => {
    const first = await login()
    const form = { ...document.formExample('/refresh_token'), refresh_token: first.refresh_token }
    const answer = await send('/refresh_token', '--data', encodeForm(form))
    const second = expectByDocument(answer, '/refresh_token', 200)
    expect(second.refresh_token).toBe(first.refresh_token)
  })

  test("the example's own refresh token is nobody's", async () => {
    const form = encodeForm(document.formExample('/refresh_token'))
    const body = expectByDocument(await send('/refresh_token', '--data', form), '/refresh_token', 403)
    expect(body).toEqual({
      status: 403,
      message: 'Authentication failed',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  })

  test('JSON, which NewStore documents elsewhere', async () => {
    const json = JSON.stringify(document.formExample('/token'))
    expectByDocument(await send('/token', '--json', json), '/token', 200)
  })

  test('chunked, and with Expect: 100-continue', async () => {
    const form = encodeForm(document.formExample('/token'))
    const chunked = await send('/token', '--header', 'Transfer-Encoding: chunked', '--data', form)
    expectByDocument(chunked, '/token', 200)
    const expecting = await send('/token', '--header', 'Expect: 100-continue', '--data', form)
    expectByDocument(expecting, '/token', 200)
  })

  test.each(['/token', '/refresh_token'])('a password in the query of %s', async (path) => {
    const form = encodeForm(document.formExample(path))
    const answer = await curl('--data', form, `${server.origin}/v0${path}?password=V3lC4EvMV1X5h3HsB_VU`)
    expectByDocument(answer, path, 400)
    expect(answer.body).toBe('{"message":"query parameter password is not allowed."}')
  })

  test.each([
    ['nothing', ''],
    ['no password', 'grant_type=password&username=myusername@example.com'],
    ['another grant type', 'grant_type=client_credentials'],
  ])('%s is a 400', async (_, form) => {
    const body = expectByDocument(await send('/token', '--data', form), '/token', 400)
    expect(body).toMatchObject({ status: 400, message: 'Authentication failed' })
  })

  test('a wrong password is a 403', async () => {
    const form = encodeForm({ ...document.formExample('/token'), password: 'wrong' })
    expectByDocument(await send('/token', '--data', form), '/token', 403)
  })

  test('GET is a 405', async () => {
    const answer = await send('/token')
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('POST')
  })
})

describe('spree', () => {
  const PATH = '/spree_oauth/token'
  const document = readDocument('spree')
  const examples = document.jsonExamples(PATH)
  const example = (name: string): Members => {
    const found = examples[name]
    if (found === undefined) throw new Error(`no example ${name}`)
    return found
  }

  async function send(body: Members, path = PATH): Promise<CurlAnswer> {
    return await curl('--json', JSON.stringify(body), server.origin + path)
  }

  function expectToken(answer: CurlAnswer) {
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    const token = JSON.parse(answer.body)
    expect(document.problemsOf(PATH, 200, token)).toEqual([])
    return token
  }

  test('the document has the four examples that are tested here', () => {
    expect(Object.keys(examples)).toEqual([
      'Create Storefront API User Token',
      'Create Platform API User Token',
      'Create Platform API Application Token',
      'Refresh a Token',
    ])
  })

  test('Create Storefront API User Token', async () => {
    const token = expectToken(await send(example('Create Storefront API User Token')))
    expect(Object.keys(token)).toEqual([
      'access_token',
      'token_type',
      'expires_in',
      'refresh_token',
      'created_at',
    ])
    expect(token).toMatchObject({ token_type: 'Bearer', expires_in: 7200 })
  })

  test('Create Platform API User Token', async () => {
    const token = expectToken(await send(example('Create Platform API User Token')))
    expect(token.scope).toBe('admin')
  })

  test('Create Platform API Application Token', async () => {
    const token = expectToken(await send(example('Create Platform API Application Token')))
    expect(token.scope).toBe('admin')
  })

  test('Refresh a Token, with the token just issued', async () => {
    const first = expectToken(await send(example('Create Storefront API User Token')))
    const request = { ...example('Refresh a Token'), refresh_token: first.refresh_token }
    const second = expectToken(await send(request))
    expect(second.refresh_token).not.toBe(first.refresh_token)
  })

  test('every one of them as a form, as multipart and as XML', async () => {
    const requests = Object.entries(examples).filter(([name]) => name !== 'Refresh a Token')
    for (const [, request] of requests) {
      const fields = Object.entries(request)
      expectToken(await curl('--data', encodeForm(request), server.origin + PATH))
      const parts = fields.flatMap(([name, value]) => ['--form', `${name}=${value}`])
      expectToken(await curl(...parts, server.origin + PATH))
      const xml = `<request>${fields.map(([name, value]) => `<${name}>${value}</${name}>`).join('')}</request>`
      expectToken(
        await curl('--header', 'Content-Type: application/xml', '--data', xml, server.origin + PATH),
      )
    }
  })

  test("the example's own refresh token is nobody's", async () => {
    const answer = await send(example('Refresh a Token'))
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_grant' })
    expect(answer.headers.get('www-authenticate')).toContain('realm="Doorkeeper", error="invalid_grant"')
  })

  test('token info, introspection and revocation', async () => {
    const token = expectToken(await send(example('Create Platform API User Token')))
    const bearer = ['--oauth2-bearer', token.access_token]
    const info = await curl(...bearer, `${server.origin}/spree_oauth/token/info`)
    expect(JSON.parse(info.body)).toMatchObject({
      resource_owner_id: 1,
      scope: ['admin'],
      application: { uid: DOCUMENT_CLIENT.id },
      resource_owner_type: 'Spree::User',
    })
    const basic = ['--user', `${DOCUMENT_CLIENT.id}:${DOCUMENT_CLIENT.secret}`]
    const ask = () =>
      curl(...basic, '--data', `token=${token.access_token}`, `${server.origin}/spree_oauth/introspect`)
    expect(JSON.parse((await ask()).body)).toMatchObject({ active: true, scope: 'admin' })
    const revoked = await curl(
      ...basic,
      '--data',
      `token=${token.refresh_token}`,
      `${server.origin}/spree_oauth/revoke`,
    )
    expect([revoked.status, revoked.body]).toEqual([200, '{}'])
    expect(JSON.parse((await ask()).body)).toEqual({ active: false })
  })
})
