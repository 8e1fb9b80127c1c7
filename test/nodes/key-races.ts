import { decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import type { SigningKeyRow } from '../../src/store/rows.ts'
import { as, CLIENT, type Installation, inTurns, isActive, type Node, startNodes, turns } from './nodes.ts'

const CLIENT_CREDENTIALS = { grant_type: 'client_credentials' }
/** Seconds after which a server that is asked has read the keys anew. */
const MAX_AGE = 5

async function keysOf({ store }: Node, state: SigningKeyRow['state']): Promise<readonly string[]> {
  const rows = await store.listSigningKeys('main')
  return rows.filter((row) => row.state === state).map(({ kid }) => kid)
}

async function published(node: Node): Promise<readonly string[]> {
  const { body } = await node.send({ method: 'GET', path: '/.well-known/jwks.json' })
  return JSON.parse(body).keys.map(({ kid }: { kid: string }) => kid)
}

async function issue(node: Node): Promise<string> {
  const response = await node.post('/oauth/token', CLIENT_CREDENTIALS, as(CLIENT))
  expect(response.status).toBe(200)
  return response.json().access_token
}

export function describeKeyRaces(installation: Installation): void {
  test('T084 T086 withdrawals and rotations at once leave one active key, and none that was withdrawn', async () => {
    const nodes = await startNodes(installation, {}, 'jwt')
    const [one] = nodes as [Node]
    await one.services.keys.ensure('main', 'ES256')
    const withdrawn: string[] = []
    for (let round = 0; round < installation.rounds(12); round++) {
      const kids = [
        ...(await keysOf(one, 'active')),
        ...(await keysOf(one, 'announced')),
        ...(await keysOf(one, 'retired')),
      ]
      const leaked = kids.filter((_, index) => (round + index) % 3 !== 0)
      const before = await Promise.all(inTurns(nodes, 4).map(issue))
      const [tokens] = await Promise.all([
        Promise.all(inTurns(nodes, 12).map((node, index) => turns(index).then(() => issue(node)))),
        ...leaked.flatMap((kid) => nodes.map(({ services }) => services.keys.withdraw('main', kid))),
        ...nodes.map(({ services }) => services.keys.rotate('main', 'ES256', { force: true })),
      ])
      withdrawn.push(...leaked)
      expect(await keysOf(one, 'withdrawn')).toEqual(expect.arrayContaining(withdrawn))
      expect(await keysOf(one, 'active')).toHaveLength(1)
      expect(await keysOf(one, 'announced')).toHaveLength(1)
      // Whoever withdrew them knows it at once, and every server did.
      for (const node of nodes) {
        for (const token of [...before, ...tokens]) {
          const { kid = '' } = decodeProtectedHeader(token)
          if (withdrawn.includes(kid)) expect(await isActive(node, token)).toBe(false)
        }
        for (const kid of await published(node)) expect(withdrawn).not.toContain(kid)
      }
      for (const node of nodes) node.advance(MAX_AGE)
      for (const node of nodes) await published(node)
      for (const token of tokens) {
        const { kid = '' } = decodeProtectedHeader(token)
        if (withdrawn.includes(kid)) continue
        for (const node of nodes) await expect.poll(() => isActive(node, token)).toBe(true)
      }
    }
  })
}
