import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, post, type RunningServer, type Workplace } from './workplace.ts'

const old = generateKeyPairSync('rsa', { modulusLength: 2048 })
const second = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const encrypting = generateKeyPairSync('rsa', { modulusLength: 2048 })
const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const jwk = (key: Pair, members: object) => ({ ...key.publicKey.export({ format: 'jwk' }), ...members })
const pem = (key: Pair) => key.publicKey.export({ format: 'pem', type: 'spki' }).toString()

let place: Workplace
let server: RunningServer
let issuer: string
beforeAll(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  server = await place.serve(['--admin-port', '0'])
  const metadata = await fetch(`${server.url}/.well-known/oauth-authorization-server`)
  issuer = ((await metadata.json()) as { issuer: string }).issuer
  const keys = [
    jwk(old, { kid: 'old', alg: 'RS256', use: 'sig', x5t: 'x' }),
    jwk(encrypting, { kid: 'enc', alg: 'RSA-OAEP', use: 'enc' }),
  ]
  place.write('jwks.json', JSON.stringify({ keys }))
  place.write('second.pem', pem(second))
  place.write('short.pem', pem(short))
  place.write('private.pem', old.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
  place.write('rs512.json', JSON.stringify(jwk(second, { alg: 'ES512' })))
  place.write('two.json', JSON.stringify({ keys: [keys[0], jwk(second, {})] }))
  place.write('none.json', JSON.stringify({ keys: [keys[1]] }))
  place.write('list.json', '{"keys":[1]}')
  place.write('text.txt', 'hello')
})
afterAll(() => place.remove())

async function token(key: Pair, header: object, claims: object = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const users = await place.json(['user', 'list'])
  return await new SignJWT({
    iss: issuer,
    sub: users[0].id,
    aud: `${issuer}api/v2/`,
    gty: 'password',
    ...claims,
  })
    .setIssuedAt(now)
    .setExpirationTime(now + 86_400)
    .setProtectedHeader({ typ: 'JWT', alg: key === old ? 'RS256' : 'ES256', ...header })
    .sign(key.privateKey)
}

async function isActive(jwt: string): Promise<boolean> {
  const { stdout } = await place.run(['token', 'inspect', '-', '--json'], { input: jwt })
  return stdout !== '' && JSON.parse(stdout).state === 'live'
}

describe('key import', () => {
  it('makes the JWTs of the old system count, on the running server too, until the key is withdrawn', async () => {
    const jwt = await token(old, { kid: 'old' })
    expect(await isActive(jwt)).toBe(false)
    const imported = await place.run(['key', 'import', 'jwks.json'])
    expect(imported.code).toBe(0)
    expect(imported.stdout).toMatch(/^old +RS256 +retired +verifies /m)
    expect(imported.stderr).toContain('1 of the set do not sign, and were left out.')
    expect(await isActive(jwt)).toBe(true)

    // The server reads its keys anew within five seconds.
    let set: { keys: { kid: string }[] }
    do set = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as typeof set
    while (!set.keys.some(({ kid }) => kid === 'old'))
    expect((await jwtVerify(jwt, createLocalJWKSet(set as never))).payload.iss).toBe(issuer)
    const api = await place.json(['client', 'create', 'api', '--introspect', 'any'])
    const form = { client_id: 'api', client_secret: api.secret, token: jwt }
    const answer = await post(`${server.url}/oauth/introspect`, form)
    expect(await answer.json()).toMatchObject({ active: true, iss: issuer })

    const again = await place.run(['key', 'import', 'jwks.json'])
    expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/^old /m)])
    expect((await place.run(['key', 'withdraw', 'old', '--yes'])).code).toBe(0)
    expect(await isActive(jwt)).toBe(false)
    const back = await place.run(['key', 'import', 'jwks.json'])
    expect([back.code, back.stderr]).toEqual([
      1,
      expect.stringContaining('was withdrawn, and never comes back'),
    ])
  })

  it('takes PEM under the kid of the tokens, for another issuer and audience', async () => {
    const terms = ['--issuer', 'https://old.example/', '--audience', 'old-api', '--days', '2']
    const run = await place.json(['key', 'import', 'second.pem', '--kid', 'second', ...terms])
    const key = run.find(({ kid }: { kid: string }) => kid === 'second')
    expect(key).toMatchObject({ algorithm: 'ES256', state: 'retired', verifyOnly: true })
    expect(key.goneAt - key.createdAt).toBe(2 * 86_400)
    const claims = { iss: 'https://old.example/', aud: 'old-api' }
    expect(await isActive(await token(second, { kid: 'second' }, claims))).toBe(true)
    expect(await isActive(await token(second, { kid: 'second' }))).toBe(false)
    const rotated = await place.run(['key', 'rotate', '--algorithm', 'ES256', '--force'])
    expect(rotated.stdout).toMatch(/^second +ES256 +retired +verifies/m)
  })

  it.each([
    ['a private key', ['private.pem'], 1, 'is a private or symmetric one'],
    ['a short key', ['short.pem'], 1, '1024 bits'],
    ['another algorithm', ['rs512.json'], 1, 'for ES512'],
    ['a set without keys that sign', ['none.json'], 1, 'no key that signs'],
    ['a set of no keys', ['list.json'], 1, 'no list of keys'],
    ['no key', ['text.txt'], 1, 'neither a PEM public key'],
    ['a file that is not there', ['lost.pem'], 1, 'no such file'],
    ['one kid for two keys', ['two.json', '--kid', 'x'], 2, 'file with one key'],
    ['no days', ['second.pem', '--days', '0'], 2, '1 to 999'],
    ['no issuer', ['second.pem', '--issuer', ''], 2, 'must not be empty'],
  ])('refuses %s, and changes nothing', async (_name, args, code, message) => {
    const before = await place.json(['key', 'list'])
    const run = await place.run(['key', 'import', ...args])
    expect(run).toMatchObject({ code, stdout: '' })
    expect(run.stderr).toContain(message)
    expect(run.stderr).not.toContain('    at ')
    expect(await place.json(['key', 'list'])).toEqual(before)
  })
})
