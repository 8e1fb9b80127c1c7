/** One request and its answer, whatever carries them. */
export interface Exchange {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export type Send = (exchange: Exchange) => Promise<Answer>

export function toRequest(origin: string, { method = 'POST', path, headers = {}, body }: Exchange): Request {
  return new Request(origin + path, { method, headers, body: body ?? null })
}

export async function toAnswer(response: Response): Promise<Answer> {
  return { status: response.status, headers: response.headers, body: await response.text() }
}

/** Sends over a socket. */
export function sendTo(origin: string): Send {
  return async (exchange) => await toAnswer(await fetch(toRequest(origin, exchange)))
}

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' } as const
export const JSON_BODY = { 'content-type': 'application/json' } as const

export function form(path: string, fields: Readonly<Record<string, string>>, headers: object = {}): Exchange {
  return { path, headers: { ...FORM, ...headers }, body: new URLSearchParams(fields).toString() }
}

export function json(path: string, value: unknown, headers: object = {}): Exchange {
  return { path, headers: { ...JSON_BODY, ...headers }, body: JSON.stringify(value) }
}

export function basic({ id, secret }: { readonly id: string; readonly secret: string }) {
  const encode = (text: string) => encodeURIComponent(text).replaceAll('%20', '+')
  return { authorization: `Basic ${btoa(`${encode(id)}:${encode(secret)}`)}` }
}
