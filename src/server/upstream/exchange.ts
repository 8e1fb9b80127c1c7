import type { UpstreamRequest } from '../../surfaces/upstream.ts'

/** What was answered to one request. */
export interface ExchangeAnswer {
  readonly status: number
  /** Seconds, as far as it says so in seconds; null: it does not. */
  readonly retryAfter: number | null
  /** Null: it is too long, or no UTF-8. */
  readonly body: string | null
}

/** Longest answer that is read, in bytes; a token is 8 KiB at most. */
const MAX_ANSWER_BYTES = 64 * 1024

/**
 * Sends one request and reads the whole answer. Follows no redirect: what was configured is asked, and nobody else.
 * Rejects if the connection fails, or `signal` ends it.
 */
export async function exchange(
  base: string,
  { method, path, headers, body }: UpstreamRequest,
  signal: AbortSignal,
): Promise<ExchangeAnswer> {
  const response = await fetch(base + path, { method, headers, body, signal, redirect: 'manual' })
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return {
    status: response.status,
    retryAfter: Number.isFinite(seconds) ? seconds : null,
    body: await readText(response),
  }
}

async function readText({ body }: Response): Promise<string | null> {
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    // That ends the stream, and with it the connection.
    if (size > MAX_ANSWER_BYTES) return null
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    return null
  }
}
