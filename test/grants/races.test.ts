/** Section B of the security tests: requests at once, on SQLite, and on two servers that share it. */
import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { rotateClientSecret } from '../../src/admin/operations/client-secrets.ts'
import { createClient, deleteClient, updateClient } from '../../src/admin/operations/clients.ts'
import type { Operations } from '../../src/admin/operations/operations.ts'
import { deleteUser, setPassword, updateUser } from '../../src/admin/operations/users.ts'
import { createPasswords } from '../../src/crypto/password.ts'
import type { TokenRow } from '../../src/store/rows.ts'
import {
  type Answer,
  as,
  CLIENT,
  expectNoFailure,
  firstNode,
  isActive,
  liveOf,
  login,
  NOW,
  type Node,
  newPath,
  PASSWORD,
  refresh,
  revoke,
  startNode,
  tenantOf,
  token,
  turns,
} from './nodes.ts'

const FIFTY = Array.from({ length: 50 }, (_, index) => index)

/** Rows whose refresh token is neither spent nor revoked. */
async function leaves(node: Node): Promise<readonly TokenRow[]> {
  const { rows } = await node.store.listTokens({
    ...{ tenant: 'main', userId: null, clientId: null, before: null, limit: 1000 },
  })
  return rows.filter(
    ({ refreshHash, spentAt, revokedAt }) => refreshHash !== null && spentAt === null && revokedAt === null,
  )
}

/** All of an answer that a replay must repeat: of a JWT not its signature, which may differ. */
function identity({ access_token, ...rest }: Answer): unknown {
  return { ...rest, access: access_token.includes('.') ? decodeJwt(access_token) : access_token }
}

describe('T020 one refresh token in 50 requests at once', () => {
  test.each(['opaque', 'jwt'] as const)('is answered 50 times alike, %s', async (format) => {
    const path = newPath()
    const settings = { reuseWindow: 10 }
    const one = await firstNode(path, settings, format)
    const other = await startNode(path, tenantOf(settings))
    await one.user({ username: 'ann', password: PASSWORD })
    let answer = await login(one, 'ann')
    for (let round = 0; round < 5; round++) {
      const { refresh_token } = answer
      const responses = await Promise.all(FIFTY.map((n) => refresh(n % 2 === 0 ? one : other, refresh_token)))
      expect(responses.map(({ status }) => status)).toEqual(FIFTY.map(() => 200))
      answer = responses[0]!.json()
      for (const response of responses) expect(identity(response.json())).toEqual(identity(answer))
      expect(await leaves(one)).toHaveLength(1)
      expect([await isActive(one, answer.refresh_token), await isActive(other, refresh_token)]).toEqual([
        true,
        false,
      ])
    }
  })

  test.each(['opaque', 'jwt'] as const)(
    'with reuseWindow 0 is answered once, and then nothing lives, %s',
    async (format) => {
      const path = newPath()
      const settings = { reuseWindow: 0 }
      const one = await firstNode(path, settings, format)
      const other = await startNode(path, tenantOf(settings))
      await one.user({ username: 'ann', password: PASSWORD })
      for (let round = 0; round < 5; round++) {
        const { refresh_token } = await login(one, 'ann')
        const responses = await Promise.all(
          FIFTY.map((n) => refresh(n % 2 === 0 ? one : other, refresh_token)),
        )
        expect(responses.filter(({ status }) => status === 200)).toHaveLength(1)
        for (const response of responses) {
          if (response.status !== 200)
            expect([response.status, response.json().error]).toEqual([400, 'invalid_grant'])
        }
        expect(await liveOf(one, responses)).toEqual([])
        expect(await leaves(one)).toEqual([])
      }
    },
  )

  test('at spree, without a client', async () => {
    const node = await firstNode(newPath(), {})
    await node.user({ username: 'ann', password: PASSWORD })
    const form = { grant_type: 'password', username: 'ann', password: PASSWORD }
    const { refresh_token }: Answer = (await node.post('/spree_oauth/token', form)).json()
    const responses = await Promise.all(
      FIFTY.map(() => node.post('/spree_oauth/token', { grant_type: 'refresh_token', refresh_token })),
    )
    expect(new Set(responses.map(({ status, body }) => `${status} ${body}`)).size).toBe(1)
    expect(responses[0]!.status).toBe(200)
    expect(await leaves(node)).toHaveLength(1)
  })
})

