/**
 * A load balancer in a page, for who has neither HAProxy nor nginx: it takes turns between the nodes that are ready, and
 * sends a request to another node only if that cannot make it happen twice. For the example, not for production.
 *
 *     node balancer.ts '{"port":8080,"nodes":[{"port":8101,"adminPort":8201}]}'
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

export interface BalancerConfig {
  readonly port: number
  readonly nodes: readonly { readonly port: number; readonly adminPort: number }[]
}

interface Upstream {
  readonly port: number
  readonly adminPort: number
  isReady: boolean
}

const HOST = '127.0.0.1'
const CHECK_INTERVAL_MS = 100
const CHECK_TIMEOUT_MS = 1000
const ANSWER_TIMEOUT_MS = 10_000

const config: BalancerConfig = JSON.parse(process.argv[2] ?? '{}')
const upstreams: Upstream[] = config.nodes.map((node) => ({ ...node, isReady: false }))
const agent = new Agent({ keepAlive: true, timeout: 30_000 })
const turn = { at: 0 }

/** Asks a node for ever whether it is ready. */
async function watch(upstream: Upstream): Promise<never> {
  for (;;) {
    const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
    upstream.isReady = await fetch(`http://${HOST}:${upstream.adminPort}/readyz`, { signal }).then(
      async (answer) => {
        await answer.arrayBuffer()
        return answer.ok
      },
      () => false,
    )
    await sleep(CHECK_INTERVAL_MS)
  }
}

/** The nodes to try, those that are ready first, each time with another one at the head. */
function nodesInTurn(): readonly Upstream[] {
  turn.at = (turn.at + 1) % upstreams.length
  const rotated = [...upstreams.slice(turn.at), ...upstreams.slice(0, turn.at)]
  return rotated.toSorted((one, other) => Number(other.isReady) - Number(one.isReady))
}

async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const body = await buffer(incoming)
  for (const upstream of nodesInTurn()) {
    try {
      return await relay(await ask(upstream, incoming, body), outgoing)
    } catch (thrown) {
      if (outgoing.headersSent) return void outgoing.destroy()
      const error = thrown as NodeJS.ErrnoException
      const neverArrived = error.syscall === 'connect'
      if (neverArrived) upstream.isReady = false
      // A request that was sent may have been carried out. Only the client knows whether it wants it once more.
      else if (incoming.method !== 'GET') break
    }
  }
  outgoing.writeHead(502, { 'Content-Type': 'text/plain' }).end('No node has answered.\n')
}

/** Resolves with the head of the answer. */
function ask(upstream: Upstream, incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  const { connection: _, 'transfer-encoding': __, ...headers } = incoming.headers
  const source = incoming.socket.remoteAddress ?? ''
  const forwardedFor = [headers['x-forwarded-for'], source].flat().filter(Boolean).join(', ')
  return new Promise((resolve, reject) => {
    const outgoing = request({
      agent,
      host: HOST,
      port: upstream.port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...headers, 'content-length': body.length, 'x-forwarded-for': forwardedFor },
    })
    outgoing.setTimeout(ANSWER_TIMEOUT_MS, () => outgoing.destroy(new Error('the node is too slow')))
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

async function relay(answer: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  // As a whole: an answer that breaks off half-way must not look like one.
  const body = await buffer(answer)
  const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...headers } = answer.headers
  outgoing.writeHead(answer.statusCode ?? 502, { ...headers, 'content-length': body.length }).end(body)
}

for (const upstream of upstreams) void watch(upstream)
createServer((incoming, outgoing) => {
  forward(incoming, outgoing).catch(() => outgoing.destroy())
}).listen(config.port, HOST)
