import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'

export interface Listening {
  readonly port: number
  /** Without a slash at its end. */
  readonly origin: string
  /** Takes no more connections; those of HTTP/1.1 are cut. Resolves when there is none left. */
  close(): Promise<void>
}

/** Has a server listen on a free port of the loopback interface. */
export async function listen(server: Server & { closeAllConnections?(): void }): Promise<Listening> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections?.()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}