test('T025 a refresh and a revocation at once leave nothing alive', async () => {
  const path = newPath()
  const one = await firstNode(path, {})
  const other = await startNode(path, tenantOf())
  await one.user({ username: 'ann', password: PASSWORD })
  let refreshed = 0
  for (let round = 0; round < 60; round++) {
    const { access_token, refresh_token } = await login(one, 'ann')
    const [revoked, ...responses] = await Promise.all([
      turns(round % 6).then(() => revoke(other, refresh_token)),
      refresh(one, refresh_token),
      turns(round % 4).then(() => refresh(other, refresh_token)),
    ])
    expect(revoked.status).toBe(200)
    expectNoFailure(responses)
    refreshed += responses.filter(({ status }) => status === 200).length
    expect(await liveOf(one, responses)).toEqual([])
    expect([await isActive(one, access_token), await isActive(other, refresh_token)]).toEqual([false, false])
  }
  // Both orders were met.
  expect(refreshed).toBeGreaterThan(0)
  expect(refreshed).toBeLessThan(120)
})

test('T032 50 revocations of one token at once', async () => {
  const node = await firstNode(newPath(), {})
  await node.user({ username: 'ann', password: PASSWORD })
  const { access_token, refresh_token } = await login(node, 'ann')
  const responses = await Promise.all(
    FIFTY.map((n) => revoke(node, n % 2 === 0 ? refresh_token : access_token)),
  )
  expect(responses.map(({ status }) => status)).toEqual(FIFTY.map(() => 200))
  expect([await isActive(node, access_token), await isActive(node, refresh_token)]).toEqual([false, false])
})

describe('T026 what an operator does while requests are under way', () => {
  const NEW_PASSWORD = 'another-Horse_8-battery-staple'

  const CLIENT_AGAIN = { ...CLIENT, grants: ['client_credentials', 'password', 'refresh_token'] } as const

  const acts: readonly [string, (operations: Operations, user: string) => Promise<unknown>][] = [
    ['disables the user', (operations, user) => updateUser(operations, 'main', user, { disabled: true })],
    ['changes the password', (operations, user) => setPassword(operations, 'main', user, NEW_PASSWORD)],
    ['deletes the user', (operations, user) => deleteUser(operations, 'main', user)],
    ['disables the client', (operations) => updateClient(operations, 'main', CLIENT.id, { disabled: true })],
    ['deletes the client', (operations) => deleteClient(operations, 'main', CLIENT.id)],
  ]

  test.each(acts)('%s: no token of before it lives, nor one that was issued meanwhile', async (_, act) => {
    const path = newPath()
    const one = await firstNode(path, {})
    const other = await startNode(path, tenantOf())
    let issued = 0
    for (let round = 0; round < 12; round++) {
      const { id, username } = await one.user({ username: `user${round}`, password: PASSWORD })
      const before = await login(one, username)
      const form = { grant_type: 'password', username, password: PASSWORD }
      const [, ...responses] = await Promise.all([
        turns(round).then(() => act(one.services, id)),
        refresh(one, before.refresh_token),
        refresh(other, before.refresh_token),
        token(one, form),
        turns(round % 5).then(() => refresh(other, before.refresh_token)),
      ])
      expectNoFailure(responses)
      issued += responses.filter(({ status }) => status === 200).length
      const nothingLives = async () => {
        expect(await liveOf(one, responses)).toEqual([])
        expect(await isActive(one, before.access_token)).toBe(false)
        expect((await refresh(other, before.refresh_token)).status).not.toBe(200)
      }
      await nothingLives()
      // Nor when all is as it was.
      if ((await one.store.findUser('main', id)) !== null)
        await updateUser(one.services, 'main', id, { disabled: false })
      if ((await one.store.findClient('main', CLIENT.id)) === null)
        await createClient(one.services, 'main', CLIENT_AGAIN)
      await updateClient(one.services, 'main', CLIENT.id, { disabled: false })
      await nothingLives()
    }
    expect(issued).toBeGreaterThan(0)
  })

  test('enabling the user again revives nothing', async () => {
    const node = await firstNode(newPath(), {})
    const { id } = await node.user({ username: 'ann', password: PASSWORD })
    const before = await login(node, 'ann')
    await updateUser(node.services, 'main', id, { disabled: true })
    await updateUser(node.services, 'main', id, { disabled: false })
    expect((await refresh(node, before.refresh_token)).status).toBe(400)
    expect(await isActive(node, before.access_token)).toBe(false)
    const after = await login(node, 'ann')
    expect([await isActive(node, after.access_token), await isActive(node, after.refresh_token)]).toEqual([
      true,
      true,
    ])
  })
})

