import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Systems give ports from 32768 on to whoever asks for any, and to every connection that is made: a server that is
 * stopped and started again would find its own taken.
 */
const [FIRST, LAST] = [20_000, 32_000]

/** Ports that are free, and stay so unless somebody names them; no two are the same. */
export async function findPorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  await new Promise((resolve) => server.close(resolve))
  return isListening
}
