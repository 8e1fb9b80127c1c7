/** DPoP proofs (RFC 9449 §11.1) and what is bound to their keys, on several servers, and after a restart. */
import { expect, test } from 'vitest'
import { KEY, OTHER_KEY } from '../crypto/assertions.ts'
import { proofClaims, signProof } from '../crypto/proofs.ts'
import { type Installation, inTurns, NOW, type Node, startNode, tenantOf } from './nodes.ts'

const proof = (key = KEY) => signProof(proofClaims('https://main.example/oauth/token', NOW), key)

const ASK = { grant_type: 'client_credentials', client_id: 'machine', client_secret: 'secret-of-the-machine' }
const PASSWORD = 'correct-Horse_7-battery-staple'

async function ask(node: Node, DPoP: string): Promise<number> {
  return (await node.post('/oauth/token', ASK, { DPoP })).status
}

const lastReason = (node: Node) => node.entries.at(-1)?.reason

export function describeProofReplays({ size, newDatabase, rounds }: Installation): void {
  async function start() {
    const database = await newDatabase()
    const startOne = () => startNode(database, tenantOf())
    const first = await startOne()
    await first.client({ id: 'machine', secret: ASK.client_secret })
    await first.client({
      id: 'app',
      public: true,
      accessToken: 'opaque',
      grants: ['password', 'refresh_token'],
    })
    await first.user({ username: 'ann', password: PASSWORD })
    const others = await Promise.all(Array.from({ length: size - 1 }, startOne))
    return { startOne, nodes: [first, ...others] as const }
  }

  test('a proof that one server has taken no other takes, nor after a restart', async () => {
    const { nodes, startOne } = await start()
    const text = await proof()
    expect(await ask(nodes[0], text)).toBe(200)
    for (const node of nodes) {
      expect(await ask(node, text)).toBe(400)
      expect(lastReason(node)).toBe('dpop_proof_replayed')
    }
    await Promise.all(nodes.map((node) => node.close()))
    const again = await startOne()
    expect(await ask(again, text)).toBe(400)
    expect(lastReason(again)).toBe('dpop_proof_replayed')
    expect(await ask(again, await proof())).toBe(200)
  })

  test('of 50 requests at once with one proof, on all servers, one is answered', async () => {
    const { nodes } = await start()
    for (let round = 0; round < rounds(4); round++) {
      const text = await proof()
      const statuses = await Promise.all(inTurns(nodes, 50).map((node) => ask(node, text)))
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
      expect(statuses.filter((status) => status === 400)).toHaveLength(49)
    }
  })

  test('a refresh token is bound to its key on every server, and after a restart', async () => {
    const { nodes, startOne } = await start()
    const post = async (node: Node, form: Readonly<Record<string, string>>, key: typeof KEY | null) =>
      await node.post(
        '/oauth/token',
        { ...form, client_id: 'app' },
        key === null ? {} : { DPoP: await proof(key) },
      )
    const login = { grant_type: 'password', username: 'ann', password: PASSWORD }
    let { refresh_token } = (await post(nodes[0], login, KEY)).json()
    async function refreshAt(node: Node): Promise<void> {
      const form = { grant_type: 'refresh_token', refresh_token }
      for (const key of [OTHER_KEY, null]) {
        expect((await post(node, form, key)).status).toBe(400)
        expect(lastReason(node)).toBe('refresh_token_of_another_key')
      }
      const answer = (await post(node, form, KEY)).json()
      expect(answer.token_type).toBe('DPoP')
      refresh_token = answer.refresh_token
    }
    for (const node of [...nodes, ...nodes]) await refreshAt(node)
    await Promise.all(nodes.map((node) => node.close()))
    await refreshAt(await startOne())
  })
}
