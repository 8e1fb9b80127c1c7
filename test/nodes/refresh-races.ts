/** Section B of the security tests: what becomes of one refresh token in many requests, on any server. */
import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import type { TokenRow } from '../../src/store/rows.ts'
import {
  type Answer,
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
  turns,
} from './nodes.ts'

const FORMATS = ['opaque', 'jwt'] as const

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

/** On every server. */
async function expectDead(nodes: readonly Node[], ...tokens: readonly string[]): Promise<void> {
  for (const node of nodes) {
    for (const text of tokens) expect(await isActive(node, text)).toBe(false)
  }
}

export function describeRefreshRaces(installation: Installation): void {
  const { rounds, newDatabase } = installation

  describe('T020 T021 one refresh token in 50 requests at once', () => {
    test.each(FORMATS)('is answered 50 times alike, %s', async (format) => {
      const nodes = await startNodes(installation, { reuseWindow: 10 }, format)
      const [one, other] = nodes as [Node, Node]
      await one.user({ username: 'ann', password: PASSWORD })
      let answer = await login(one, 'ann')
      for (let round = 0; round < rounds(25); round++) {
        const { refresh_token } = answer
        const responses = await Promise.all(inTurns(nodes, 50).map((node) => refresh(node, refresh_token)))
        expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200))
        answer = responses[0]!.json()
        for (const response of responses) expect(identity(response.json())).toEqual(identity(answer))
        expect(await leaves(one)).toHaveLength(1)
        expect(await isActive(one, answer.refresh_token)).toBe(true)
        expect(await isActive(other, refresh_token)).toBe(false)
      }
    })

    test.each(FORMATS)('with reuseWindow 0 is answered once, and then nothing lives, %s', async (format) => {
      const nodes = await startNodes(installation, { reuseWindow: 0 }, format)
      const [one] = nodes as [Node]
      await one.user({ username: 'ann', password: PASSWORD })
      for (let round = 0; round < rounds(25); round++) {
        const { refresh_token } = await login(one, 'ann')
        const responses = await Promise.all(inTurns(nodes, 50).map((node) => refresh(node, refresh_token)))
        const refused = responses.filter(({ status }) => status !== 200)
        expect(refused).toHaveLength(49)
        for (const response of refused) {
          expect([response.status, response.json().error]).toEqual([400, 'invalid_grant'])
        }
        expect(await liveOf(one, responses)).toEqual([])
        expect(await leaves(one)).toEqual([])
      }
    })

    test('at spree, without a client', async () => {
      const nodes = await startNodes(installation)
      const [one] = nodes as [Node]
      await one.user({ username: 'ann', password: PASSWORD })
      const form = { grant_type: 'password', username: 'ann', password: PASSWORD }
      const { refresh_token }: Answer = (await one.post('/spree_oauth/token', form)).json()
      const again = { grant_type: 'refresh_token', refresh_token }
      const responses = await Promise.all(
        inTurns(nodes, 50).map((node) => node.post('/spree_oauth/token', again)),
      )
      expect(new Set(responses.map(({ status, body }) => `${status} ${body}`)).size).toBe(1)
      expect(responses[0]!.status).toBe(200)
      expect(await leaves(one)).toHaveLength(1)
    })
  })

  test('T022 a spent refresh token that comes again, at another server, ends the family on all', async () => {
    const nodes = await startNodes(installation, { reuseWindow: 0 })
    const [one, other] = nodes as [Node, Node]
    const last = nodes.at(-1) as Node
    await one.user({ username: 'ann', password: PASSWORD })
    const first = await login(one, 'ann')
    const second: Answer = (await refresh(other, first.refresh_token)).json()
    const third: Answer = (await refresh(last, second.refresh_token)).json()
    expect(await isActive(one, third.access_token)).toBe(true)
    const reused = await refresh(last, first.refresh_token)
    expect([reused.status, last.entries.at(-1)?.reason]).toEqual([400, 'refresh_token_reused'])
    await expectDead(nodes, third.access_token, third.refresh_token, first.access_token)
    for (const node of nodes) expect((await refresh(node, third.refresh_token)).status).toBe(400)
  })

  describe('T024 with a window of 10 seconds', () => {
    test('a parent has the same successor at every server, as often as it comes', async () => {
      const nodes = await startNodes(installation, { reuseWindow: 10 })
      const [one] = nodes as [Node]
      await one.user({ username: 'ann', password: PASSWORD })
      const { refresh_token } = await login(one, 'ann')
      const successor: Answer = (await refresh(one, refresh_token)).json()
      for (const node of [...nodes, ...nodes]) {
        node.advance(4)
        expect((await refresh(node, refresh_token)).json()).toMatchObject({
          access_token: successor.access_token,
          refresh_token: successor.refresh_token,
        })
      }
    })

    test.each([
      ['after the window', 10, false],
      ['after the successor was spent', 1, true],
    ])('a parent that comes again %s ends the family', async (_, seconds, spendsSuccessor) => {
      const nodes = await startNodes(installation, { reuseWindow: 10 })
      const [one, other] = nodes as [Node, Node]
      await one.user({ username: 'ann', password: PASSWORD })
      const { refresh_token } = await login(one, 'ann')
      let latest: Answer = (await refresh(one, refresh_token)).json()
      if (spendsSuccessor) latest = (await refresh(other, latest.refresh_token)).json()
      for (const node of nodes) node.advance(seconds)
      const last = nodes.at(-1) as Node
      const reused = await refresh(last, refresh_token)
      expect([reused.status, last.entries.at(-1)?.reason]).toEqual([400, 'refresh_token_reused'])
      await expectDead(nodes, latest.access_token, latest.refresh_token)
    })
  })

  test('T025 a refresh and a revocation at once leave nothing alive', async () => {
    const nodes = await startNodes(installation)
    const [one, other] = nodes as [Node, Node]
    const last = nodes.at(-1) as Node
    await one.user({ username: 'ann', password: PASSWORD })
    let refreshed = 0
    for (let round = 0; round < rounds(200); round++) {
      const { access_token, refresh_token } = await login(one, 'ann')
      const [revoked, ...responses] = await Promise.all([
        turns(round % 6).then(() => revoke(other, refresh_token)),
        refresh(one, refresh_token),
        turns(round % 4).then(() => refresh(last, refresh_token)),
      ])
      expect(revoked.status).toBe(200)
      expectNoFailure(responses)
      refreshed += responses.filter(({ status }) => status === 200).length
      expect(await liveOf(one, responses)).toEqual([])
      await expectDead([one, other], access_token, refresh_token)
    }
    // Both orders were met.
    expect(refreshed).toBeGreaterThan(0)
    expect(refreshed).toBeLessThan(2 * rounds(200))
  })

  describe('T023 after a restart', () => {
    test.each(FORMATS)(
      'a replay in the window has the same tokens, one after it ends the family, %s',
      async (format) => {
        const database = await newDatabase()
        const one = await firstNode(database, {}, format)
        await one.user({ username: 'ann', password: PASSWORD })
        const { refresh_token } = await login(one, 'ann')
        const successor: Answer = (await refresh(one, refresh_token)).json()
        await one.close()

        const two = await startNode(database, tenantOf(), NOW + 9)
        const replayed: Answer = (await refresh(two, refresh_token)).json()
        expect(replayed.refresh_token).toBe(successor.refresh_token)
        if (format === 'opaque') expect(replayed.access_token).toBe(successor.access_token)
        else expect(decodeJwt(replayed.access_token)).toEqual(decodeJwt(successor.access_token))
        await two.close()

        const three = await startNode(database, tenantOf(), NOW + 10)
        await three.store.purge(NOW + 10, 1000)
        expect(await isActive(three, successor.refresh_token)).toBe(true)
        const reused = await refresh(three, refresh_token)
        expect([reused.status, three.entries.at(-1)?.reason]).toEqual([400, 'refresh_token_reused'])
        await three.close()

        const four = await startNode(database, tenantOf(), NOW + 11)
        expect((await refresh(four, successor.refresh_token)).status).toBe(400)
        expect(await isActive(four, successor.access_token)).toBe(false)
      },
    )
  })
}
