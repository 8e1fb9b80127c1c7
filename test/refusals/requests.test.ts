/** Why requests are not understood, or lead nowhere; and what of them may be kept. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorld, type Form, PASSWORD, REALM, SECRET, STORES, type World } from './world.ts'

const SHOP = { client_id: 'shop', client_secret: SECRET }
const CREDENTIALS = { grant_type: 'client_credentials', ...SHOP }
const PATHS = [['/oauth/token'], [`${REALM}/token`], ['/spree_oauth/token'], ['/v0/token']] as const
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }

describe.each(Object.entries(STORES))('on %s', (_, open) => {
  let world: World
  beforeAll(async () => {
    world = await createWorld(open)
  })
  afterAll(() => world.close())

  const send = (path: string, body: string, headers: Form = FORM, host = 'main.example') =>
    world.harness.send({ path, body, headers, host })
  const sentences = async (answer: Awaited<ReturnType<typeof send>>) =>
    (await world.why(answer)).diagnosis.facts.map(({ says }) => says)

  describe.each(PATHS)('at %s', (path) => {
    const isStandard = path !== '/v0/token' && path !== '/spree_oauth/token'

    test('an empty body', async () => {
      const { reason, diagnosis } = await world.why(await send(path, ''))
      expect([reason, diagnosis.facts[0]?.fact]).toEqual(['missing_parameter', 'body_empty'])
    })

    test('JSON that is sent as a form', async () => {
      const { diagnosis } = await world.why(await send(path, JSON.stringify(CREDENTIALS)))
      expect(diagnosis.facts[0]?.says).toBe(
        'The body looks like JSON, but was sent as `application/x-www-form-urlencoded`, and was read as that.',
      )
      expect(diagnosis.next).toEqual([
        isStandard
          ? 'Send the parameters as `application/x-www-form-urlencoded`.'
          : expect.stringContaining('Send JSON with `Content-Type: application/json`'),
      ])
    })

    test('a form that is sent as JSON', async () => {
      const answer = await send(path, new URLSearchParams(CREDENTIALS).toString(), JSON_TYPE)
      const [says, types] = await sentences(answer)
      expect(says).toContain('The body looks like a form, but was sent as `application/json`')
      expect(types?.includes('`application/x-www-form-urlencoded`') ?? false).toBe(isStandard)
    })

    test('who has sent what was not read, as far as there are such', async () => {
      const { harness } = world
      const ann = await harness.store.findUserByLogin('main', 'ann')
      const login = JSON.stringify({
        ...CREDENTIALS,
        grant_type: 'password',
        username: 'ann',
        password: PASSWORD,
      })
      const known = await world.why(await send(path, login))
      expect([known.reason, known.client, known.user]).toEqual(['missing_parameter', 'shop', ann?.id])
      expect(known.request.parameters).toContainEqual({ name: 'client_id', value: 'shop' })
      const broken = `${login.slice(0, -1)},"x":"\\ud800","client_id":"no\\u0000body","username":"${SECRET}"}`
      const strange = await world.why(await send(path, broken, JSON_TYPE))
      expect([strange.client, strange.user]).toEqual([null, null])
      expect(JSON.stringify(strange)).not.toContain(SECRET)
    })

    test('a charset that nobody reads', async () => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-16' }
      const facts = await world.facts(await send(path, 'grant_type=password', headers))
      expect(facts.filter((fact) => fact.startsWith('body_'))).toEqual(['body_charset'])
    })

    test('two types', async () => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8, application/json' }
      const refusal = await world.why(await send(path, 'grant_type=password', headers))
      expect(refusal.request.contentType).toBe('…')
      const facts = refusal.diagnosis.facts.map(({ fact }) => fact)
      expect(facts.filter((fact) => fact.startsWith('body_'))).toEqual(['body_looks_like', 'body_types'])
    })

    test('a type that nobody reads', async () => {
      const answer = await send(path, 'grant_type=password', { 'content-type': 'text/secret-of-mine' })
      const refusal = await world.why(answer)
      expect(refusal.request.contentType).toBe('…')
      const facts = refusal.diagnosis.facts.map(({ fact }) => fact)
      expect(facts.slice(0, 2)).toEqual(['body_looks_like', 'body_types'])
      expect(JSON.stringify(refusal)).not.toContain('secret-of-mine')
    })

    test('names and grant types that are spelt otherwise', async () => {
      const [name] = await sentences(await send(path, 'grantType=client_credentials'))
      expect(name).toBe('The parameter is `grant_type`.')
      const { diagnosis } = await world.why(await send(path, 'Grant-Type=x&clientId=y'))
      expect(diagnosis.next).toEqual(['Call it `grant_type`.', 'Call it `client_id`.'])
      const [grant] = await sentences(await send(path, 'grant_type=clientCredentials'))
      expect(grant).toContain('Grant types that are on here')
      const code = await world.why(await send(path, 'grant_type=authorization_code'))
      expect(code.diagnosis.next).toEqual([
        expect.stringContaining(path === '/v0/token' ? '`/v0/refresh_token`' : 'that are on.'),
      ])
      const answer = await send(path, 'grant_type=ClientCredentials')
      expect(await sentences(answer)).toContain(
        'The grant type is spelt otherwise than `client_credentials`.',
      )
    })

    test('a JSON value that is no text', async () => {
      const body = JSON.stringify({ grant_type: 'password', username: 12345, password: '', scope: null })
      expect((await world.why(await send(path, body, JSON_TYPE))).request.parameters).toEqual([
        { name: 'grant_type', value: 'password' },
        { name: 'username', value: '[no text]' },
        { name: 'password', value: '[empty]' },
        { name: 'scope', value: '[no text]' },
      ])
    })

    test('names that other systems have', async () => {
      const login = { grant_type: 'password', email: 'ann', pwd: PASSWORD }
      const { diagnosis } = await world.why(await send(path, new URLSearchParams(login).toString()))
      expect(diagnosis.next).toEqual(expect.arrayContaining(['Call it `username`.', 'Call it `password`.']))
      const both = new URLSearchParams({ ...login, username: 'ann', password: 'x', scope: '"' })
      expect(await world.facts(await send(path, both.toString()))).not.toContain('parameter_like')
    })

    test('parameters in the query string', async () => {
      const refusal = await world.why(await send(`${path}?grant_type=password&username=ann&x=secret-x`, ''))
      expect(refusal.request.query).toEqual(['grant_type', 'username', '…'])
      const fact = refusal.diagnosis.facts.find((each) => each.fact === 'parameters_in_query')
      expect(fact?.says).toContain('`grant_type`, `username`')
      const credential = await world.why(await send(`${path}?password=${PASSWORD}`, ''))
      expect(credential).toMatchObject({ code: 'credential_in_query', reason: 'password_in_query' })
      expect(credential.diagnosis.facts[0]?.says).toBe('The parameter is `password`.')
    })

    test('a compressed body', async () => {
      const answer = await send(path, 'grant_type', { ...FORM, 'content-encoding': 'gzip' })
      expect(await world.facts(answer)).toContain('body_compressed')
    })

    test('another method, and a body that is too large', async () => {
      const get = await world.harness.send({ method: 'GET', path })
      expect(await sentences(get)).toEqual(['The path knows `POST`.'])
      const [limit] = await sentences(await send(path, `x=${'y'.repeat(70_000)}`))
      expect(limit).toMatch(/^This surface reads bodies of (16384|65536) bytes\.$/)
    })

    test('only what is known is kept of what was sent', async () => {
      const body =
        'grant_type=secret-1&secret-2=secret-3&username=secret-4&scope=secret-5+openid&state=secret-6'
      const refusal = await world.why(await send(`${path}?secret-7=secret-8`, body))
      expect(refusal.request.parameters).toEqual([
        { name: 'grant_type', value: '[no grant type]' },
        { name: '…', value: '[not shown]' },
        { name: 'username', value: '[not known]' },
        { name: 'scope', value: '… openid' },
        { name: 'state', value: '[not shown]' },
      ])
      expect(JSON.stringify(refusal)).not.toContain('secret-')
    })
  })

  test('however much was sent, little is kept', async () => {
    const scopes = Array(30).fill(`scope=${Array(30).fill('offline_access').join('+')}`)
    const names = Array.from({ length: 30 }, (_, index) => `c${'-'.repeat(80 - index)}lient_id=x`)
    const headers = { ...FORM, 'user-agent': 'x'.repeat(5000) }
    for (const pairs of [scopes, names]) {
      const refusal = await world.why(await send('/spree_oauth/token', pairs.join('&'), headers))
      expect(refusal.request.parameters).toHaveLength(30)
      expect(JSON.stringify(refusal).length).toBeLessThan(5000)
    }
  })

  test.each([
    ['/OAuth/Token', '/oauth/token'],
    ['/oauth//token/', '/oauth/token'],
    ['/api/v0/token', '/v0/token'],
    ['/realms/main/protocol/openid-connect/token', '/auth/realms/{tenant}/protocol/openid-connect/token'],
    [
      '/auth/realms/main/protocol/openid-connect/token/',
      '/auth/realms/{tenant}/protocol/openid-connect/token',
    ],
  ])('the path %s', async (path, meant) => {
    const { reason, diagnosis } = await world.why(await send(path, ''))
    expect(reason).toBe('unknown_path')
    expect(diagnosis.next).toEqual([`Send it to \`${meant}\`.`])
  })

  test('a path that nobody knows is not kept', async () => {
    const { request, diagnosis } = await world.why(await send('/oauth/secret-in-the-path/token', ''))
    expect(request.path).toBe('/oauth/…/token')
    expect(diagnosis.facts).toEqual([])
  })

  test('an unknown host, also behind a proxy that is not trusted', async () => {
    const refusal = await world.why(await send('/oauth/token', '', FORM, 'Shop.Example:8443'))
    expect(refusal).toMatchObject({ tenant: null, reason: 'unknown_host' })
    expect(refusal.diagnosis.facts[0]?.says).toBe('It asked for the host `shop.example:8443`.')
    const headers = { ...FORM, 'x-forwarded-host': 'main.example' }
    const behind = await sentences(await send('/oauth/token', '', headers, '10.0.0.1'))
    expect(behind[1]).toContain('A proxy has named a host of a tenant')
    const strange = await world.why(await send('/oauth/token', '', FORM, 'no host at all'))
    expect(strange.request.host).toBeNull()
  })

  test('an unknown realm, and a surface that is off', async () => {
    const realm = await world.why(await send('/auth/realms/nobody/protocol/openid-connect/token', ''))
    expect(realm).toMatchObject({ tenant: null, reason: 'unknown_realm' })
    expect(realm.request.path).toBe('/auth/realms/…/protocol/openid-connect/token')
    const path = '/auth/realms/Other/protocol/openid-connect/token'
    for (const [answer, tenant] of [
      [await send('/auth/realms/nobody/protocol/openid-connect/token', ''), 'main'],
      [await send(path, '', FORM, 'nobody.example'), 'other'],
    ] as const) {
      const { diagnosis } = await world.why(answer)
      expect(diagnosis.next[0]).toContain(`Send it to \`/auth/realms/${tenant}/…\``)
    }
    const nobody = await send(path.replace('Other', 'nobody'), '', FORM, 'nobody.example')
    expect(await world.facts(nobody)).toEqual([])
    const off = await send('/oauth/token', '', FORM, 'few.example')
    expect(await sentences(off)).toEqual(['The tenant has these surfaces on: `spree`.'])
  })

  test('a scope that is not allowed: which, and by whom', async () => {
    const ask = async (path: string, form: Form) =>
      await sentences(await world.harness.post(path, { ...CREDENTIALS, ...form }))
    expect(await ask('/oauth/token', { scope: 'read admin secret-7' })).toEqual([
      'Word 2 of the scope is not among the scopes of the client.',
      'Word 3 of the scope is not among the scopes of the client.',
      'What may be asked for: `read`, `write`.',
    ])
    expect((await ask('/oauth/token', { scope: 'read,write' }))[0]).toContain('a comma')
    const spree = await ask('/spree_oauth/token', { scope: 'admin' })
    expect(spree[0]).toBe('`admin` is not among the scopes of the client.')
    const login = { grant_type: 'password', username: 'ann', password: PASSWORD, scope: 'admin' }
    const role = await sentences(await world.harness.post('/spree_oauth/token', login))
    expect(role[0]).toBe('`admin` needs a role that the user has not.')
    const user = { ...CREDENTIALS, ...login, username: 'bob', scope: 'write' }
    const ofUser = await sentences(await world.harness.post('/oauth/token', user))
    expect(ofUser[0]).toBe('`write` is not among the scopes of the user.')
  })

  test('the latest of several with the same id, and how many there are', async () => {
    const headers = { ...FORM, 'x-request-id': '018F3C1E-0000-7000-8000-000000000001' }
    await send('/oauth/token', '', headers)
    await send('/oauth/token', 'grant_type=nonsense', headers)
    const elsewhere = await send('/oauth/token', 'grant_type=nonsense', headers, 'other.example')
    const latest = await world.why(elsewhere)
    expect(latest).toMatchObject({ tenant: 'other', earlier: 2, reason: 'unknown_grant_type' })
  })
})
