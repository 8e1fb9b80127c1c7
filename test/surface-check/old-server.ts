/** What the old servers of these tests have in common: a real socket, and what was asked of them. */
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Listening, listen } from '../listen.ts'

export interface Asked {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Said {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface OldServer extends Listening {
  /** Everything it was asked, newest last. */
  readonly asked: readonly Asked[]
}

/** What is answered; null: the connection is cut. */
type Answerer = (asked: Asked) => Said | null | Promise<Said | null>

/** Listens on a free port, and answers what `answer` says. */
export async function startOldServer(answer: Answerer): Promise<OldServer> {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const one = { method, path: url, headers, body: await text(request) }
    asked.push(one)
    const said = await answer(one)
    if (said === null) request.socket.destroy()
    else response.writeHead(said.status, { ...said.headers }).end(said.body)
  })
  return { ...(await listen(server)), asked }
}

/** Answers what another server does, with that changed. */
export async function startRelay(
  origin: string,
  change: (said: Said, asked: Asked) => Said | null,
): Promise<OldServer> {
  return await startOldServer(async (asked) => {
    const { connection, ...sent } = asked.headers
    const response = await fetch(origin + asked.path, {
      method: asked.method,
      headers: sent as Record<string, string>,
      ...(asked.method === 'POST' && { body: asked.body }),
    })
    const { 'content-length': _, ...headers } = Object.fromEntries(response.headers)
    return change({ status: response.status, headers, body: await response.text() }, asked)
  })
}
