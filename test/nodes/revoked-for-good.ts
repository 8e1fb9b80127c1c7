/** T023, T043, T054: what is dead stays dead, on every node, after restarts, rotations of the keys and purges. */
import { describe, expect, test } from 'vitest'
import { revokeTokens, revokeTokensBefore } from '../../src/admin/operations/tokens.ts'
import {
  type Answer,
  addClients,
  expectDead,
  expectLive,
  expectRefused,
  FACES,
  isActive,
  loginAs,
  loginOf,
  PASSWORD,
  refresh,
  refreshed,
  revoke,
  revokeAsOperator,
  tenantOfFaces,
} from '../surfaces/faces.ts'
import { type Database, type Installation, NOW, type Node, startNode } from './nodes.ts'

const DAY = 86_400

async function startNodes(database: Database, now = NOW): Promise<[Node, Node]> {
  return [await startNode(database, tenantOfFaces(), now), await startNode(database, tenantOfFaces(), now)]
}

/** `faces`: all surfaces, or some where a database costs more. */
export function describeRevokedForGood({ newDatabase }: Installation, faces = FACES): void {
  describe.each(faces)('$name', (face) => {
    test.each([
      ['the access token', 'access_token', revoke],
      ['the refresh token', 'refresh_token', revoke],
      ['the access token, by the operator', 'access_token', revokeAsOperator],
      ['the refresh token, by the operator', 'refresh_token', revokeAsOperator],
    ] as const)('T043 %s is dead on all nodes at once, and for good', async (_, kind, act) => {
      const database = await newDatabase()
      const [one, other] = await startNodes(database)
      await addClients(one)
      const [answer, live] = [await loginOf(face, one), await loginOf(face, one)]
      await expectLive(face, other, answer)
      if (act === revoke) await revoke(face, one, answer[kind])
      else await revokeAsOperator(one, answer[kind])

      const expectStillDead = async (nodes: readonly Node[], access = true) => {
        for (const node of nodes) {
          expect(await isActive(node, answer[kind])).toBe(false)
          if (kind === 'refresh_token') await expectRefused(face, node, answer.refresh_token)
          // NewStore's JWTs and its kept refresh tokens are revoked one by one.
          if (face.surface !== 'newstore') await expectDead(face, node, answer)
          expect(await isActive(node, live.access_token)).toBe(access)
        }
      }
      await expectStillDead([one, other])
      for (const algorithm of ['ES256', 'RS256'] as const) {
        await one.services.keys.rotate('main', algorithm, { force: true })
      }
      for (const node of [one, other]) node.advance(6)
      await expectStillDead([one, other])
      await one.close()
      await other.close()
      const [three, four] = await startNodes(database, NOW + 3000)
      await three.store.purge(three.now(), 1000)
      await expectStillDead([three, four])
      await three.close()
      await four.close()
      // Also when there is nothing left of it.
      const [five, six] = await startNodes(database, NOW + 3 * DAY)
      await five.store.purge(five.now(), 1000)
      await expectStillDead([five, six], false)
    })

    test('T023 a spent refresh token that comes back within 30 days is known, however often was purged', async () => {
      const settings = { refresh: 'rotate', reuseWindow: 10, refreshIdleExpiresIn: null } as const
      const tenant = tenantOfFaces(settings)
      for (const [days, isKnown] of [
        [1, true],
        [29, true],
        [31, false],
      ] as const) {
        const database = await newDatabase()
        const one = await startNode(database, tenant)
        await addClients(one)
        const first = await loginOf(face, one)
        const second = await refreshed(face, one, first.refresh_token)
        await one.close()
        const two = await startNode(database, tenant, NOW + days * DAY)
        await two.store.purge(two.now(), 1000)
        expect([days, await isActive(two, second.refresh_token)]).toEqual([days, true])
        await expectRefused(face, two, first.refresh_token)
        expect([days, await isActive(two, second.refresh_token)]).toEqual([days, !isKnown])
        const other = await startNode(database, tenant, NOW + days * DAY)
        const status = (await refresh(face, other, second.refresh_token)).status
        expect([days, status]).toEqual([days, isKnown ? face.refusal.status : 200])
      }
    })
  })

  describe('T054 everything issued before a time', () => {
    const orders: readonly (readonly ('user' | 'client' | 'tenant')[])[] = [
      ['user', 'client', 'tenant'],
      ['client', 'user', 'tenant'],
      ['tenant', 'client', 'user'],
      ['tenant', 'user', 'client'],
      ['user', 'user', 'client'],
      ['client', 'client', 'user'],
    ]

    test.each(
      faces.flatMap((face) => orders.map((order) => [face.name, order.join(', '), face, order] as const)),
    )(
      '%s, by %s: is dead for good, and what comes between lives until the next',
      async (_, __, face, order) => {
        const node = await startNode(await newDatabase(), tenantOfFaces())
        await addClients(node)
        const { id, username } = await node.user({ tenant: 'main', username: 'ann', password: PASSWORD })
        const dead: Answer[] = []
        for (const [index, whose] of order.entries()) {
          const answer = await loginAs(face, node, username)
          await expectLive(face, node, answer)
          if (whose === 'tenant') await revokeTokensBefore(node.services, 'main', 'now')
          else if (whose === 'user') await revokeTokens(node.services, 'main', { user: id })
          else if (face.client === null) continue
          else await revokeTokens(node.services, 'main', { client: face.client })
          dead.push(answer)
          for (const each of dead) await expectDead(face, node, each)
          // A clock that goes back revives nothing.
          if (index === 1) node.advance(-100)
        }
        for (const each of dead) await expectDead(face, node, each)
        node.advance(1000)
        for (const each of dead) await expectDead(face, node, each)
        await expectLive(face, node, await loginAs(face, node, username))
      },
    )

    test('of a tenant, said with an earlier time later, revives nothing', async () => {
      const [face] = FACES.filter(({ name }) => name === 'standard, JWT')
      if (face === undefined) throw new Error('no face')
      const node = await startNode(await newDatabase(), tenantOfFaces())
      await addClients(node)
      const first = await loginOf(face, node)
      node.advance(100)
      const second = await loginOf(face, node)
      node.advance(100)
      for (const before of [NOW + 150, NOW + 50, 0]) {
        await revokeTokensBefore(node.services, 'main', before)
        for (const each of [first, second]) await expectDead(face, node, each)
      }
      await expectLive(face, node, await loginOf(face, node))
    })
  })
}
