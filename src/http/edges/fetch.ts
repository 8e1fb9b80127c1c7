import type { App } from '../app.ts'
import { bodyAlreadyRead, bodyTooLarge, decodeBody, MAX_BODY_BYTES, requestAborted } from './body.ts'
import type { Turn } from './turn.ts'

/** Answers a Fetch `Request`, on any runtime that has them. */
export type FetchHandler = (request: Request) => Promise<Response>

/** The host is the URL's; forwarding headers count for nothing here: there is no peer to trust. */
export function createFetchHandler(app: App, turn: Turn): FetchHandler {
  return async (request) => {
    const cameAt = performance.now()
    // A host may go from one request to the next in one callback of the event loop, and block it in between.
    await turn.begin()
    const { status, headers, body } = await app.handle(
      {
        method: request.method,
        url: request.url,
        headers: request.headers,
        isGone: () => request.signal.aborted,
        text: () => readText(request),
      },
      { host: new URL(request.url).host, source: null },
      cameAt,
    )
    return new Response(body === '' ? null : body, { status, headers })
  }
}

async function readText(request: Request): Promise<string> {
  if (request.bodyUsed || request.body?.locked) throw bodyAlreadyRead()
  if (request.body === null) return ''
  return decodeBody(await readChunks(request.body))
}

async function readChunks(body: ReadableStream<Uint8Array>): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      size += chunk.length
      // Leaves the loop, which cancels the stream.
      if (size > MAX_BODY_BYTES) break
      chunks.push(chunk)
    }
  } catch (cause) {
    throw requestAborted(cause)
  }
  if (size > MAX_BODY_BYTES) throw bodyTooLarge()
  return chunks
}
