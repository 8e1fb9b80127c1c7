/** A request before it is written down: what it says, how, and what was done to it. */

import type { Operation } from './documents.ts'
import { ENCODERS, type Encoding } from './encoding.ts'
import type { Pair } from './parameters-arbitrary.ts'
import type { HeldToken } from './stock.ts'

/** How far a request is from what the documents ask for; nothing but `broken` says that it must be refused. */
export type Form = 'documented' | 'odd' | 'broken'

export interface Draft {
  readonly operation: Operation
  readonly method: string
  /** As it stands in the request line. */
  readonly target: string
  readonly host: string
  readonly pairs: readonly Pair[]
  readonly encoding: Encoding
  /** Null: there is no such header. */
  readonly contentType: string | null
  readonly basic: { readonly id: string; readonly secret: string } | null
  readonly bearer: string | null
  /** What stands in `Authorization` instead of the two; says nothing, whatever it is. */
  readonly authorization: string | null
  /** Every other header. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** What becomes of the body once it is written. */
  readonly spoil: (body: Buffer) => Buffer
  /** In so many pieces, without saying its length. Null: in one. */
  readonly chunks: number | null
  readonly form: Form
  /** The token that the request is about: whether it lives afterwards is looked at. */
  readonly about: HeldToken | null
  /** In words: for whoever reads of a failure. */
  readonly changes: readonly string[]
}

/** The names of changes are the reader's; `form` only ever gets worse. */
export function changed(draft: Draft, name: string, form: Form, change: Partial<Draft>): Draft {
  return {
    ...draft,
    ...change,
    form: ORDER[form] > ORDER[draft.form] ? form : draft.form,
    changes: [...draft.changes, name],
  }
}

const ORDER: Readonly<Record<Form, number>> = { documented: 0, odd: 1, broken: 2 }

export function withPairs(draft: Draft, name: string, form: Form, pairs: readonly Pair[]): Draft {
  return changed(draft, name, form, { pairs })
}

/** The bytes of an HTTP/1.1 request. */
export function written(draft: Draft): Buffer {
  const body = bodyOf(draft)
  const lines = [
    `${draft.method} ${draft.target} HTTP/1.1`,
    `Host: ${draft.host}`,
    ...(draft.contentType === null ? [] : [`Content-Type: ${draft.contentType}`]),
    ...authorizationOf(draft).map((value) => `Authorization: ${value}`),
    ...draft.headers.map(([name, value]) => `${name}: ${value}`),
    ...(draft.chunks === null
      ? body.length > 0 || draft.method === 'POST'
        ? [`Content-Length: ${body.length}`]
        : []
      : ['Transfer-Encoding: chunked']),
  ]
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return Buffer.concat([head, draft.chunks === null ? body : chunked(body, draft.chunks)])
}

function bodyOf({ operation, encoding, pairs, spoil }: Draft): Buffer {
  return operation.method === 'GET' ? Buffer.of() : spoil(Buffer.from(ENCODERS[encoding](pairs).text))
}

function authorizationOf({ authorization, basic, bearer }: Draft): readonly string[] {
  if (authorization !== null) return [authorization]
  if (basic !== null) return [basicHeader(basic.id, basic.secret)]
  return bearer === null ? [] : [`Bearer ${bearer}`]
}

export function basicHeader(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}

function chunked(body: Buffer, count: number): Buffer {
  const size = Math.max(1, Math.ceil(body.length / count))
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size)
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
}
