import type { IncomingMessage, ServerResponse } from 'node:http'
import { OAuthError } from '../../protocol/errors.ts'
import { authorityOf, pathOf } from '../../protocol/http.ts'
import { bodyTypeOf } from '../../protocol/media-type.ts'
import type { App } from '../app.ts'
import { bodyAlreadyRead, bodyTooLarge, decodeBody, MAX_BODY_BYTES, requestAborted } from './body.ts'
import type { OriginOf } from './forwarded.ts'
import type { Turn } from './turn.ts'

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

export function createNodeHandler(app: App, originOf: OriginOf, turn: Turn): NodeHandler {
  return async (incoming: HostRequest, outgoing, next) => {
    const url = urlOf(incoming, app)
    if (next !== undefined && !app.knows(pathOf(url))) return next()
    const repeated = repeatedFields(incoming)
    // RFC 9112 §3.2: no request at all.
    if (repeated.includes('host')) {
      outgoing.writeHead(400, { 'Content-Length': 0, Connection: 'close' }).end()
      return
    }
    const cameAt = performance.now()
    const header = (name: string) =>
      name === 'host' ? hostOf(incoming, url) : headerOf(incoming, name, repeated)
    // Whoever goes away before the end of the turn takes the address along.
    const origin = originOf(incoming.socket?.remoteAddress, header)
    await turn.begin()
    const { status, headers, body } = await app.handle(
      {
        method: incoming.method ?? 'GET',
        url,
        headers: { get: (name) => header(name) ?? null },
        isGone: () => outgoing.destroyed || incoming.aborted,
        text: () => readText(incoming),
      },
      origin,
      cameAt,
    )
    // What is left of a body nobody wants is not read to its end, and nothing may come after it; HTTP/2 has no such header.
    const isRead = incoming.complete && incoming.readableLength === 0
    const unread = !isRead && incoming.body === undefined && incoming.httpVersionMajor === 1
    const end = turn.end()
    if (end !== null) await end
    if (outgoing.headersSent || outgoing.destroyed) return
    outgoing.writeHead(status, {
      ...headers,
      'Content-Length': Buffer.byteLength(body),
      ...(unread && { Connection: 'close' }),
    })
    outgoing.end(body)
  }
}

/** Paths count from the root of the host; what is no path there may be one below the host's mount path. */
function urlOf({ originalUrl, url = '/' }: HostRequest, app: App): string {
  if (originalUrl === undefined || originalUrl === url) return url
  return app.knows(pathOf(originalUrl)) || !app.knows(pathOf(url)) ? originalUrl : url
}

const NONE: readonly string[] = []

/**
 * Fields that stand once (RFC 9110 §5.3), decide something, and are there twice: Node would take the first of them, and a
 * proxy before it may have gone by the other.
 */
function repeatedFields({ rawHeaders, httpVersionMajor }: IncomingMessage): readonly string[] {
  let hosts = 0
  let types = 0
  let authorizations = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    // Few names are as long as one of these.
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
    else if (name.length === 12 && name.toLowerCase() === 'content-type') types++
    else if (name.length === 13 && name.toLowerCase() === 'authorization') authorizations++
  }
  if (hosts < 2 && types < 2 && authorizations < 2) return NONE
  return [
    // HTTP/2 names the host elsewhere.
    ...(hosts > 1 && httpVersionMajor === 1 ? ['host'] : []),
    ...(types > 1 ? ['content-type'] : []),
    ...(authorizations > 1 ? ['authorization'] : []),
  ]
}

/**
 * HTTP/2 names the host in a pseudo-header, the absolute form of a target in itself: a Host beside it counts for nothing
 * (RFC 9113 §8.3.1, RFC 9112 §3.2.2).
 */
function hostOf({ headers }: IncomingMessage, url: string): string | undefined {
  const value = authorityOf(url) ?? headers[':authority'] ?? headers.host
  return Array.isArray(value) ? value.join(', ') : value
}

/** Of several values all, with commas between, as Fetch has them; but those that say the same are one. */
function headerOf(
  { headers, rawHeaders }: IncomingMessage,
  name: string,
  repeated: readonly string[],
): string | undefined {
  if (repeated.includes(name)) return [...new Set(valuesOf(rawHeaders, name))].join(', ')
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** As they were sent: names and values take turns. */
function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)
}

async function readText(request: HostRequest): Promise<string> {
  if (isParsed(request)) return bodyTextOf(request.body, request)
  // In HTTP/2 what has been cut off ends as if it were whole, and only this tells.
  if (request.aborted) throw requestAborted(request.errored)
  if (request.readableEnded) {
    if (hasBody(request)) throw bodyAlreadyRead()
    return ''
  }
  // Nothing more would ever come of either, not even an event.
  if (request.readableDidRead) throw bodyAlreadyRead()
  if (request.destroyed) throw requestAborted(request.errored)
  // Mostly it comes with the head.
  return request.complete ? readAtOnce(request) : await readStream(request)
}

/** No more than the parser lets wait: longer bodies are never there at once. */
function readAtOnce(request: IncomingMessage): string {
  const chunks: Uint8Array[] = []
  for (let chunk = request.read(); chunk !== null; chunk = request.read()) chunks.push(chunk)
  return decodeBody(chunks)
}

function readStream(request: IncomingMessage): Promise<string> {
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
      if (request.aborted) return reject(requestAborted(request.errored))
      try {
        resolve(decodeBody(chunks))
      } catch (thrown) {
        reject(thrown)
      }
    })
    request.on('error', (cause) => reject(requestAborted(cause)))
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
  if (body instanceof Uint8Array) return decodeBody([body])
  if (typeof body === 'string') return requireDecoded(body)
  if (typeof body !== 'object' || body === null) return ''
  switch (bodyTypeOf(request.headers['content-type'] ?? null)) {
    case 'json':
      return hasBody(request) ? requireDecoded(JSON.stringify(body)) : ''
    // There is no way back to the text.
    case 'multipart':
    case 'xml':
      throw bodyAlreadyRead()
    default:
      return formTextOf(body)
  }
}

/** Parsers make an array of a name that is repeated, and one of one element of `name[]=`. */
function formTextOf(body: object): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(body)) {
    const values: readonly unknown[] = Array.isArray(value) && value.length > 1 ? value : [value]
    for (const one of values) {
      if (typeof one === 'string') form.append(name, requireDecoded(one))
      else form.append(`${name}[]`, '')
    }
  }
  return form.toString()
}

/** Hosts put U+FFFD where bytes are not UTF-8; nobody has it in a password, and it could make two of them equal. */
function requireDecoded(text: string): string {
  if (text.includes('\uFFFD')) throw new OAuthError('malformed_body', 'body_not_utf8')
  return text
}
