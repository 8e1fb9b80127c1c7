/**
 * Every line of the requirements of NewStore's Token API v0 has its tests, in the four files `newstore*.test.ts`, by
 * its number. What is not in their titles:
 *
 * | number | what is different, and why |
 * |---|---|
 * | R006 | `X-Forwarded-Host` and trusted proxies belong to the edges: test/http |
 * | R010 | an unknown path below `/v0/` has this surface's 404, any other path the standard surface's |
 * | R047, R082, R139 | looked at after every exchange, see newstore-exchange.ts |
 * | R059 | the work done is compared, not the time it takes: test/crypto/password.test.ts |
 * | R062, R076, R077, R083, R084, R130 | looked at after every exchange |
 * | R074, R112, R116 | a narrowed refresh is answered with the refresh token though `offline_access` is not in its scope: the token itself is not narrowed |
 * | R075 | 45 characters, but 54 bits of them name the row and 216 are random: "Tokens at rest" of product.md |
 * | R081, R085 | an id the client brings is adopted, so it is as unique as the client makes it |
 * | R092 | the digest of `kid` is that of the public key, as there is no certificate |
 * | R104 | the answers of resource servers are not the token server's |
 * | R133–R138 | not there yet: end and brown-outs, usage ledger, rate limits, lock-out |
 * | A01, A08, A11 | no switches: `grant_type` is never assumed, no `error` member, no bridge for client credentials |
 * | R150–R158 | realm.test.ts; R153, R154, R155, R158 belong to the control plane |
 */
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { createFetchHandler } from '../../src/http/edges/fetch.ts'
import { createTurn } from '../../src/http/edges/turn.ts'
import {
  createNewstore,
  FORM,
  failure,
  form,
  JSON_TYPE,
  LOGIN,
  PASSWORD,
  SCOPE,
  USERNAME,
  UUID_V4,
} from './newstore-exchange.ts'

const { harness, login, refresh, refused } = createNewstore({ 'mycompany-staging': {} })

beforeAll(async () => {
  await harness.user({ username: USERNAME, password: PASSWORD, roles: ['newstore_admin'] })
  await harness.user({ username: 'clerk', password: ' Grüße +%& ' })
  await harness.user({ tenant: 'mycompany-staging', username: USERNAME, password: 'another one' })
})

describe('1. routing and tenancy', () => {
  test('R001 R003 R052 POST /v0/token answers a login without any client authentication', async () => {
    expect((await login()).status).toBe(200)
  })

  test('R002 R003 POST /v0/refresh_token answers', async () => {
    const { refresh_token } = (await login()).json()
    expect((await refresh(refresh_token)).status).toBe(200)
    expect((await refresh(refresh_token, { path: '/v0/refresh_token/' })).status).toBe(200)
  })

  test('R004 the host names the tenant', async () => {
    const { access_token } = (await login({ host: 'dodici.x.newstore.net' })).json()
    expect(access_token).toBeTypeOf('string')
    const host = 'mycompany-staging.x.newstore.net'
    expect((await login({ host })).status).toBe(403)
    expect((await login({ host, parameters: { password: 'another one' } })).status).toBe(200)
  })

  test('R006 in any case, with or without a port', async () => {
    expect((await login({ host: 'DODICI.x.NewStore.net:8443' })).status).toBe(200)
  })

  test.each([
    'nobody.x.newstore.net',
    'x.newstore.net',
    'dodici.x.newstore.net.evil.example',
    '',
    '10.0.0.1',
  ])('R007 an unknown host is 404: %s', async (host) => {
    const response = await refused(404, { host })
    expect(response.json().message).toBe('Not Found')
  })

  test('R007 a tenant that has not this surface is 404, too', async () => {
    await refused(404, { host: 'off.x.newstore.net' })
  })

  test('R008 a refresh token of another tenant is as good as an unknown one', async () => {
    const { refresh_token } = (await login()).json()
    const stranger = await refresh(refresh_token, { host: 'mycompany-staging.x.newstore.net' })
    expect(stranger.status).toBe(403)
    expect(stranger.body).toBe(failure(403, stranger))
    expect((await refresh(refresh_token)).status).toBe(200)
  })

  test.each(['/v0/token', '/v0/token/', '/v0/refresh_token'])(
    'R009 T129 another method on %s is 405',
    async (path) => {
      for (const method of ['GET', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'DELETE', 'PATCH', 'post']) {
        const response = await refused(405, { path, method })
        expect(response.header('allow')).toBe('POST')
        expect(response.json().message).toBe('Method Not Allowed')
      }
    },
  )

  test.each([
    '/v0/',
    '/v0/tokens',
    '/v0/token//',
    '/v0/token/x',
    '/v0/%74oken',
    '/v0/Token',
    '/v0/token;a=b',
  ])('R010 %s is 404', async (path) => {
    const response = await refused(404, { path })
    expect(response.json().message).toBe('Not Found')
  })

  test('R010 a trailing slash is served alike', async () => {
    expect((await login({ path: '/v0/token/' })).status).toBe(200)
  })
})

