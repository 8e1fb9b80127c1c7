import { createServer } from 'node:net'
import type { ServerConfig } from '../../config/schema.ts'
import { type Check, ok, warn } from './check.ts'

/** Whether the ports could be opened now. */
export async function checkPorts({ host, port, adminPort }: ServerConfig): Promise<readonly Check[]> {
  return [await checkPort('token plane', host, port), await checkPort('control plane', host, adminPort)]
}

async function checkPort(name: string, host: string, port: number): Promise<Check> {
  if (port === 0) return ok(name, name === 'token plane' ? 'on a free port' : 'off')
  const code = await codeOfListening(host, port)
  if (code === null) return ok(name, `port ${port} on ${host} is free`)
  if (code === 'EADDRINUSE') {
    return warn(
      name,
      `port ${port} on ${host} is taken: by a server that runs already, or by another program`,
    )
  }
  return warn(name, `port ${port} on ${host} can not be opened (${code})`)
}

function codeOfListening(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}
