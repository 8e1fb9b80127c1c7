/** Why clients are not authenticated: what is found out about each mistake that integrators make. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createClientSecret } from '../../src/crypto/client-secret-text.ts'
import { createRandom } from '../../src/crypto/random.ts'
import { assertionClaims, assertionForm, KEY, OTHER_KEY, sign } from '../crypto/assertions.ts'
import {
  basic,
  createWorld,
  encodedBasic,
  type Form,
  NOW,
  OLD_SECRET,
  PASSWORD,
  REALM,
  SECRET,
  STORES,
  type World,
} from './world.ts'

const CREDENTIALS = { grant_type: 'client_credentials' }
const FORM_ENCODING = [['/oauth/token'], [`${REALM}/token`]] as const
const ALL = [...FORM_ENCODING, ['/spree_oauth/token']] as const

describe.each(Object.entries(STORES))('on %s', (_, open) => {
  let world: World
  beforeAll(async () => {
    world = await createWorld(open)
  })
  afterAll(() => world.close())

  const ask = (path: string, form: Form, headers: Form = {}) =>
    world.harness.post(path, { ...CREDENTIALS, ...form }, headers)

  describe.each(ALL)('at %s', (path) => {
    const inBody = (client_id: string, client_secret: string) => ask(path, { client_id, client_secret })

    test('a secret that has expired', async () => {
      const { diagnosis, client, reason } = await world.why(await inBody('shop', OLD_SECRET))
      expect([client, reason]).toEqual(['shop', 'wrong_client_secret'])
      expect(diagnosis.facts[0]).toEqual({
        fact: 'secret_expired',
        says: 'It was right until 2025-12-31 23:59:50Z, when the secret `old` expired.',
      })
      expect(diagnosis.next[0]).toContain('mintkeeper client add-secret')
    })

    test.each([
      ['a line end', `${SECRET}\n`, 'has white space around it, such as a line end'],
      ['quotes', `"${SECRET}"`, 'has quotes around it'],
      ['an encoding too many', encodeURIComponent(SECRET), 'is form-encoded once too often'],
    ])('a secret with %s', async (_what, secret, mistake) => {
      const [fact] = (await world.why(await inBody('shop', secret))).diagnosis.facts
      expect(fact?.says).toBe(`The secret ${mistake}; otherwise it would have been right.`)
    })

    test('a secret that was put into a form as it is', async () => {
      const body = `grant_type=client_credentials&client_id=shop&client_secret=${SECRET}`
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const [fact] = (await world.why(await world.harness.send({ path, body, headers }))).diagnosis.facts
      expect(fact?.says).toContain('sent as it is, without being form-encoded; otherwise')
    })

    test.each([['{{client_secret}}'], ['$CLIENT_SECRET'], ['undefined']])('%s', async (secret) => {
      const [fact] = (await world.why(await inBody('shop', secret))).diagnosis.facts
      expect(fact?.says).toBe('The secret is a variable that nobody has filled in.')
    })

    test('a secret of nobody', async () => {
      expect(await world.facts(await inBody('shop', 'nothing-like-it'))).toEqual(['secrets_of_client'])
    })

    test.each([
      ['a space', 'shop ', 'white space'],
      ['capitals', 'Shop', 'capital letters'],
      ['quotes', "'shop'", 'quotes'],
    ])('an id with %s', async (_what, id, says) => {
      const { diagnosis, client } = await world.why(await inBody(id, SECRET))
      expect(client).toBeNull()
      expect(diagnosis.facts).toMatchObject([{ fact: 'client_like', says: expect.stringContaining(says) }])
      expect(diagnosis.facts[0]?.says).toContain('There is a client `shop`')
    })

    test.each([
      ['swapped', SECRET, 'shop', 'swapped'],
      ['that is a user', 'ann', SECRET, 'client_is_user'],
      ['of another tenant', 'elsewhere', SECRET, 'client_elsewhere'],
      ['that is a variable', '<client_id>', SECRET, 'client_id_mistake'],
      ['that is a secret', `mkcs_${'x'.repeat(49)}`, SECRET, 'client_id_mistake'],
    ])('an id %s', async (_what, id, secret, fact) => {
      expect(await world.facts(await inBody(id, secret))).toEqual([fact])
    })

    test('an id that holds a NUL once it is decoded again', async () => {
      expect(await world.facts(await inBody('shop%00', 'x%00'))).toEqual([])
      expect(await world.facts(await inBody('shop', `${SECRET}%00`))).toEqual(['secrets_of_client'])
    })

    test('an id that nobody has', async () => {
      const refusal = await world.why(await inBody('password-in-the-wrong-field', 'x'))
      expect(refusal.diagnosis).toMatchObject({ facts: [], next: [expect.stringContaining('client show')] })
      expect(JSON.stringify(refusal)).not.toContain('wrong-field')
    })

    test('a secret that was cut off', async () => {
      const { diagnosis } = await world.why(await inBody('shop', `mkcs_${'x'.repeat(20)}`))
      expect(diagnosis.facts[0]?.says).toBe(
        'Secrets made here have 54 characters; this one has 25, or one of them is wrong.',
      )
    })

    test('a grant type that the client may not use', async () => {
      const login = { grant_type: 'password', username: 'ann', password: PASSWORD }
      const form = { ...login, client_id: 'till', client_secret: OLD_SECRET }
      const { diagnosis } = await world.why(await ask(path, form))
      expect(diagnosis.facts).toEqual([
        { fact: 'grants_of_client', says: 'The client `till` may use `client_credentials`.' },
      ])
    })

    test('credentials in two places', async () => {
      const answer = await ask(path, { client_id: 'shop', client_secret: SECRET }, basic('shop', SECRET))
      const { reason, request, diagnosis } = await world.why(answer)
      expect(reason).toBe('two_client_authentications')
      expect(request.authorization).toBe('Basic')
      expect(diagnosis.next).toEqual(['Send the credentials of the client in one place only.'])
    })
  })

  test.each(FORM_ENCODING)('at %s a secret that was put into Basic as it is', async (path) => {
    const { diagnosis } = await world.why(await ask(path, {}, basic('shop', SECRET)))
    expect(diagnosis.facts[0]).toEqual({
      fact: 'secret_mistake',
      says: 'The secret was sent as it is, without being form-encoded; otherwise it would have been right.',
    })
    expect(diagnosis.sources[0]).toBe('RFC 6749 §2.3.1')
    expect((await ask(path, {}, encodedBasic('shop', SECRET))).status).toBe(200)
  })

  test('at /spree_oauth/token a secret that was form-encoded in Basic', async () => {
    const answer = await ask('/spree_oauth/token', {}, encodedBasic('shop', SECRET))
    const [fact] = (await world.why(answer)).diagnosis.facts
    expect(fact?.says).toContain('form-encoded once too often')
    expect((await ask('/spree_oauth/token', {}, basic('shop', SECRET))).status).toBe(200)
  })

  test.each([
    ['Basic', 'nothing after it'],
    ['Basic Basic c2hvcDp4', 'its scheme twice'],
    ['Bearer Bearer x', 'its scheme twice'],
    ['Basic shop:secret', 'id and secret as they are'],
    ['Basic c2hvcA_-', 'no Base64'],
    ['Basic c2hvcA==', 'no `:`'],
    [`Basic ${Buffer.from('shop:gr\xfcn', 'latin1').toString('base64')}`, 'another encoding than UTF-8'],
    [`Basic ${Buffer.from('shop:100%sure').toString('base64')}`, 'not form-encoded'],
    ['ApiKey x', 'a scheme that is none of a client'],
  ])('the header %s', async (authorization, says) => {
    const { diagnosis } = await world.why(await ask('/oauth/token', {}, { authorization }))
    expect(diagnosis.facts).toMatchObject([{ fact: 'authorization', says: expect.stringContaining(says) }])
  })

  describe.each(FORM_ENCODING)('an assertion at %s', (path) => {
    const issuer = path === '/oauth/token' ? 'https://main.example/' : 'https://main.example/auth/realms/main'
    const send = async (claims: Readonly<Record<string, unknown>>, key = KEY) => {
      const good = assertionClaims('signer', issuer, world.harness.now())
      return await ask(path, assertionForm(await sign({ ...good, ...claims }, key)))
    }

    test('by a clock that is wrong', async () => {
      const { diagnosis } = await world.why(await send({ iat: NOW - 400, exp: NOW - 100 }))
      expect(diagnosis.facts[0]?.says).toBe(
        'The assertion came at 2026-01-01 00:00:00Z, by the clock of the server: `iat` is 400 s ago, `exp` is 100 s ago.',
      )
      expect(await world.facts(await send({ iat: NOW + 60 }))).toEqual(['assertion_times'])
    })

    test('for somebody else', async () => {
      const { diagnosis } = await world.why(await send({ aud: 'https://elsewhere.example/' }))
      expect(diagnosis.facts[0]?.says).toContain(`\`aud\` must be one of \`${issuer}\``)
      expect(JSON.stringify(diagnosis)).not.toContain('elsewhere.example')
    })

    test('by another key', async () => {
      const { diagnosis } = await world.why(await send({}, OTHER_KEY))
      expect(diagnosis.facts[0]?.says).toBe('The client has one key here: `p-256`.')
    })
  })
})

test('T170 a secret is not asked for as if it was an id', async () => {
  const asked: string[] = []
  const world = await createWorld(async (clock) => {
    const { store, remove } = await STORES.memory(clock)
    const findCurrentClient: typeof store.findCurrentClient = async (tenant, id) => {
      asked.push(id)
      return await store.findCurrentClient(tenant, id)
    }
    return { store: { ...store, findCurrentClient }, remove }
  })
  onTestFinished(() => world.close())
  const secret = createClientSecret(createRandom())
  const form = { ...CREDENTIALS, client_id: 'Shop', client_secret: secret }
  expect(await world.facts(await world.harness.post('/oauth/token', form))).toEqual(['client_like'])
  expect([asked.includes('shop'), asked.includes(secret)]).toEqual([true, false])
})
