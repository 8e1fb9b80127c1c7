import type { IncomingMessage, ServerResponse } from 'node:http'
import { OAuthError } from '../../protocol/errors.ts'
import { pathOf } from '../../protocol/http.ts'
import { bodyTypeOf } from '../../protocol/media-type.ts'
import type { App } from '../app.ts'
import { bodyAlreadyRead, bodyTooLarge, decodeBody, MAX_BODY_BYTES } from './body.ts'
import type { OriginOf } from './forwarded.ts'

/** What host frameworks leave on a request. */
interface HostRequest extends IncomingMessage {
  /** Express: the URL before a mount path was cut off. */
  readonly originalUrl?: string
  /** What a body parser made of the body. */
  readonly body?: unknown
}

/**
 * Answers a `node:http` request, also inside Express, Fastify and whatever else hands over the pair. With `next`,
 * paths that are not Mintkeeper's are left to the host.
 */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: () => void,
) => Promise<void>

export function createNodeHandler(app: App, originOf: OriginOf): NodeHandler {
  return async (incoming: HostRequest, outgoing, next) => {
    const url = incoming.originalUrl ?? incoming.url ?? '/'
    if (next !== undefined && !app.knows(pathOf(url))) return next()
    const header = (name: string) => single(incoming.headers[name])
    const { status, headers, body } = await app.handle(
      {
        method: incoming.method ?? 'GET',
        url,
        headers: { get: (name) => header(name) ?? null },
        text: () => readText(incoming),
      },
      originOf(incoming.socket?.remoteAddress, header),
    )
    if (outgoing.headersSent || outgoing.destroyed) return
    // What is left of a body nobody wants is not read to its end.
    const unread = !incoming.complete && incoming.body === undefined
    outgoing.writeHead(status, {
      ...headers,
      'Content-Length': Buffer.byteLength(body),
      ...(unread && { Connection: 'close' }),
    })
    outgoing.end(body)
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}

function readText(request: HostRequest): Promise<string> {
  if (isParsed(request)) return Promise.resolve(bodyTextOf(request.body, request))
  if (request.readableEnded) return hasBody(request) ? Promise.reject(bodyAlreadyRead()) : Promise.resolve('')
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    request.on('data', (chunk: Uint8Array) => {
      size += chunk.length
      if (size > MAX_BODY_BYTES) {
        request.pause()
        reject(bodyTooLarge())
      } else chunks.push(chunk)
    })
    request.on('end', () => {
      try {
        resolve(decodeBody(chunks))
      } catch (thrown) {
        reject(thrown)
      }
    })
    request.on('error', (cause) => reject(new OAuthError('invalid_request', 'request_aborted', { cause })))
  })
}

/** Some parsers leave an empty object on requests they did not read. */
function isParsed(request: HostRequest): boolean {
  const { body } = request
  if (body === undefined) return false
  const empty = typeof body === 'object' && body !== null && Object.keys(body).length === 0
  return !empty || request.readableEnded
}

function hasBody(request: IncomingMessage): boolean {
  return (
    Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'] !== undefined
  )
}

/** The text a parsed body must have come from, as far as it matters: the same parameters, in the same order. */
function bodyTextOf(body: unknown, request: IncomingMessage): string {
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return decodeBody([body])
  if (typeof body !== 'object' || body === null) return ''
  if (bodyTypeOf(single(request.headers['content-type']) ?? null) === 'json')
    return hasBody(request) ? JSON.stringify(body) : ''
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(body)) {
    // A parser that keeps repeated parameters keeps them as an array.
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === 'string') form.append(name, one)
      else form.append(`${name}[]`, '')
    }
  }
  return form.toString()
}
