import type { Server, Socket } from 'node:net'

export interface DeafnessLimits {
  /** How long a client may take nothing of what it was answered, in milliseconds. */
  readonly answerTimeout: number
  /** How often it is looked for such clients, in milliseconds. */
  readonly connectionsCheckingInterval: number
}

/** What was last seen to have left for a client that has not taken everything. */
interface Progress {
  readonly bytes: number
  readonly sinceMs: number
}

/**
 * Cuts off clients that ask and do not read: Node's own limits end with the request, and whoever never takes an answer
 * would keep a connection and the answer's memory for good. What counts are bytes that the system could not take
 * either, so that ordinary answers are never waited for. Node tells only of whole pieces that have left: an answer
 * that is larger than the buffers of the system has to be taken within the time, in whatever pieces.
 */
export function cutOffDeafClients(server: Server, limits: DeafnessLimits): void {
  const sockets = new Map<Socket, Progress | null>()

  server.on('connection', (socket) => {
    sockets.set(socket, null)
    socket.once('close', () => sockets.delete(socket))
  })

  function look(): void {
    const nowMs = performance.now()
    for (const [socket, before] of sockets) {
      const bytes = socket.bytesWritten - socket.writableLength
      if (socket.writableLength === 0) sockets.set(socket, null)
      else if (before === null || before.bytes !== bytes) sockets.set(socket, { bytes, sinceMs: nowMs })
      else if (nowMs - before.sinceMs >= limits.answerTimeout) socket.destroy()
    }
  }

  const timer = setInterval(look, limits.connectionsCheckingInterval)
  timer.unref()
  server.once('close', () => clearInterval(timer))
}
