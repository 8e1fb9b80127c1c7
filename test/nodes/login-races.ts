/** Limits of guessing that servers share: T027, T028, T067, T105. */
import { describe, expect, test } from 'vitest'
import type { TestResponse } from '../harness.ts'
import {
  expectNoFailure,
  type Installation,
  inTurns,
  NOW,
  type Node,
  PASSWORD,
  startNode,
  tenantOf,
} from './nodes.ts'

const LIMITS = { loginFailures: { perUser: 10, perSource: 100 } }

function login(node: Node, password: string, username = 'ann', source = '192.0.2.1'): Promise<TestResponse> {
  return node.send({
    path: '/spree_oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'password', username, password }).toString(),
    source,
  })
}

function authenticate(node: Node, secret: string, source = '192.0.2.1'): Promise<TestResponse> {
  return node.send({
    path: '/oauth/introspect',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token: 'x', client_id: 'till', client_secret: secret }).toString(),
    source,
  })
}

const statusOf = async (answer: Promise<TestResponse>) => (await answer).status

function countOf(nodes: readonly Node[], reason: string): number {
  return nodes.flatMap(({ entries }) => entries).filter((entry) => entry.reason === reason).length
}

/** So many were told that they are wrong as were counted. */
function expectTold(
  nodes: readonly Node[],
  reason: string,
  counted: number,
  all: number,
  blocked = 'login_blocked',
): void {
  expect(countOf(nodes, reason)).toBe(counted)
  expect(countOf(nodes, blocked)).toBe(all - counted)
}

export function describeLoginRaces({ size, newDatabase }: Installation): void {
  /** Servers with a user, and one more that is started later. */
  async function start() {
    const database = await newDatabase()
    const another = (now = NOW) => startNode(database, tenantOf(), now, LIMITS)
    const first = await another()
    const nodes = [first, ...(await Promise.all(Array.from({ length: size - 1 }, () => another())))]
    await first.user({ tenant: 'main', username: 'ann', password: PASSWORD })
    const hash = await first.services.passwords.hash(PASSWORD)
    const secret = { id: 'old', name: null, hash, createdAt: NOW, expiresAt: null }
    await first.client({ tenant: 'main', id: 'till', secrets: [secret] })
    return { nodes, first, another }
  }

  describe('T027 T028 T105 guesses', () => {
    test('T028 of 200 at once on all servers ten are counted, and no other learns anything', async () => {
      const { nodes } = await start()
      const answers = await Promise.all(
        inTurns(nodes, 200).map((node, n) => login(node, n === 150 ? PASSWORD : 'wrong')),
      )
      expectNoFailure(answers)
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]))
      expectTold(nodes, 'wrong_password', 10, 200)
      for (const node of nodes) {
        expect(await statusOf(login(node, PASSWORD))).toBe(400)
        expect(await statusOf(login(node, PASSWORD, 'ann', '192.0.2.2'))).toBe(200)
      }
    })

    test('T067 V-60 of 200 at once at a secret of a client ten are counted, and it is blocked there on every server', async () => {
      const { nodes } = await start()
      const answers = await Promise.all(
        inTurns(nodes, 200).map((node, n) => authenticate(node, n === 150 ? PASSWORD : 'wrong')),
      )
      expectNoFailure(answers)
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
      expectTold(nodes, 'wrong_client_secret', 10, 200, 'client_blocked')
      for (const node of nodes) {
        expect(await statusOf(authenticate(node, PASSWORD))).toBe(401)
        expect(await statusOf(authenticate(node, PASSWORD, '192.0.2.2'))).toBe(200)
        expect(await statusOf(login(node, PASSWORD))).toBe(200)
      }
    })

    test('T117 of 300 at once at as many users a hundred are counted', async () => {
      const { nodes } = await start()
      const answers = await Promise.all(
        inTurns(nodes, 300).map((node, n) => login(node, 'wrong', `user${n}`)),
      )
      expectNoFailure(answers)
      expectTold(nodes, 'unknown_user', 100, 300)
      for (const node of nodes) expect(await statusOf(login(node, PASSWORD))).toBe(400)
    })

    test('T027 50 right logins at once are all answered, and not counted', async () => {
      const { nodes, first } = await start()
      for (let time = 0; time < 9; time++) await login(first, 'wrong')
      const answers = await Promise.all(inTurns(nodes, 50).map((node) => login(node, PASSWORD)))
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
      expect(new Set(answers.map((answer) => answer.json().access_token)).size).toBe(50)
      await login(first, 'wrong')
      expect(countOf(nodes, 'wrong_password')).toBe(10)
    })

    test('T105 count on every server at once, and after a restart of all', async () => {
      const { nodes, another } = await start()
      for (const node of inTurns(nodes, 10)) expect(await statusOf(login(node, 'wrong'))).toBe(400)
      for (const node of nodes) {
        expect(await statusOf(login(node, PASSWORD))).toBe(400)
        expect(node.entries.at(-1)?.reason).toBe('login_blocked')
      }
      for (const node of nodes) await node.close()
      const later = await another()
      expect(await statusOf(login(later, PASSWORD))).toBe(400)
      later.advance(90)
      expect(await statusOf(login(later, PASSWORD))).toBe(200)
    })

    test('T118 leave two rows in the database, until they have run out', async () => {
      const { first } = await start()
      await login(first, 'wrong', 'someone@shop.example', '203.0.113.9')
      expect((await first.store.size(10)).tables.get('login_failures')).toEqual({ rows: 2, isAll: true })
      await first.store.purgeLoginFailures((NOW + 864) * 1000, 10)
      expect((await first.store.size(10)).tables.get('login_failures')).toEqual({ rows: 0, isAll: true })
    })
  })
}
