/** The server under load, in a process of its own: tells its port, its CPU time and its memory over IPC. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMetrics, createMintkeeper } from '../src/index.ts'
import { benchConfig } from './config.ts'

const [kind, directory] = process.argv.slice(2)

const server = createServer(kind === 'bare' ? bare() : await mintkeeper())
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', () => {
  process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() })
})
process.on('disconnect', () => process.exit())

async function mintkeeper(): Promise<RequestListener> {
  // As `mintkeeper serve` has them.
  const metrics = createMetrics({ process: true })
  const { node } = await createMintkeeper(benchConfig(`sqlite:${directory}/bench.db`), { metrics })
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
