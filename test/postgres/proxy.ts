import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A way to a PostgreSQL server that can be made a bad one. */
export interface ServerProxy {
  /** The URL of a database, by this way. */
  by(url: string): string
  /** How much later what the server says arrives, in milliseconds. */
  delayMs: number
  /** How many more commits are lost: done by the server, and the connection cut before it is told. */
  commitsToLose: number
  /** Connections that were taken. */
  readonly taken: number
  /** Lets what goes over the connections there are vanish, without an end: as when a firewall forgets them. */
  mute(): void
  close(): Promise<void>
}

export async function startProxy(server: { readonly port: number }): Promise<ServerProxy> {
  const sockets = new Set<Socket>()
  const proxy = {
    delayMs: 0,
    commitsToLose: 0,
    taken: 0,
    by: (url: string) => url.replace(`:${server.port}/`, `:${(listener.address() as AddressInfo).port}/`),
    mute() {
      for (const socket of sockets) socket.pause().removeAllListeners('data')
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => listener.close(resolve))
    },
  }

  const listener = createServer((client) => {
    proxy.taken += 1
    const upstream = connect(server.port, '127.0.0.1')
    const tags = readTags()
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk) => upstream.write(chunk))
    // One after the other, so that nothing overtakes.
    let last = Promise.resolve()
    upstream.on('data', (chunk: Buffer) => {
      const commits = tags(chunk).filter((tag) => tag === 'COMMIT').length
      if (commits > 0 && proxy.commitsToLose > 0) {
        proxy.commitsToLose -= commits
        client.destroy()
        return
      }
      if (proxy.delayMs === 0) return void last.then(() => client.write(chunk))
      const due = sleep(proxy.delayMs)
      last = last.then(() => due).then(() => void client.write(chunk))
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  return proxy
}

/** Finds the tags of the commands that a server says it has done: messages `C`, see PostgreSQL manual, 54.7. */
function readTags(): (chunk: Buffer) => readonly string[] {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const tags: string[] = []
    while (rest.length >= 5) {
      const end = 1 + rest.readInt32BE(1)
      if (rest.length < end) break
      if (rest[0] === 'C'.charCodeAt(0)) tags.push(rest.toString('utf8', 5, end - 1))
      rest = rest.subarray(end)
    }
    return tags
  }
}
