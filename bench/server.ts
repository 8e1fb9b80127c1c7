/** The server under load, in a process of its own: tells its port, its CPU time and its memory over IPC. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { purgeExpired } from '../src/admin/operations/purge.ts'
import { createMetrics, createMintkeeper } from '../src/index.ts'
import { benchConfig } from './config.ts'

const [kind, directory] = process.argv.slice(2)

interface Purge {
  stop(): void
  /** How many rows it deleted, once it has ended. */
  readonly rows: Promise<number>
}

/** Deletes expired rows as a server does it, until it is stopped. */
let startPurge: () => Purge | null = () => null
let purge: Purge | null = null

// Longer than any client here rests, as the listener of `serve` has it.
const server = createServer({ keepAliveTimeout: 65_000 }, kind === 'bare' ? bare() : await mintkeeper())
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', async (wish) => {
  if (wish === 'usage') process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() })
  if (wish === 'purge') purge = startPurge()
  if (wish === 'rest' && purge !== null) {
    purge.stop()
    process.send?.({ purged: await purge.rows })
  }
})
process.on('disconnect', () => process.exit())

async function mintkeeper(): Promise<RequestListener> {
  // As `mintkeeper serve` has them.
  const metrics = createMetrics({ process: true })
  const { node, operations } = await createMintkeeper(benchConfig(`sqlite:${directory}/bench.db`), {
    metrics,
  })
  startPurge = () => {
    const state = { stopped: false }
    const rows = purgeExpired(operations, { isStopped: () => state.stopped })
    const stop = () => {
      state.stopped = true
    }
    return { rows, stop }
  }
  return (request, response) => void node(request, response)
}

/** The least any token endpoint has to do: read a form, answer JSON. */
function bare(): RequestListener {
  return (request, response) => {
    let body = ''
    request.setEncoding('latin1')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const form = new URLSearchParams(body)
      const answer = JSON.stringify({
        access_token: form.get('client_id'),
        token_type: 'Bearer',
        expires_in: 3600,
      })
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
        'Content-Length': Buffer.byteLength(answer),
      })
      response.end(answer)
    })
  }
}
