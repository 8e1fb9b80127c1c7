/**
 * Several nodes of a server on one database behind one port (`node bench/nodes.ts COUNT KIND PLACE SETTINGS`), as `server.ts` is
 * one: connections are dealt out to them in turn.
 */
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Usage, usage } from './usage.ts'

const [count, ...args] = process.argv.slice(2)

cluster.setupPrimary({ exec: fileURLToPath(new URL('server.ts', import.meta.url)), args })
const nodes: Worker[] = []
// The first one makes the database; each gets the same free port.
for (let index = 0; index < Number(count); index++) {
  const node = cluster.fork()
  const [{ port }] = await once(node, 'message')
  nodes.push(node)
  if (nodes.length === Number(count)) process.send?.({ port })
}
process.on('message', async (wish) => {
  if (wish === 'usage') process.send?.(sum([usage(), ...(await Promise.all(nodes.map(usageOf)))]))
})
process.on('disconnect', () => {
  for (const node of nodes) node.process.kill()
  process.exit()
})

async function usageOf(node: Worker): Promise<Usage> {
  node.send('usage')
  const [answer] = await once(node, 'message')
  return answer
}

function sum(usages: readonly Usage[]): Usage {
  const total = { cpu: { user: 0, system: 0 }, rss: 0 }
  for (const { cpu, rss } of usages) {
    total.cpu.user += cpu.user
    total.cpu.system += cpu.system
    total.rss += rss
  }
  return total
}
