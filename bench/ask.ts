import { request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Question {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** Sends one request over a connection of its own. */
export function ask(port: number, { method, path, headers, body }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body)
    request({
      port,
      host: '127.0.0.1',
      method,
      path,
      headers: { ...headers, 'Content-Length': length },
      agent: false,
    })
      .once('error', reject)
      .once('response', (response) => {
        text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject)
      })
      .end(body)
  })
}