describe('T027 50 right logins of one user at once', () => {
  const logins = (node: Node) =>
    Promise.all(FIFTY.map(() => token(node, { grant_type: 'password', username: 'ann', password: PASSWORD })))

  test('have 50 tokens, and change nothing of the user', async () => {
    const node = await firstNode(newPath(), {})
    const user = await node.user({ username: 'ann', password: PASSWORD })
    const responses = await logins(node)
    expect(responses.map(({ status }) => status)).toEqual(FIFTY.map(() => 200))
    const tokens: string[] = responses.flatMap((each) => [
      each.json().access_token,
      each.json().refresh_token,
    ])
    expect(new Set(tokens).size).toBe(100)
    expect(await liveOf(node, responses)).toHaveLength(100)
    expect(await node.store.findUser('main', user.id)).toEqual(user)
  })

  test('replace a weak hash once', async () => {
    const node = await firstNode(newPath(), {})
    const weak = createPasswords({ argon2: { memoryCost: 16, timeCost: 1, parallelism: 1 } })
    const passwordHash = await weak.hash(PASSWORD)
    const user = await node.user({ username: 'ann' })
    await node.store.updateUser({ ...user, passwordHash })
    expect((await logins(node)).map(({ status }) => status)).toEqual(FIFTY.map(() => 200))
    const after = await node.store.findUser('main', user.id)
    expect(after?.version).toBe(user.version + 2)
    expect(after?.passwordHash).not.toBe(passwordHash)
    expect((await token(node, { grant_type: 'password', username: 'ann', password: PASSWORD })).status).toBe(
      200,
    )
  })
})

describe('T023 after a restart', () => {
  test.each(['opaque', 'jwt'] as const)(
    'a replay in the window has the same tokens, one after it ends the family, %s',
    async (format) => {
      const path = newPath()
      const one = await firstNode(path, {}, format)
      await one.user({ username: 'ann', password: PASSWORD })
      const { refresh_token } = await login(one, 'ann')
      const successor: Answer = (await refresh(one, refresh_token)).json()
      await one.close()

      const two = await startNode(path, tenantOf(), NOW + 9)
      const replayed: Answer = (await refresh(two, refresh_token)).json()
      expect(replayed.refresh_token).toBe(successor.refresh_token)
      if (format === 'opaque') expect(replayed.access_token).toBe(successor.access_token)
      else expect(decodeJwt(replayed.access_token)).toEqual(decodeJwt(successor.access_token))
      await two.close()

      const three = await startNode(path, tenantOf(), NOW + 10)
      await three.store.purge(NOW + 10, 1000)
      expect(await isActive(three, successor.refresh_token)).toBe(true)
      const reused = await refresh(three, refresh_token)
      expect([reused.status, three.entries.at(-1)?.reason]).toEqual([400, 'refresh_token_reused'])
      await three.close()

      const four = await startNode(path, tenantOf(), NOW + 11)
      expect((await refresh(four, successor.refresh_token)).status).toBe(400)
      expect(await isActive(four, successor.access_token)).toBe(false)
    },
  )

  test('a revoked token stays revoked, a JWT of a client too', async () => {
    const path = newPath()
    const one = await firstNode(path, {}, 'jwt')
    const grant = { grant_type: 'client_credentials' }
    const [dead, live]: Answer[] = [(await token(one, grant)).json(), (await token(one, grant)).json()]
    expect((await revoke(one, dead!.access_token)).status).toBe(200)
    await one.close()
    const two = await startNode(path, tenantOf(), NOW + 3000)
    await two.store.purge(NOW + 3000, 1000)
    expect([await isActive(two, dead!.access_token), await isActive(two, live!.access_token)]).toEqual([
      false,
      true,
    ])
  })
})

