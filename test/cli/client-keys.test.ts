import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assertionClaims, assertionForm, KEY, OTHER_KEY, sign } from '../crypto/assertions.ts'
import { CONFIGURATION, createWorkplace, post, type RunningServer, type Workplace } from './workplace.ts'

let place: Workplace
let server: RunningServer
let issuer: string
beforeAll(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  server = await place.serve(['--admin-port', '0'])
  const metadata = await fetch(`${server.url}/.well-known/oauth-authorization-server`)
  issuer = ((await metadata.json()) as { issuer: string }).issuer
  place.write('one.json', JSON.stringify({ keys: [{ ...KEY.jwk, use: 'sig', alg: 'ES256' }] }))
  place.write('two.json', JSON.stringify({ keys: [OTHER_KEY.jwk] }))
  place.write('private.json', JSON.stringify({ keys: [KEY.privateKey.export({ format: 'jwk' })] }))
  place.write('broken.json', '{')
})
afterAll(() => place.remove())

async function askBy(key: typeof KEY): Promise<number> {
  const claims = assertionClaims('signer', issuer, Math.floor(Date.now() / 1000))
  const form = { grant_type: 'client_credentials', ...assertionForm(await sign(claims, key)) }
  return (await post(`${server.url}/oauth/token`, form)).status
}

describe('keys of a client', () => {
  it('stand in place of a secret, are shown, changed and taken away', async () => {
    const created = await place.run(['client', 'create', 'signer', '--jwks', 'one.json'])
    expect(created).toMatchObject({ code: 0, stderr: '' })
    expect(created.stdout).toMatch(/^key +EC P-256, ES256, kid p-256$/m)
    expect(created.stdout).not.toMatch(/secret/)
    expect([await askBy(KEY), await askBy(OTHER_KEY)]).toEqual([200, 401])

    const set = await place.run(['client', 'set-keys', 'signer', '--jwks', 'two.json', '--json'])
    expect(JSON.parse(set.stdout)).toMatchObject({ id: 'signer', jwks: { keys: [OTHER_KEY.jwk] } })
    expect([await askBy(KEY), await askBy(OTHER_KEY)]).toEqual([401, 200])

    const none = await place.run(['client', 'set-keys', 'signer', '--none'])
    expect([none.code, none.stdout]).toEqual([0, expect.not.stringMatching(/^key/m)])
    expect(await askBy(OTHER_KEY)).toBe(401)
  })

  it.each([
    ['neither of the two ways', ['set-keys', 'signer'], 2, 'Give --jwks or --none.'],
    ['both', ['set-keys', 'signer', '--none', '--jwks', 'one.json'], 2, 'Give --jwks or --none.'],
    ['a file that is not there', ['create', 'x', '--jwks', 'lost.json'], 1, 'no such file'],
    ['a file that is no JSON', ['create', 'x', '--jwks', 'broken.json'], 1, 'is no JSON'],
    ['a private key', ['create', 'x', '--jwks', 'private.json'], 2, 'must be a public key'],
    ['keys of a public client', ['create', 'x', '--public', '--jwks', 'one.json'], 2, 'no private key'],
    ['a client that is not there', ['set-keys', 'nobody', '--none'], 1, 'has no client nobody'],
  ])('are refused: %s', async (_name, args, code, message) => {
    const run = await place.run(['client', ...args])
    expect(run).toMatchObject({ code, stdout: '' })
    expect(run.stderr).toContain(message)
  })
})
