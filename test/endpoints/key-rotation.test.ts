/** T084, T085, T088 on one SQLite file: keys that several servers make, rotate and use at the same time. */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { createMasterKey, unseal } from '../../src/crypto/seal.ts'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../src/protocol/jwt.ts'
import type { TestResponse } from '../harness.ts'
import {
  as,
  CLIENT,
  type Database,
  NOW,
  type Node,
  newFile,
  startNode,
  tenantOf,
  turns,
} from '../nodes/nodes.ts'

const DAY = 86_400
/** After which verifiers know an announced key. */
const OVERLAP = 360

const token = (node: Node): Promise<TestResponse> =>
  node.post('/oauth/token', { grant_type: 'client_credentials' }, as(CLIENT))

async function jwksOf(node: Node): Promise<JSONWebKeySet> {
  return (await node.send({ method: 'GET', path: '/.well-known/jwks.json' })).json()
}

async function startNodes(database: Database, count: number, algorithm: SigningAlgorithm): Promise<Node[]> {
  const tenant = { ...tenantOf({ expiresIn: 3600 }), signingAlgorithm: algorithm }
  return await Promise.all(Array.from({ length: count }, () => startNode(database, tenant)))
}

test('T084 a token verifies with the keys published before and after the rotation it was issued in', async () => {
  const [one, other] = (await startNodes(newFile(), 2, 'ES256')) as [Node, Node]
  await one.client({ ...CLIENT, accessToken: 'jwt' })
  await one.services.keys.ensure('main', 'ES256')
  const used = new Set<string | undefined>()
  const published: JSONWebKeySet[] = []
  const issued: { readonly jwt: string; readonly since: number; readonly at: number }[] = []
  for (let round = 0; round < 8; round++) {
    published.push(await jwksOf(round % 2 === 0 ? one : other))
    for (const node of [one, other]) node.advance(OVERLAP)
    const both = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other))
    const [outcome, ...responses] = await Promise.all([
      one.services.keys.rotate('main', 'ES256'),
      ...both.map(token),
    ])
    expect(outcome.kind).toBe('rotated')
    for (const response of responses) {
      expect(response.status).toBe(200)
      const jwt = response.json().access_token
      used.add(decodeProtectedHeader(jwt).kid)
      issued.push({ jwt, since: round, at: one.now() })
    }
  }
  published.push(await jwksOf(one), await jwksOf(other))
  expect(used.size).toBeGreaterThan(6)
  for (const { jwt, since, at } of issued) {
    const options = { currentDate: new Date(at * 1000), typ: 'at+jwt', issuer: 'https://main.example/' }
    for (const jwks of published.slice(since)) await jwtVerify(jwt, createLocalJWKSet(jwks), options)
  }
  // The first ones are published until the last of their tokens has expired, and no longer.
  const first = decodeProtectedHeader(issued[0]!.jwt).kid
  const kids = async (node: Node) => (await jwksOf(node)).keys.map(({ kid }) => kid)
  const goneAt = (await one.store.listSigningKeys('main')).find(({ kid }) => kid === first)?.goneAt ?? 0
  expect(goneAt).toBeGreaterThanOrEqual(issued[0]!.at + DAY)
  for (const node of [one, other]) node.advance(goneAt - 1 - node.now())
  await one.store.purgeSigningKeys(one.now())
  expect([await kids(one), await kids(other)]).toEqual([
    expect.arrayContaining([first]),
    expect.arrayContaining([first]),
  ])
  for (const node of [one, other]) node.advance(6)
  expect(await one.store.purgeSigningKeys(one.now())).toBeGreaterThan(0)
  await Promise.all([kids(one), kids(other)])
  await turns(1)
  expect([await kids(one), await kids(other)].flat()).not.toContain(first)
})

test.each(SIGNING_ALGORITHMS)(
  'T083 T085 four servers that start at once agree on the keys, and publish the same, %s',
  async (algorithm) => {
    const database = newFile()
    const nodes = await startNodes(database, 4, algorithm)
    await nodes[0]!.client({ ...CLIENT, accessToken: 'jwt' })
    // Each is asked more than once, in every way that makes keys.
    const [, ...responses] = await Promise.all([
      Promise.all(nodes.flatMap(({ services }) => [0, 1].map(() => services.keys.ensure('main', algorithm)))),
      ...nodes.map(token),
    ])
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const rows = await nodes[0]!.store.listSigningKeys('main')
    expect(rows.map(({ state }) => state).sort()).toEqual(['active', 'announced'])
    const sets = await Promise.all(nodes.map(jwksOf))
    for (const set of sets) expect(set).toEqual(sets[0])
    const verify = createLocalJWKSet(sets[0]!)
    for (const response of responses) {
      const { access_token } = response.json()
      await jwtVerify(access_token, verify, { currentDate: new Date(NOW * 1000) })
      for (const { services } of nodes)
        expect(await services.keys.verify('main', access_token)).not.toBeNull()
    }
  },
)

/** What the DER of every private key has in it, whatever is around it (RFC 5208, RFC 8410). */
const KEY_TYPES = ['2a864886f70d010101', '2a8648ce3d0201', '06032b6570'].map((hex) => Buffer.from(hex, 'hex'))

test('T088 private keys are stored sealed, each for its own tenant and kid', async () => {
  const database = newFile()
  const [node] = (await startNodes(database, 1, 'ES256')) as [Node]
  for (const algorithm of SIGNING_ALGORITHMS) await node.services.keys.ensure('main', algorithm)
  await node.services.keys.rotate('main', 'ES256', { force: true })
  const rows = await node.store.listSigningKeys('main')
  expect(rows).toHaveLength(7)
  const masterKey = createMasterKey(new Uint8Array(32).fill(7))
  for (const { kid, sealedPrivateKey, publicJwk } of rows) {
    expect(publicJwk).not.toMatch(/"(?:d|p|q|dp|dq|qi|k)":/)
    const sealed = Buffer.from(sealedPrivateKey ?? [])
    expect(() => createPrivateKey({ key: sealed, format: 'der', type: 'pkcs8' })).toThrow()
    const opened = Buffer.from(unseal(masterKey, sealed, `signing-key/main/${kid}`))
    // The search finds what is there to be found.
    expect(KEY_TYPES.some((type) => opened.includes(type))).toBe(true)
    expect(KEY_TYPES.some((type) => sealed.includes(type))).toBe(false)
    const key = createPrivateKey({ key: opened, format: 'der', type: 'pkcs8' })
    const { x, n } = createPublicKey(key).export({ format: 'jwk' })
    expect(JSON.parse(publicJwk)).toMatchObject(n === undefined ? { x } : { n })
    expect(() => unseal(masterKey, sealed, `signing-key/other/${kid}`)).toThrow()
    expect(() =>
      unseal(createMasterKey(new Uint8Array(32).fill(8)), sealed, `signing-key/main/${kid}`),
    ).toThrow()
  }
  const [first, second] = rows
  expect(() => unseal(masterKey, first!.sealedPrivateKey!, `signing-key/main/${second!.kid}`)).toThrow()
  await node.close()
  const file = readFileSync(database.path)
  expect(file.includes('signing_keys')).toBe(true)
  expect(KEY_TYPES.some((type) => file.includes(type))).toBe(false)
  expect(file.includes('PRIVATE KEY')).toBe(false)
})