test('T029 a client secret is replaced while both servers issue tokens', async () => {
  const path = newPath()
  const one = await firstNode(path, {})
  const other = await startNode(path, tenantOf())
  const grant = { grant_type: 'client_credentials' }
  const ask = (node: Node, secret: string) => node.post('/oauth/token', grant, as({ id: CLIENT.id, secret }))
  let old = CLIENT.secret
  for (let round = 0; round < 5; round++) {
    const [rotated, ...responses] = await Promise.all([
      turns(round).then(() => rotateClientSecret(one.services, 'main', CLIENT.id, 60)),
      ...FIFTY.map((n) => turns(n % 8).then(() => ask(n % 2 === 0 ? one : other, old))),
    ])
    expect(responses.map(({ status }) => status)).toEqual(FIFTY.map(() => 200))
    const fresh = rotated.secret?.reveal() ?? ''
    for (const node of [one, other]) {
      expect([(await ask(node, fresh)).status, (await ask(node, old)).status]).toEqual([200, 200])
      node.advance(60)
      expect([(await ask(node, fresh)).status, (await ask(node, old)).status]).toEqual([200, 401])
    }
    old = fresh
  }
})

test('T034 a purge takes no token from those who use theirs', async () => {
  const node = await firstNode(newPath(), { expiresIn: 1, refreshIdleExpiresIn: 100 })
  await node.user({ username: 'ann', password: PASSWORD })
  let answers = await Promise.all(FIFTY.map(() => login(node, 'ann')))
  for (let round = 0; round < 5; round++) {
    node.advance(60)
    const [purged, ...responses] = await Promise.all([
      node.store.purge(node.now(), 1000),
      ...answers.map(({ refresh_token }) => refresh(node, refresh_token)),
    ])
    expect(responses.map(({ status }) => status)).toEqual(FIFTY.map(() => 200))
    if (round > 1) expect(purged).toBeGreaterThan(0)
    answers = responses.map((response) => response.json())
  }
})

test('T030 no token, selector or jti is given twice', async () => {
  const path = newPath()
  const one = await firstNode(path, {}, 'opaque')
  await one.client({ ...CLIENT, id: 'jwt', accessToken: 'jwt' })
  const other = await startNode(path, tenantOf())
  const grant = { grant_type: 'client_credentials' }
  const tokens = new Set<string>()
  const selectors = new Set<string>()
  const ids = new Set<unknown>()
  const parallel = Array.from({ length: 500 }, (_, index) => (index % 2 === 0 ? one : other))
  for (let round = 0; round < 20; round++) {
    const opaque = await Promise.all(parallel.map((node) => node.post('/oauth/token', grant, as(CLIENT))))
    for (const { access_token } of opaque.map((each) => each.json())) {
      tokens.add(access_token)
      selectors.add(access_token.slice(0, 9))
    }
    const jwts = await Promise.all(
      parallel.map((node) => node.post('/oauth/token', grant, as({ ...CLIENT, id: 'jwt' }))),
    )
    for (const { access_token } of jwts.map((each) => each.json())) ids.add(decodeJwt(access_token).jti)
  }
  expect([tokens.size, selectors.size, ids.size]).toEqual([10_000, 10_000, 10_000])
})
