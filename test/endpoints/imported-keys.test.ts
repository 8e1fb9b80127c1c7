/** JWTs that another system has signed before the move: they count until they expire, and their keys do nothing else. */
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { importPublicKey } from '../../src/crypto/signing-key.ts'
import { jwtDenialId } from '../../src/endpoints/inspect.ts'
import { importKeys, type KeyImportOutcome } from '../../src/endpoints/key-ring-import.ts'
import type { ImportedKeyTerms } from '../../src/protocol/jwt.ts'
import type { Store } from '../../src/store/store.ts'
import { createHarness, type Harness, TENANT } from '../harness.ts'

const old = await generateKeyPair('RS256', { extractable: true })
const OLD = importPublicKey({ ...(await exportJWK(old.publicKey)), kid: 'old' })
const second = await generateKeyPair('ES256', { extractable: true })
const SECOND = importPublicKey({ ...(await exportJWK(second.publicKey)), kid: 'second' })
const OLD_ISSUER = 'https://dodici.eu.auth0.com/'
const DAY = 86_400
const OWN: ImportedKeyTerms = { issuer: null, audience: null }

let harness: Harness
let sub: string
beforeEach(async () => {
  harness = createHarness()
  const claims = { newstore_id: '3S40MqkNyMLbOLNGqF6Ryc' }
  const user = await harness.user({ id: 'auth0|59e5b1c1a4f2c3b7d8e9f0a1', roles: ['newstore_admin'], claims })
  sub = user.id
  await harness.client({ id: 'api', secret: 's'.repeat(43), introspect: 'any' })
})

async function take(
  terms: ImportedKeyTerms = OWN,
  keys = [OLD],
  days = 30,
  node = harness,
): Promise<KeyImportOutcome> {
  return await node.services.keys.import(TENANT.id, { keys, terms, until: node.now() + days * DAY })
}

/** A token as NewStore has issued it, but for what is said. */
async function token(claims: JWTPayload = {}, header: object = { kid: 'old', typ: 'JWT' }, key = old) {
  const payload = {
    'http://newstore/newstore_id': '3S40MqkNyMLbOLNGqF6Ryc',
    'http://newstore/roles': ['newstore_admin'],
    iss: TENANT.issuer,
    sub,
    aud: `${TENANT.issuer}api/v2/`,
    iat: harness.now() - 100,
    exp: harness.now() + DAY,
    azp: 'twlFVZyTIYbx7gFdtGYbKAvCGnZAu4Yw',
    scope: 'read:current_user offline_access',
    gty: 'password',
    ...claims,
  }
  const alg = key === old ? 'RS256' : 'ES256'
  return await new SignJWT(payload).setProtectedHeader({ alg, ...header }).sign(key.privateKey)
}

async function introspect(jwt: string, node = harness) {
  const form = { token: jwt, client_id: 'api', client_secret: 's'.repeat(43) }
  return (await node.post('/oauth/introspect', form)).json()
}

const isActive = async (jwt: string) => (await introspect(jwt)).active

async function jwks() {
  return (await harness.send({ method: 'GET', path: '/.well-known/jwks.json' })).json()
}

