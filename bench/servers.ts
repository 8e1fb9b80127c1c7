import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ProcessSettings } from './config.ts'
import { heldTo } from './cores.ts'
import type { ServerKind } from './server.ts'
import type { Usage } from './usage.ts'

export interface ServerOptions {
  readonly kind: ServerKind
  /** Of its database: a directory or a URL. */
  readonly place: string
  readonly settings: ProcessSettings
  readonly processes: number
  /** The cores it is held to. */
  readonly cores: string | undefined
}

/** A server that runs. */
export interface Server {
  readonly port: number
  usage(): Promise<Usage>
  stop(): Promise<void>
}

/** Starts a server of one process, or of several behind one port. Throws if it ends before it answers. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { kind, place, settings, processes, cores } = options
  const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))
  const script = processes === 1 ? [file('server.ts')] : [file('nodes.ts'), `${processes}`]
  const [command = '', ...args] = heldTo(cores, [
    process.execPath,
    ...script,
    kind,
    place,
    JSON.stringify(settings),
  ])
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const { port } = await nextMessage<{ port: number }>(child)
  return {
    port,
    usage() {
      child.send('usage')
      return nextMessage(child)
    },
    async stop() {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}

/** The next thing that a child says. Throws if it ends instead. */
function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`a server has ended (${code})`))
    child.once('exit', ended)
    child.once('message', (value) => {
      child.off('exit', ended)
      resolve(value as T)
    })
  })
}
