/** Section B of the security tests: requests at once, and what operators do meanwhile, on any server. */
import { decodeJwt } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { rotateClientSecret } from '../../src/admin/operations/client-secrets.ts'
import { createClient, deleteClient, updateClient } from '../../src/admin/operations/clients.ts'
import type { Operations } from '../../src/admin/operations/operations.ts'
import { deleteUser, setPassword, updateUser } from '../../src/admin/operations/users.ts'
import { createPasswords } from '../../src/crypto/password.ts'
import {
  type Answer,
  as,
  CLIENT,
  expectNoFailure,
  firstNode,
  type Installation,
  inTurns,
  isActive,
  liveOf,
  login,
  NOW,
  type Node,
  PASSWORD,
  refresh,
  revoke,
  startNode,
  startNodes,
  tenantOf,
  token,
  turns,
} from './nodes.ts'

const CLIENT_CREDENTIALS = { grant_type: 'client_credentials' }

/** What servers on PostgreSQL keep may be as old as that. */
async function withinASecond(check: () => Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 1500, interval: 10 })
}

export function describeRaces(installation: Installation): void {
  const { rounds, newDatabase } = installation

  test('T032 50 revocations of one token at once', async () => {
    const nodes = await startNodes(installation)
    const [one] = nodes as [Node]
    await one.user({ username: 'ann', password: PASSWORD })
    const { access_token, refresh_token } = await login(one, 'ann')
    const responses = await Promise.all(
      inTurns(nodes, 50).map((node, n) => revoke(node, n % 4 < 2 ? refresh_token : access_token)),
    )
    expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200))
    for (const node of nodes) {
      expect([await isActive(node, access_token), await isActive(node, refresh_token)]).toEqual([
        false,
        false,
      ])
    }
  })

  describe('T026 T053 what an operator does while requests are under way', () => {
    const NEW_PASSWORD = 'another-Horse_8-battery-staple'
    const CLIENT_AGAIN = { ...CLIENT, grants: ['client_credentials', 'password', 'refresh_token'] } as const

    const acts: readonly [string, (operations: Operations, user: string) => Promise<unknown>][] = [
      ['disables the user', (operations, user) => updateUser(operations, 'main', user, { disabled: true })],
      ['changes the password', (operations, user) => setPassword(operations, 'main', user, NEW_PASSWORD)],
      ['deletes the user', (operations, user) => deleteUser(operations, 'main', user)],
      [
        'disables the client',
        (operations) => updateClient(operations, 'main', CLIENT.id, { disabled: true }),
      ],
      ['deletes the client', (operations) => deleteClient(operations, 'main', CLIENT.id)],
    ]

    test.each(acts)('%s: no token of before it lives, nor one that was issued meanwhile', async (_, act) => {
      const nodes = await startNodes(installation)
      const [one, other] = nodes as [Node, Node]
      const last = nodes.at(-1) as Node
      let issued = 0
      for (let round = 0; round < rounds(12); round++) {
        const { id, username } = await one.user({ username: `user${round}`, password: PASSWORD })
        const before = await login(one, username)
        const form = { grant_type: 'password', username, password: PASSWORD }
        const [, ...responses] = await Promise.all([
          turns(round).then(() => act(one.services, id)),
          refresh(one, before.refresh_token),
          refresh(last, before.refresh_token),
          token(one, form),
          turns(round % 5).then(() => refresh(other, before.refresh_token)),
        ])
        expectNoFailure(responses)
        issued += responses.filter(({ status }) => status === 200).length
        const nothingLives = async () => {
          expect(await liveOf(one, responses)).toEqual([])
          // A server that has not heard of it for up to a second may answer, and yet nothing comes of it.
          const late = [await refresh(other, before.refresh_token)].filter(({ status }) => status === 200)
          expect(await liveOf(one, late)).toEqual([])
          responses.push(...late)
          await withinASecond(async () => {
            expect(await isActive(last, before.access_token)).toBe(false)
            expect((await refresh(other, before.refresh_token)).status).not.toBe(200)
          })
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
      const nodes = await startNodes(installation)
      const [one, other] = nodes as [Node, Node]
      const { id } = await one.user({ username: 'ann', password: PASSWORD })
      const before = await login(one, 'ann')
      await updateUser(other.services, 'main', id, { disabled: true })
      await updateUser(one.services, 'main', id, { disabled: false })
      for (const node of nodes) {
        expect((await refresh(node, before.refresh_token)).status).toBe(400)
        expect(await isActive(node, before.access_token)).toBe(false)
      }
      const after = await login(one, 'ann')
      for (const node of nodes) {
        expect([await isActive(node, after.access_token), await isActive(node, after.refresh_token)]).toEqual(
          [true, true],
        )
      }
    })
  })

  describe('T027 50 right logins of one user at once', () => {
    const form = { grant_type: 'password', username: 'ann', password: PASSWORD }
    const logins = (nodes: readonly Node[]) =>
      Promise.all(inTurns(nodes, 50).map((node) => token(node, form)))

    test('have 50 tokens, and change nothing of the user', async () => {
      const nodes = await startNodes(installation)
      const [one] = nodes as [Node]
      const user = await one.user({ username: 'ann', password: PASSWORD })
      const responses = await logins(nodes)
      expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200))
      const answers: Answer[] = responses.map((each) => each.json())
      expect(new Set(answers.flatMap((each) => [each.access_token, each.refresh_token])).size).toBe(100)
      expect(await liveOf(one, responses)).toHaveLength(100)
      expect(await one.store.findUser('main', user.id)).toEqual(user)
    })

    test('replace a weak hash once', async () => {
      const nodes = await startNodes(installation)
      const [one] = nodes as [Node]
      const weak = createPasswords({ argon2: { memoryCost: 16, timeCost: 1, parallelism: 1 } })
      const passwordHash = await weak.hash(PASSWORD)
      const user = await one.user({ username: 'ann' })
      await one.store.updateUser({ ...user, passwordHash })
      expect((await logins(nodes)).map(({ status }) => status)).toEqual(Array(50).fill(200))
      const after = await one.store.findUser('main', user.id)
      expect(after?.version).toBe(user.version + 2)
      expect(after?.passwordHash).not.toBe(passwordHash)
      expect((await token(nodes.at(-1) as Node, form)).status).toBe(200)
    })
  })

  test('T023 T043 after a restart a revoked token stays revoked, a JWT of a client too', async () => {
    const database = await newDatabase()
    const one = await firstNode(database, {}, 'jwt')
    const [dead, live]: Answer[] = [
      (await token(one, CLIENT_CREDENTIALS)).json(),
      (await token(one, CLIENT_CREDENTIALS)).json(),
    ]
    expect((await revoke(one, dead!.access_token)).status).toBe(200)
    await one.close()
    const two = await startNode(database, tenantOf(), NOW + 3000)
    await two.store.purge(NOW + 3000, 1000)
    expect([await isActive(two, dead!.access_token), await isActive(two, live!.access_token)]).toEqual([
      false,
      true,
    ])
  })

  test('T029 a client secret is replaced while all servers issue tokens', async () => {
    const nodes = await startNodes(installation)
    const [one] = nodes as [Node]
    const ask = (node: Node, secret: string) =>
      node.post('/oauth/token', CLIENT_CREDENTIALS, as({ id: CLIENT.id, secret }))
    let old = CLIENT.secret
    for (let round = 0; round < rounds(5); round++) {
      const [rotated, ...responses] = await Promise.all([
        turns(round).then(() => rotateClientSecret(one.services, 'main', CLIENT.id, 60)),
        ...inTurns(nodes, 50).map((node, n) => turns(n % 8).then(() => ask(node, old))),
      ])
      expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200))
      const fresh = rotated.secret?.reveal() ?? ''
      for (const node of nodes) {
        expect([(await ask(node, fresh)).status, (await ask(node, old)).status]).toEqual([200, 200])
        node.advance(60)
        expect([(await ask(node, fresh)).status, (await ask(node, old)).status]).toEqual([200, 401])
      }
      old = fresh
    }
  })

  test('T034 purges on all servers take no token from those who use theirs', async () => {
    const nodes = await startNodes(installation, { expiresIn: 1, refreshIdleExpiresIn: 100 })
    const [one] = nodes as [Node]
    await one.user({ username: 'ann', password: PASSWORD })
    // Lives so long that its neighbours are not left to go with it, but deleted.
    await one.client({ ...CLIENT, id: 'long', accessToken: 'opaque', expiresIn: 7 * 86_400 })
    const { access_token: long } = (
      await one.post('/oauth/token', CLIENT_CREDENTIALS, as({ ...CLIENT, id: 'long' }))
    ).json()
    let answers = await Promise.all(inTurns(nodes, 50).map((node) => login(node, 'ann')))
    for (let round = 0; round < 5; round++) {
      for (const node of nodes) node.advance(60)
      const [purged, responses] = await Promise.all([
        Promise.all(nodes.map((node) => node.store.purge(node.now(), 1000))),
        Promise.all(inTurns(nodes, 50).map((node, n) => refresh(node, answers[n]?.refresh_token ?? ''))),
      ])
      expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200))
      if (round > 1) expect(Math.max(...purged)).toBeGreaterThan(0)
      answers = responses.map((response) => response.json())
    }
    for (const node of nodes) expect(await isActive(node, long)).toBe(true)
  })

  test('T030 no token, selector or jti is given twice', async () => {
    const nodes = await startNodes(installation)
    const [one] = nodes as [Node]
    await one.client({ ...CLIENT, id: 'jwt', accessToken: 'jwt' })
    const tokens = new Set<string>()
    const selectors = new Set<string>()
    const ids = new Set<unknown>()
    const parallel = inTurns(nodes, 500)
    const ask = (client: typeof CLIENT) =>
      Promise.all(parallel.map((node) => node.post('/oauth/token', CLIENT_CREDENTIALS, as(client))))
    for (let round = 0; round < rounds(20); round++) {
      for (const response of await ask(CLIENT)) {
        const { access_token } = response.json()
        tokens.add(access_token)
        selectors.add(access_token.slice(0, 9))
      }
      for (const response of await ask({ ...CLIENT, id: 'jwt' })) {
        ids.add(decodeJwt(response.json().access_token).jti)
      }
    }
    const count = 500 * rounds(20)
    expect([tokens.size, selectors.size, ids.size]).toEqual([count, count, count])
  })
}