describe('a token of the old system', () => {
  test('is nobody’s before its key is imported, and then says what it said', async () => {
    const jwt = await token()
    expect(await introspect(jwt)).toEqual({ active: false })
    expect((await take()).kind).toBe('imported')
    expect(await introspect(jwt)).toMatchObject({
      active: true,
      sub,
      username: 'myusername@example.com',
      iss: TENANT.issuer,
      aud: `${TENANT.issuer}api/v2/`,
      scope: 'read:current_user offline_access',
      iat: harness.now() - 100,
      exp: harness.now() + DAY,
      newstore_id: '3S40MqkNyMLbOLNGqF6Ryc',
    })
  })

  test('ends when it expires, when its user may not log in, and when it is revoked', async () => {
    await take()
    const jwt = await token({ exp: harness.now() + 60 })
    expect(await isActive(jwt)).toBe(true)
    harness.advance(60)
    expect(await isActive(jwt)).toBe(false)
    const young = await token()
    const user = await harness.store.findUser(TENANT.id, sub)
    if (user === null) throw new Error('the user is gone')
    const disabled = await harness.store.updateUser({ ...user, disabled: true })
    expect(await isActive(young)).toBe(false)
    await harness.store.updateUser({ ...disabled, disabled: false, tokensValidAfter: harness.now() })
    expect(await isActive(young)).toBe(false)
    expect(await isActive(await token({ iat: harness.now() }))).toBe(true)
  })

  test('names its key, or none; and no other', async () => {
    await take(OWN, [SECOND, OLD])
    expect(await isActive(await token({}, { typ: 'JWT' }))).toBe(true)
    expect(await isActive(await token({}, { typ: 'JWT' }, second))).toBe(true)
    expect(await isActive(await token({}, { kid: 'old' }))).toBe(true)
    expect(await isActive(await token({}, { kid: 'second' }))).toBe(false)
    expect(await isActive(await token({}, { kid: 'unknown' }))).toBe(false)
    expect(await isActive(await token({}, { kid: '' }))).toBe(false)
    expect(await isActive(await token({}, { typ: 'logout+jwt' }))).toBe(false)
    const stranger = await generateKeyPair('ES256')
    expect(await isActive(await token({}, {}, stranger as never))).toBe(false)
  })

  test.each<[string, JWTPayload]>([
    ['an ID token, which is meant for a client', { aud: 'twlFVZyTIYbx7gFdtGYbKAvCGnZAu4Yw' }],
    ['no audience', { aud: undefined as never }],
    ['an audience that begins alike', { aud: `${TENANT.issuer}api/v2/x` }],
    ['another issuer', { iss: OLD_ISSUER }],
    ['one that is not to be used yet', { nbf: 1_767_225_600 + 1 }],
    ['a time that is none', { nbf: '0' as never }],
    ['a user who is not here', { sub: 'auth0|000000000000000000000000' }],
    ['no subject', { sub: undefined as never }],
    ['no expiry', { exp: undefined as never }],
    ['one for who has a certificate', { cnf: { 'x5t#S256': 'x' } }],
    ['a client who is not here', { client_id: 'nobody', aud: TENANT.issuer }],
  ])('does not count: %s', async (_name, claims) => {
    await take()
    expect(await isActive(await token({}))).toBe(true)
    expect(await introspect(await token(claims))).toEqual({ active: false })
  })

  test('may be meant for others as well', async () => {
    await take()
    const aud = [`${TENANT.issuer}api/v2/`, `${TENANT.issuer}userinfo`]
    expect(await introspect(await token({ aud }))).toMatchObject({ active: true, aud: aud[0] })
  })

  test('of another issuer and audience counts where they were named, and only with them', async () => {
    const aud = 'https://api.old.example'
    await take({ issuer: OLD_ISSUER, audience: aud })
    const claims = { iss: OLD_ISSUER, aud }
    expect(await introspect(await token(claims))).toMatchObject({ active: true, ...claims })
    expect(await isActive(await token({ ...claims, aud: `${TENANT.issuer}api/v2/` }))).toBe(false)
    expect(await isActive(await token({ ...claims, iss: TENANT.issuer }))).toBe(false)
    expect(await isActive(await token())).toBe(false)
  })

  test('names no row of ours by its jti, and is denied by it', async () => {
    await take()
    for (const jti of [`${'A'.repeat(9)}.${'x'.repeat(22)}`, 'a'.repeat(31), 'one']) {
      const jwt = await token({ jti })
      expect(await introspect(jwt)).toMatchObject({ active: true, jti })
      await harness.store.denyJwt(TENANT.id, jti, harness.now() + DAY)
      expect(await isActive(jwt)).toBe(false)
    }
    // What no database could keep is no name.
    const jwt = await token({ jti: `x${'y'.repeat(3000)}` })
    expect(await introspect(jwt)).toMatchObject({ active: true })
    await harness.store.denyJwt(TENANT.id, jwtDenialId(jwt, null), harness.now() + DAY)
    expect(await isActive(jwt)).toBe(false)
  })

  test('T043 is denied in the other spelling of its ECDSA signature as well, if it has no jti', async () => {
    await take(OWN, [SECOND])
    const jwt = await token({}, { kid: 'second' }, second)
    const other = otherSpelling(jwt)
    expect([other === jwt, await isActive(jwt), await isActive(other)]).toEqual([false, true, true])
    await harness.store.denyJwt(TENANT.id, jwtDenialId(jwt, null), harness.now() + DAY)
    expect([await isActive(jwt), await isActive(other)]).toEqual([false, false])
  })
})

/** With (r, s) so is (r, n - s) a signature of the same text by P-256, whose order n is. */
function otherSpelling(jwt: string): string {
  const signed = jwt.slice(0, jwt.lastIndexOf('.'))
  const signature = Buffer.from(jwt.slice(signed.length + 1), 'base64url')
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const s = (order - BigInt(`0x${signature.toString('hex', 32)}`)).toString(16).padStart(64, '0')
  return `${signed}.${Buffer.concat([signature.subarray(0, 32), Buffer.from(s, 'hex')]).toString('base64url')}`
}