describe('2. request parsing', () => {
  test.each([
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded;charset=UTF-8',
    'APPLICATION/X-WWW-FORM-URLENCODED; Charset="utf-8"',
  ])('R020 a form is read: %s', async (type) => {
    expect((await login({ headers: { 'content-type': type } })).status).toBe(200)
  })

  test.each(['application/json', 'Application/JSON; charset=utf-8'])(
    'R021 JSON is read: %s',
    async (type) => {
      const request = { headers: { 'content-type': type }, body: JSON.stringify(LOGIN) }
      expect((await login(request)).status).toBe(200)
    },
  )

  test('R022 a body without a Content-Type is a form', async () => {
    expect((await login({ headers: {} })).status).toBe(200)
  })

  test.each([
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/x-www-form-urlencoded\tx',
    'application/x-www-form-urlencoded; charset=utf-16',
    'application/json+x',
    'constructor',
  ])('R022 T122 any other media type is 400: %s', async (type) => {
    const response = await refused(400, { headers: { 'content-type': type } })
    expect(response.body).toBe(failure(400, response))
    await refused(400, { headers: { 'content-type': type }, body: JSON.stringify(LOGIN) })
  })

  test.each(['{', '[]', '["a"]', 'null', '1', '"a"', `${JSON.stringify(LOGIN)}x`, 'grant_type=password'])(
    'R023 broken JSON is 400: %s',
    async (body) => {
      const response = await refused(400, { headers: JSON_TYPE, body })
      expect(response.body).toBe(failure(400, response))
    },
  )

  test.each(['%', '%zz', '%FF', '%E0%80', '%ED%A0%80', '%00'])(
    'R023 T124 a broken %%-escape is 400: %s',
    async (text) => {
      await refused(400, { body: `${form(LOGIN)}&x=${text}` })
      await refused(400, { body: form(LOGIN).replace('password=', `password=${text}`) })
    },
  )

  test('R023 T124 bytes that are not UTF-8 are 400', async () => {
    const handle = createFetchHandler(harness.app, createTurn())
    const body = Buffer.concat([Buffer.from(`${form(LOGIN)}&x=`), Buffer.from([0xff])])
    const request = new Request('https://dodici.x.newstore.net/v0/token', {
      method: 'POST',
      headers: FORM,
      body,
    })
    expect((await handle(request)).status).toBe(400)
    expect(harness.entries.at(-1)).toMatchObject({ outcome: 'malformed_body', reason: 'body_not_utf8' })
  })

  test.each(['', '&', ' '])('R024 a body of %j is 400', async (body) => {
    for (const headers of [FORM, JSON_TYPE, {}]) {
      const response = await refused(400, { headers, body })
      expect(response.body).toBe(failure(400, response))
    }
  })

  test.each(['grant_type', 'username', 'password'] as const)(
    'R025 T212 without %s it is 400',
    async (name) => {
      const { [name]: _, ...rest } = LOGIN
      for (const parameters of [rest, { ...LOGIN, [name]: '' }]) {
        const inForm = await refused(400, { body: form(parameters) })
        expect(inForm.body).toBe(failure(400, inForm))
        await refused(400, { headers: JSON_TYPE, body: JSON.stringify(parameters) })
      }
    },
  )

  test.each([1, null, true, {}, [], ['x'], { x: 'y' }])('R026 a member that is %j is 400', async (value) => {
    for (const name of ['grant_type', 'username', 'password', 'anything']) {
      await refused(400, { headers: JSON_TYPE, body: JSON.stringify({ ...LOGIN, [name]: value }) })
    }
  })

  test.each(['grant_type', 'username', 'password', 'x'])('R027 T120 %s given twice is 400', async (name) => {
    const value = new URLSearchParams(form(LOGIN)).get(name) ?? '1'
    const rest = Object.entries(LOGIN).filter(([each]) => each !== name)
    for (const [first, second] of [
      [value, value],
      [value, ''],
      ['', value],
    ] as const) {
      const body = new URLSearchParams([...rest, [name, first], [name, second]]).toString()
      await refused(400, { body })
    }
    const members = [...rest, [name, value], [name, value]]
    const json = `{${members.map(([each, text]) => `"${each}":"${text}"`).join()}}`
    await refused(400, { headers: JSON_TYPE, body: json })
  })

  test.each(['password[]', 'password[a]', 'x[]', '[x]'])('T120 %s is 400', async (name) => {
    await refused(400, { parameters: { [name]: PASSWORD } })
  })

  test('R028 T121 unknown parameters are ignored', async () => {
    const parameters = {
      client_id: 'x',
      client_secret: 'y',
      audience: 'z',
      realm: '',
      __proto__x: '1',
      'a.b': '2',
    }
    expect((await login({ parameters })).status).toBe(200)
    const body = JSON.stringify({ ...LOGIN, ...parameters })
    expect((await login({ headers: JSON_TYPE, body })).status).toBe(200)
  })

  test('R028 so is scope', async () => {
    for (const scope of ['read:current_user', 'unknown', '"']) {
      expect((await login({ parameters: { scope } })).json().scope).toBe(SCOPE)
    }
  })

  test('R029 a plus sign is a space, %2B a plus sign, the rest UTF-8, and nothing is trimmed', async () => {
    const body = 'grant_type=password&username=clerk&password=+Gr%C3%BC%C3%9Fe+%2B%25%26+'
    expect((await login({ body })).status).toBe(200)
    for (const wrong of [
      'Gr%C3%BC%C3%9Fe+%2B%25%26',
      '+Gr%C3%BC%C3%9Fe+%2B%25%26',
      '+gr%C3%BC%C3%9Fe+%2B%25%26+',
    ]) {
      expect((await login({ body: `grant_type=password&username=clerk&password=${wrong}` })).status).toBe(403)
    }
  })

  test('R030 T125 a body of more than 16 KiB is 413', async () => {
    const padded = (size: number) => `${form(LOGIN)}&x=`.padEnd(size, 'x')
    expect((await login({ body: padded(16 * 1024) })).status).toBe(200)
    const response = await refused(413, { body: padded(16 * 1024 + 1) })
    expect(response.json().message).toBe('Content Too Large')
    await refused(413, { headers: { ...FORM, 'content-length': '16385' } })
    await refused(413, { body: `${form(LOGIN)}&x=${'€'.repeat(5500)}` })
  })

  test('R030 T125 many parameters are 400 without a look at the password', async () => {
    const parameters = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`p${at}`, '1']))
    await refused(400, { parameters })
  })

  test('R032 no further header matters', async () => {
    const headers = {
      ...FORM,
      'request-id': 'not a uuid',
      tenant: 'another',
      'x-aws-request-id': '1',
      'user-agent': '(){ :;}; \t%00 "\'',
      authorization: 'Bearer expired',
      cookie: 'a=b',
      accept: 'text/html',
      'accept-language': '*',
      origin: 'null',
    }
    expect((await login({ headers })).status).toBe(200)
    expect((await login({ headers: { ...headers, authorization: 'Basic eDp5' } })).status).toBe(200)
  })
})

