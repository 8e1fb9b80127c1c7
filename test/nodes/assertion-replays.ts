/** Section D of the security tests, T072: assertions of clients on several servers, and after a restart. */
import { expect, test } from 'vitest'
import { updateClient } from '../../src/admin/operations/clients.ts'
import { assertionClaims, assertionForm, KEY, OTHER_KEY, sign } from '../crypto/assertions.ts'
import { type Installation, inTurns, NOW, type Node, startNode, tenantOf } from './nodes.ts'

const ISSUER = 'https://main.example/'
const ID = 'signer'

const assertion = (key = KEY) => sign(assertionClaims(ID, ISSUER, NOW), key)

async function ask(node: Node, text: string): Promise<number> {
  const form = { grant_type: 'client_credentials', ...assertionForm(text) }
  return (await node.post('/oauth/token', form)).status
}

const lastReason = (node: Node) => node.entries.at(-1)?.reason

export function describeAssertionReplays({ size, newDatabase, rounds }: Installation): void {
  async function start() {
    const database = await newDatabase()
    const startOne = () => startNode(database, tenantOf())
    const first = await startOne()
    await first.client({ id: ID, secrets: [], jwks: { keys: [KEY.jwk] } })
    const others = await Promise.all(Array.from({ length: size - 1 }, startOne))
    return { startOne, nodes: [first, ...others] as const }
  }

  test('T072 V-16 V-17 an assertion that one server has taken no other takes, nor after a restart', async () => {
    const { nodes, startOne } = await start()
    const text = await assertion()
    expect(await ask(nodes[0], text)).toBe(200)
    for (const node of nodes) {
      expect(await ask(node, text)).toBe(401)
      expect(lastReason(node)).toBe('assertion_replayed')
    }
    await Promise.all(nodes.map((node) => node.close()))
    const again = await startOne()
    expect(await ask(again, text)).toBe(401)
    expect(lastReason(again)).toBe('assertion_replayed')
    expect(await ask(again, await assertion())).toBe(200)
  })

  test('T072 V-51 of 30 requests at once with one assertion, on all servers, one is answered', async () => {
    const { nodes } = await start()
    for (let round = 0; round < rounds(8); round++) {
      const texts = [await assertion(), await assertion(), await assertion()]
      // Each server gets them all, in another order than the next one: their transactions meet.
      const textOf = (node: Node, index: number) =>
        texts[(Math.floor(index / size) + nodes.indexOf(node)) % texts.length] ?? ''
      const statuses = await Promise.all(
        inTurns(nodes, 30).map((node, index) => ask(node, textOf(node, index))),
      )
      expect(statuses.filter((status) => status === 200)).toHaveLength(3)
      expect(statuses.filter((status) => status === 401)).toHaveLength(27)
    }
  })

  test('a new key works at once on every server', async () => {
    const { nodes } = await start()
    for (const node of nodes) expect(await ask(node, await assertion())).toBe(200)
    const [{ services }] = nodes
    const keys = { keys: [KEY.jwk, OTHER_KEY.jwk] }
    await updateClient(services, 'main', ID, { jwks: keys })
    for (const node of nodes) expect(await ask(node, await assertion(OTHER_KEY))).toBe(200)
  })
}