describe('an imported key', () => {
  test('is published until the last token has expired, and then goes', async () => {
    await take()
    const set = createLocalJWKSet(await jwks())
    const currentDate = new Date(harness.now() * 1000)
    expect((await jwtVerify(await token(), set, { currentDate })).payload.sub).toBe(sub)
    expect(JSON.stringify(await jwks())).not.toMatch(/imported|terms/)
    harness.advance(30 * DAY - 1)
    const jwt = await token()
    expect(await isActive(jwt)).toBe(true)
    harness.advance(6)
    await isActive(jwt)
    expect(await isActive(jwt)).toBe(false)
    expect((await jwks()).keys.map(({ kid }: { kid: string }) => kid)).not.toContain('old')
    await harness.store.purgeSigningKeys(harness.now())
    expect(await harness.store.listSigningKeys(TENANT.id)).toEqual([])
  })

  test('of another issuer is not published: who trusts our set would believe its tokens to be ours', async () => {
    await take({ issuer: OLD_ISSUER, audience: null })
    expect((await jwks()).keys).toEqual([])
  })

  test('never signs, whatever becomes of the others', async () => {
    await take()
    await harness.services.keys.ensure(TENANT.id, 'RS256')
    for (let round = 0; round < 3; round++) {
      await harness.services.keys.rotate(TENANT.id, 'RS256', { force: true })
      const rows = await harness.store.listSigningKeys(TENANT.id)
      expect(rows.find(({ kid }) => kid === 'old')).toMatchObject({
        state: 'retired',
        sealedPrivateKey: null,
      })
    }
    expect(await isActive(await token())).toBe(true)
  })

  test('is taken away by its withdrawal, and never comes back', async () => {
    await take()
    const jwt = await token()
    expect((await harness.services.keys.withdraw(TENANT.id, 'old')).kind).toBe('withdrawn')
    expect(await isActive(jwt)).toBe(false)
    expect((await jwks()).keys).toEqual([])
    expect(await take(OWN, [SECOND, OLD])).toEqual({ kind: 'refused', kid: 'old', why: 'withdrawn' })
    expect(await isActive(await token({}, { kid: 'second' }, second))).toBe(false)
  })

  test('T162 is told of in the audit log', async () => {
    const by = { actor: 'operator:ann', source: null, requestId: null } as const
    await harness.services.keys.import(TENANT.id, { keys: [OLD], terms: OWN, until: harness.now() + 9, by })
    const anything = { types: null, user: null, client: null, fromMs: null, toMs: null, before: null }
    const { rows } = await harness.store.listEvents({ ...anything, tenant: TENANT.id, limit: 10 })
    expect(rows).toMatchObject([{ type: 'signing_key.import', actor: 'operator:ann', object: 'old' }])
  })

  test('is imported again without a change, kept longer, or with other terms at once', async () => {
    const first = await take()
    expect(await take()).toEqual(first)
    expect(await take(OWN, [OLD], 10)).toEqual(first)
    const jwt = await token({ iss: OLD_ISSUER })
    expect(await isActive(jwt)).toBe(false)
    await take({ issuer: OLD_ISSUER, audience: `${TENANT.issuer}api/v2/` }, [OLD], 60)
    expect(await isActive(jwt)).toBe(true)
    const [row] = await harness.store.listSigningKeys(TENANT.id)
    expect(row).toMatchObject({ goneAt: harness.now() + 60 * DAY, createdAt: harness.now() })
  })

  test('can not take the place of another one', async () => {
    await harness.services.keys.ensure(TENANT.id, 'ES256')
    const rows = await harness.store.listSigningKeys(TENANT.id)
    const active = rows.find(({ state }) => state === 'active')
    const kid = active?.kid ?? ''
    const own = importPublicKey(active?.publicJwk ?? '')
    expect(await take(OWN, [own])).toEqual({ kind: 'refused', kid, why: 'own' })
    await take()
    const other = { ...SECOND, kid: 'old' }
    expect(await take(OWN, [other])).toEqual({ kind: 'refused', kid: 'old', why: 'taken' })
  })

  test('is imported beside a rotation that is quicker', async () => {
    await harness.services.keys.ensure(TENANT.id, 'RS256')
    let isDue = true
    const store: Store = {
      ...harness.store,
      async replaceSigningKeys(change, event) {
        if (isDue) await harness.services.keys.rotate(TENANT.id, 'RS256', { force: true })
        isDue = false
        return await harness.store.replaceSigningKeys(change, event)
      },
    }
    const keys = { keys: [OLD], terms: OWN, until: harness.now() + DAY }
    const imported = await importKeys(store, harness.services.clock, TENANT.id, keys)
    await harness.services.keys.reload()
    expect(imported.kind).toBe('imported')
    expect(await isActive(await token())).toBe(true)
    const states = (await harness.store.listSigningKeys(TENANT.id)).map(({ state }) => state)
    expect(states.toSorted()).toEqual(['active', 'announced', 'retired', 'retired'])
  })
})
