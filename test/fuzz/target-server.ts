/** The world behind Node's HTTP server, reached in memory. */
import { createServer } from 'node:http'
import { type Duplex, duplexPair } from 'node:stream'
import { LIMITS } from '../../src/cli/serve/listener.ts'
import { createOriginOf } from '../../src/http/edges/forwarded.ts'
import { createNodeHandler, type NodeHandler } from '../../src/http/edges/node.ts'
import { createTurn } from '../../src/http/edges/turn.ts'
import { createStock, type Stock } from './stock.ts'
import { sourceOf } from './target.ts'
import { createWorld, type World } from './world.ts'

export interface TargetServer {
  readonly world: World
  readonly stock: Stock
  readonly handler: NodeHandler
  /** Handlers that failed, which none ever may. */
  readonly crashes: unknown[]
  /** By their path: documents that do not change. */
  readonly published: Map<string, string>
  connect(): Duplex
}

export async function createTargetServer(): Promise<TargetServer> {
  const world = await createWorld()
  const stock = await createStock(world)
  const crashes: unknown[] = []
  const originOf = createOriginOf([])
  let requests = 0
  const handler = createNodeHandler(
    world.harness.app,
    (_peer, header) => originOf(sourceOf(requests++), header),
    createTurn(),
  )
  const server = createServer(LIMITS, (incoming, outgoing) => {
    handler(incoming, outgoing).catch((cause: unknown) => {
      crashes.push(cause)
      outgoing.writeHead(500, { Connection: 'close' }).end()
    })
  })
  // As Node's own, which does not wait for the answer to get through: in memory it never does.
  server.on(
    'clientError',
    (_cause, socket) => void socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
  )
  return {
    world,
    stock,
    handler,
    crashes,
    published: new Map(),
    connect() {
      const [own, theirs] = duplexPair()
      server.emit('connection', theirs)
      return own
    },
  }
}
