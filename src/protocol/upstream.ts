import type { Secret } from './secret.ts'
import type { PresentedClient, TokenRequest } from './token.ts'

/** What the server that a surface is moved from can be asked. */
export const UPSTREAM_QUESTIONS = [
  'password',
  'refresh_token',
  'introspection',
  'revocation',
  'info',
] as const

/** A request that is of nobody here, as its surface has decoded it. The client has proved here who it is. */
export type UpstreamQuestion =
  | { readonly kind: 'password' | 'refresh_token'; readonly request: TokenRequest }
  | {
      readonly kind: 'introspection' | 'revocation'
      readonly client: PresentedClient
      readonly token: string
    }
  | { readonly kind: 'info'; readonly bearer: Secret }

export type UpstreamQuestionKind = (typeof UPSTREAM_QUESTIONS)[number]

/** What it does not accept: the password or token, the client, or the scope that both have asked for. */
export type UpstreamRefusal = 'credential' | 'client' | 'scope'

/** Stands in every request that one server asks another on behalf of somebody; lower case. */
export const UPSTREAM_HEADER = 'mintkeeper-upstream'

/** What goes into a header as it is, and is short enough for one. */
const OPAQUE = /^[\x21-\x7e]{1,512}$/

/** Whether it can be the opaque token of another server. */
export function isOpaqueToken(value: unknown): value is string {
  return typeof value === 'string' && OPAQUE.test(value)
}
