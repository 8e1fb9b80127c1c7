/** What the old servers of these tests have in common: a real socket, and what was asked of them. */
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Listening, listen } from '../clients/server.ts'

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

/** Listens on a free port, and answers what `answer` says. */
export async function startOldServer(answer: (asked: Asked) => Said | Promise<Said>): Promise<OldServer> {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const one = { method, path: url, headers, body: await text(request) }
    asked.push(one)
    const said = await answer(one)
    response.writeHead(said.status, { ...said.headers }).end(said.body)
  })
  return { ...(await listen(server)), asked }
}
