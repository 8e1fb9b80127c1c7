import { OAuthError } from '../../protocol/errors.ts'

/** The largest body any surface reads, in bytes; a surface may allow less. */
export const MAX_BODY_BYTES = 64 * 1024

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** Bytes as text. Refuses what is not UTF-8: a replacement character could make two passwords equal. */
export function decodeBody(chunks: readonly Uint8Array[]): string {
  const [first, ...others] = chunks
  if (first === undefined) return ''
  try {
    // A character may begin in one chunk and end in the next.
    return UTF_8.decode(others.length === 0 ? first : Buffer.concat(chunks))
  } catch (cause) {
    throw new OAuthError('malformed_body', 'body_not_utf8', { cause })
  }
}

export function bodyTooLarge(): OAuthError {
  return new OAuthError('content_too_large', 'body_too_large')
}

/** The client went away before its body was whole. */
export function requestAborted(cause: unknown): OAuthError {
  return new OAuthError('invalid_request', 'request_aborted', { cause })
}

/** The host framework consumed the body and left nothing behind: its integration is wrong, not the request. */
export function bodyAlreadyRead(): OAuthError {
  return new OAuthError('server_error', 'body_already_read', {
    cause: new Error(
      'The request body was read before Mintkeeper got the request. Mount Mintkeeper before body parsers, ' +
        'or leave the parsed body in request.body.',
    ),
  })
}
