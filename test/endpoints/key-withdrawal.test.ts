/** T086: a key that leaked is taken away at once and for good, whoever else changes the keys at the same time. */
import { decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { createMasterKey } from '../../src/crypto/seal.ts'
import { createKeyRing } from '../../src/endpoints/key-ring.ts'
import type { SigningKeyRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import {
  type Answer,
  as,
  CLIENT,
  firstNode,
  isActive,
  login,
  type Node,
  newFile,
  PASSWORD,
  refresh,
  startNode,
  tenantOf,
  turns,
} from '../nodes/nodes.ts'

/** After which a node that is asked has read the keys anew. */
const MAX_AGE = 5

async function startNodes(): Promise<[Node, Node]> {
  const database = newFile()
  const one = await firstNode(database, {}, 'jwt')
  await one.user({ username: 'ann', password: PASSWORD })
  const other = await startNode(database, tenantOf())
  await one.services.keys.ensure('main', 'ES256')
  return [one, other]
}

async function published(node: Node): Promise<readonly string[]> {
  const { body } = await node.send({ method: 'GET', path: '/.well-known/jwks.json' })
  return JSON.parse(body).keys.map(({ kid }: { kid: string }) => kid)
}

async function keysOf(store: Store, state: SigningKeyRow['state']): Promise<readonly string[]> {
  const rows = await store.listSigningKeys('main')
  return rows.filter((row) => row.state === state).map(({ kid }) => kid)
}

const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid ?? ''

/** A key ring over the store as another process has it, which does `before` before its next call of `name`. */
function ringBeside(node: Node, name: keyof Store, before: () => Promise<unknown>) {
  let isDue = true
  const store = new Proxy(node.store, {
    get: (target, method: keyof Store) => async (parameter: never) => {
      if (method === name && isDue) {
        isDue = false
        await before()
      }
      return await (target[method] as (...words: never[]) => unknown)(parameter)
    },
  })
  const masterKey = createMasterKey(new Uint8Array(32).fill(7))
  return createKeyRing({ store, clock: node.services.clock, masterKey })
}

test('T086 what a withdrawn key signed is refused at once, and on another node within the age of its keys', async () => {
  const [one, other] = await startNodes()
  const old: Answer = await login(other, 'ann')
  const kid = kidOf(old.access_token)
  const [announced] = await keysOf(one.store, 'announced')
  for (const node of [one, other]) expect(await isActive(node, old.access_token)).toBe(true)
  expect((await one.services.keys.withdraw('main', kid)).kind).toBe('withdrawn')
  expect(await isActive(one, old.access_token)).toBe(false)
  expect(await published(one)).toEqual([announced, ...(await keysOf(one.store, 'announced'))].toSorted())
  const bearer = { authorization: `Bearer ${old.access_token}` }
  const asked = await one.post('/spree_oauth/introspect', { token: 'x' }, bearer)
  expect([asked.status, asked.json().error]).toEqual([401, 'invalid_token'])
  expect((await refresh(one, old.access_token)).json().error).toBe('invalid_grant')
  expect((await one.post('/oauth/revoke', { token: old.access_token }, as(CLIENT))).status).toBe(200)
  // The first request finds the keys old, and does not wait for new ones.
  for (const node of [one, other]) node.advance(MAX_AGE)
  await published(other)
  await turns(2)
  expect(await isActive(other, old.access_token)).toBe(false)
  expect(await published(other)).toEqual(await published(one))
  // A refresh token is not signed: it buys a token that the next key signs.
  for (const node of [one, other]) {
    const young: Answer = (await refresh(node, old.refresh_token)).json()
    expect(kidOf(young.access_token)).toBe(announced)
    expect([await isActive(one, young.access_token), await isActive(other, young.access_token)]).toEqual([
      true,
      true,
    ])
  }
})

test('T086 a withdrawn key stays away after purges, rotations and a restart', async () => {
  const [one] = await startNodes()
  const { access_token } = await login(one, 'ann')
  const kid = kidOf(access_token)
  await one.services.keys.withdraw('main', kid)
  for (let round = 0; round < 3; round++) {
    await one.services.keys.rotate('main', 'ES256', { force: true })
    one.advance(2 * 86_400)
    await one.store.purgeSigningKeys(one.now())
  }
  expect(await keysOf(one.store, 'withdrawn')).toEqual([kid])
  expect(await published(one)).not.toContain(kid)
  const ring = ringBeside(one, 'check', async () => {})
  expect(await ring.verify('main', access_token)).toBeNull()
  expect((await ring.withdraw('main', kid)).kind).toBe('withdrawn')
  expect(await ring.withdraw('main', 'nobody')).toEqual({ kind: 'unknown_key' })
  expect(await ring.withdraw('other', kid)).toEqual({ kind: 'unknown_key' })
})

test.each(['active', 'announced', 'retired'] as const)(
  'T086 of a key that was %s, the others go on',
  async (state) => {
    const [one] = await startNodes()
    await one.services.keys.rotate('main', 'ES256', { force: true })
    const [kid = ''] = await keysOf(one.store, state)
    const [active] = await keysOf(one.store, state === 'active' ? 'announced' : 'active')
    await one.services.keys.withdraw('main', kid)
    expect(await keysOf(one.store, 'withdrawn')).toEqual([kid])
    expect(await keysOf(one.store, 'active')).toEqual([active])
    expect(await keysOf(one.store, 'announced')).toHaveLength(1)
    expect(kidOf((await login(one, 'ann')).access_token)).toBe(active)
  },
)

test.each(['active', 'announced'] as const)(
  'T086 a rotation does not bring back the %s key that was withdrawn meanwhile',
  async (state) => {
    for (const moment of ['listSigningKeys', 'findFact', 'replaceSigningKeys'] as const) {
      const [one] = await startNodes()
      const [kid = ''] = await keysOf(one.store, state)
      const outgoing = await keysOf(one.store, 'active')
      const ring = ringBeside(one, moment, () => one.services.keys.withdraw('main', kid))
      expect((await ring.rotate('main', 'ES256', { force: true })).kind).toBe('rotated')
      expect([moment, ...(await keysOf(one.store, 'withdrawn'))]).toEqual([moment, kid])
      const active = await keysOf(one.store, 'active')
      expect([active.length, active[0] === outgoing[0]]).toEqual([1, false])
      expect(await keysOf(one.store, 'announced')).toHaveLength(1)
      expect(await published(one)).not.toContain(kid)
    }
  },
)

test('T086 a key that is rotated away or purged while it is being withdrawn is away all the same', async () => {
  const [one] = await startNodes()
  const [kid = ''] = await keysOf(one.store, 'active')
  const rotate = () => one.services.keys.rotate('main', 'ES256', { force: true })
  await ringBeside(one, 'replaceSigningKeys', rotate).withdraw('main', kid)
  expect(await keysOf(one.store, 'withdrawn')).toEqual([kid])
  await rotate()
  const [retired = ''] = await keysOf(one.store, 'retired')
  const purge = async () => {
    one.advance(2 * 86_400)
    await one.store.purgeSigningKeys(one.now())
  }
  await ringBeside(one, 'replaceSigningKeys', purge).withdraw('main', retired)
  expect(await published(one)).not.toContain(retired)
})

test('T086 where its algorithm has no active key, a key is taken away and none is made', async () => {
  const [one] = await startNodes()
  const [row] = await one.store.listSigningKeys('main')
  const old = { ...row!, kid: 'old', algorithm: 'RS256', state: 'retired', sealedPrivateKey: null } as const
  const count = (await one.store.listSigningKeys('main')).length
  await one.store.createSigningKeys([old])
  expect((await one.services.keys.withdraw('main', 'old')).kind).toBe('withdrawn')
  expect(await keysOf(one.store, 'withdrawn')).toEqual(['old'])
  expect(await one.store.listSigningKeys('main')).toHaveLength(count + 1)
})
