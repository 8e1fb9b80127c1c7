import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Duplex } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { type Clock, epochSeconds } from '../../protocol/time.ts'
import { UPSTREAM_HEADER } from '../../protocol/upstream.ts'
import { type Answer, type Ask, type CheckRequest, NoAnswer } from '../../surface-check/case.ts'
import { packageVersion } from '../version.ts'

export interface AskOptions {
  /** What the path of a request is put behind. */
  readonly base: URL
  /** The `Host` to send in place of the one in `base`; null: that one. */
  readonly host: string | null
  /** Whether it must answer by itself: an upstream of it may be the very server that it is compared with. */
  readonly alone?: true
  /** A whole answer must have come by then. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** More than an error page could need. Bytes. */
const MAX_BODY = 1024 * 1024

/**
 * Asks a server, over a connection of its own for each request; redirects are answers like others. Throws
 * `NoAnswer`, saying what to look at.
 */
export function createAsk({ base, host, alone, timeoutMs, clock }: AskOptions): Ask {
  const root = base.origin + base.pathname.replace(/(?<!\/)\/+$/, '')
  return async (request) => {
    const answer = await send(request).catch((thrown: unknown) => {
      throw new NoAnswer(`${base.href} can not be asked: ${reasonOf(thrown)}`, { cause: thrown })
    })
    // RFC 6585 §4: it says nothing about the request.
    if (answer.status === 429) throw new NoAnswer(`${base.href} wants fewer requests (429)`)
    return answer
  }

  function send({ method, path, headers, body }: CheckRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs)
      const start = base.protocol === 'https:' ? requestHttps : requestHttp
      const outgoing = start(
        new URL(root + path),
        {
          method,
          agent: false,
          signal,
          headers: {
            ...(host !== null && { Host: host }),
            ...(alone === true && { [UPSTREAM_HEADER]: '1' }),
            'User-Agent': `mintkeeper/${packageVersion()} (surface check)`,
            ...headers,
            ...(body !== null && { 'Content-Length': Buffer.byteLength(body) }),
          },
        },
        (response) => readAnswer(response).then(resolve, fail),
      )
      // Whatever is told of a request that was given up is not why it was.
      function fail(thrown: unknown): void {
        reject(signal.aborted ? signal.reason : thrown)
      }
      outgoing.on('error', fail)
      outgoing.end(body ?? '')
    })
  }

  async function readAnswer(response: IncomingMessage): Promise<Answer> {
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of decoded(response)) {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_BODY) throw new BodyTooLarge()
    }
    const headers = Object.entries(response.headersDistinct).map(([name, values = []]) => {
      return [name, values.join(', ')] as const
    })
    return {
      status: response.statusCode ?? 0,
      headers: new Map(headers),
      body: Buffer.concat(chunks).toString(),
      receivedAt: epochSeconds(clock),
    }
  }

  function reasonOf(thrown: unknown): string {
    if (!(thrown instanceof Error)) return 'no answer'
    if (thrown instanceof BodyTooLarge) return 'its answer has more than 1 MiB'
    if (thrown.name === 'TimeoutError') return `no whole answer within ${timeoutMs / 1000} seconds`
    const code = 'code' in thrown ? String(thrown.code) : thrown.name
    return SENTENCES[code] ?? FAMILIES.find(([family]) => family.test(code))?.[1](code) ?? code
  }
}

class BodyTooLarge extends Error {}

/** Some servers compress whoever asks: integrations that can not read it would be none, so they all can. */
function decoded(response: IncomingMessage): AsyncIterable<Uint8Array> {
  const decoder = DECODERS[response.headers['content-encoding']?.toLowerCase() ?? '']
  return decoder === undefined ? response : response.compose(decoder())
}

const DECODERS: Readonly<Record<string, () => Duplex>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. See that the server runs, and that host and port are right',
  ECONNRESET: 'the connection was cut. See that the scheme is right, http or https',
  EPROTO: 'it speaks no TLS. Should the URL begin with http://?',
  ENOTFOUND: 'the host is not known. See that its name is right',
  EAI_AGAIN: 'the host could not be looked up. See that name resolution works',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network of the host',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host. See that the host is the right one',
  HPE_INVALID_CONSTANT: 'it speaks no HTTP. Should the URL begin with https://?',
}

/** Of whatever else the code begins with, or has in it. */
const FAMILIES: readonly (readonly [RegExp, (code: string) => string])[] = [
  [
    /CERT|TLS|SELF_SIGNED|LEAF_SIGNATURE|SSL/,
    (code) =>
      `its certificate is not trusted (${code}). Name the certificate of its authority in NODE_EXTRA_CA_CERTS`,
  ],
  [/^HPE_/, (code) => `what it answers is no HTTP (${code})`],
  [/^(Z|ERR__ERROR)_|^ERR_BROTLI/, (code) => `its body can not be read (${code})`],
]