describe('3. a credential in the query string', () => {
  const EXACT = '{"message":"query parameter password is not allowed."}'

  test.each(['/v0/token', '/v0/token/', '/v0/refresh_token'])(
    'R040 R041 R042 R043 R048 T210 on %s the answer is exact, and nobody is logged in',
    async (path) => {
      const { refresh_token } = (await login()).json()
      const valid = {
        ...LOGIN,
        ...(path.includes('refresh') && { grant_type: 'refresh_token', refresh_token }),
      }
      const query = `${path}?password=${encodeURIComponent(PASSWORD)}`
      const response = await refused(400, { path: query, body: form(valid) })
      expect(response.body).toBe(EXACT)
      expect(response.header('x-newstore-request-id')).toMatch(UUID_V4)
      expect((await refused(400, { path: query, body: '' })).body).toBe(EXACT)
    },
  )

  test.each([
    'password',
    'password=',
    'p%61ssword=x',
    'a=1&password',
    'refresh_token=x&password=y',
    'password[]=x',
  ])('R044 ?%s is enough', async (query) => {
    expect((await refused(400, { path: `/v0/token?${query}` })).body).toBe(EXACT)
  })

  test.each(['Password=x', 'pass=x', 'username=u', 'x', ''])('R044 R046 ?%s is ignored', async (query) => {
    expect((await login({ path: `/v0/token?${query}` })).status).toBe(200)
  })

  test('R045 it comes after method and tenant', async () => {
    expect((await login({ path: '/v0/token?password', method: 'GET' })).status).toBe(405)
    expect((await login({ path: '/v0/token?password', host: 'unknown' })).status).toBe(404)
    expect((await login({ path: '/v0/?password' })).status).toBe(404)
  })

  test('R045 it comes before everything about the body', async () => {
    const broken = { path: '/v0/token?password', headers: { 'content-type': 'text/plain' }, body: '%' }
    expect((await refused(400, broken)).body).toBe(EXACT)
    expect((await refused(400, { ...broken, body: 'x'.repeat(20_000) })).body).toBe(EXACT)
  })

  test('R045 the body is not even read', async () => {
    const text = vi.fn(async () => form(LOGIN))
    const { body } = await harness.app.handle(
      { method: 'POST', url: '/v0/token?password', headers: new Headers(FORM), text },
      { host: 'dodici.x.newstore.net', source: null },
    )
    expect(body).toBe(EXACT)
    expect(text).not.toHaveBeenCalled()
  })

  test('R046 no parameter is read from the query string', async () => {
    const path = `/v0/token?grant_type=password&username=${encodeURIComponent(USERNAME)}`
    const response = await refused(400, { path, body: '' })
    expect(response.body).toBe(failure(400, response))
    await refused(400, { path, body: form({ password: PASSWORD }) })
  })

  test.each(['refresh_token', 'token', 'access_token', 'client_secret', 'client_assertion'])(
    'T210 ?%s has the same sentence with its own name',
    async (name) => {
      const { body } = await refused(400, { path: `/v0/refresh_token?${name}=secret-value` })
      expect(body).toBe(`{"message":"query parameter ${name} is not allowed."}`)
    },
  )
})
