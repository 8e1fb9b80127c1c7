import type { MiddlewareHandler } from 'hono'
import type { AdminEnv } from './environment.ts'
import { problemResponse } from './refusal.ts'

/**
 * Refuses bodies of more bytes. One whose length nobody has announced, such as none at all where `POST` could have one, is
 * read here. (Hono's own limit builds the request anew from the one of its Node server, which is none that the platform
 * takes.)
 */
export function bodyLimit(maxBytes: number): MiddlewareHandler<AdminEnv> {
  const tooLarge = { code: 'content_too_large', detail: `A body has at most ${maxBytes} bytes.` } as const
  return async (context, next) => {
    const { raw, url, method } = context.req
    if (raw.body === null) return await next()
    const announced = raw.headers.get('content-length')
    if (announced !== null && !raw.headers.has('transfer-encoding')) {
      return Number(announced) > maxBytes ? problemResponse(context, tooLarge) : await next()
    }
    const chunks: Uint8Array[] = []
    let size = 0
    // To leave the loop ends the stream.
    for await (const chunk of raw.body) {
      size += chunk.length
      if (size > maxBytes) return problemResponse(context, tooLarge)
      chunks.push(chunk)
    }
    context.req.raw = new Request(url, { method, headers: raw.headers, body: Buffer.concat(chunks) })
    return await next()
  }
}
