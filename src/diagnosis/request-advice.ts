import type { BodyShape, Finding } from '../store/findings.ts'
import { listText, timeText } from './advice.ts'
import type { AdviceOf } from './finding-advice.ts'

const HOW_TO_SEND: Readonly<Record<BodyShape, string>> = {
  form: '`Content-Type: application/x-www-form-urlencoded` (curl `--data-urlencode`, axios with URLSearchParams)',
  JSON: '`Content-Type: application/json`',
  XML: '`Content-Type: application/xml`',
  multipart: '`Content-Type: multipart/form-data` with its boundary, which the library has to set by itself',
}

/** What findings about path, host, body, grant and time mean. */
export const REQUEST_ADVICE = {
  path_like: ({ path }) => ({
    says: `The server has the path \`${path}\`, which is spelt otherwise: paths are compared byte for byte.`,
    next: `Send it to \`${path}\`.`,
  }),
  surfaces_on: ({ surfaces }) => ({
    says: `The tenant has these surfaces on: ${listText(surfaces)}.`,
    next: 'Use one of these, or switch the surface on under `surfaces` of the tenant.',
  }),
  methods: ({ allow }) => ({
    says: `The path knows ${listText(allow)}.`,
    next: `Send it as ${allow.join(' or ')}. A redirect, such as from http:// to https://, makes a GET of a POST: ask the last address directly.`,
    source: 'RFC 9110 §15.5.6',
  }),
  realm_like: ({ tenant }) => ({
    says: `The realm \`${tenant}\` has that name in lower case, or the host that it was sent to.`,
    next: `Send it to \`/auth/realms/${tenant}/…\`: the path names the tenant by its id, to the letter.`,
  }),
  host_unknown: ({ host }) => ({
    says: `It asked for the host \`${host}\`.`,
    next: 'Send it to a host of the tenant, or add the host to `hosts` of the tenant (or its domain to `server.baseDomains`).',
  }),
  forwarded_host_ignored: ({ isKnown }) => ({
    says: isKnown
      ? 'A proxy has named a host of a tenant in `X-Forwarded-Host`, and is not trusted.'
      : 'It has an `X-Forwarded-Host` that did not count, or names no host of a tenant either.',
    next: 'List the address of the proxy in `server.trustedProxies`, or have it pass on `Host` as it is.',
  }),
  body_empty: () => ({
    says: 'The body is empty.',
    next: 'Look whether the client sends its parameters in the body, and whether a proxy or a redirect has dropped it.',
    source: 'RFC 6749 §3.2',
  }),
  body_looks_like: ({ shape, announced, isRead }) => ({
    says: `The body looks like ${shape === 'form' ? 'a form' : shape}, but was sent ${announced === null ? 'without a `Content-Type`' : `as \`${announced}\``}, and was read as that.`,
    ...(isRead && {
      next: `Send ${shape === 'form' ? 'a form' : shape} with ${HOW_TO_SEND[shape]}; or, if that is read here, what the header says.`,
    }),
  }),
  body_types: ({ read }) => ({
    says: `This path reads bodies of ${listText(read)}, and no others.`,
    next: `Send the parameters as ${listText(read.slice(0, 1))}.`,
    source: 'RFC 6749 Appendix B',
  }),
  body_compressed: () => ({
    says: 'The body was sent compressed (`Content-Encoding`), which is not read.',
    next: 'Send it as it is.',
  }),
  body_charset: () => ({
    says: 'Its `Content-Type` names another charset than UTF-8.',
    next: 'Send the body in UTF-8, and leave `charset` out.',
  }),
  body_limit: ({ bytes }) => ({
    says: `This surface reads bodies of ${bytes} bytes.`,
    next: 'A token request is far smaller: look at what is sent.',
  }),
  parameter: ({ name }) => ({ says: `The parameter is \`${name}\`.` }),
  parameter_like: ({ sent, meant }) => ({
    says: `It has a parameter \`${sent}\`, which nobody reads.`,
    next: `Call it \`${meant}\`.`,
    source: 'RFC 6749 Appendix A',
  }),
  parameters_in_query: ({ names }) => ({
    says: `It has ${listText(names)} in its query string, where parameters are not read.`,
    next: 'Send the parameters in the body.',
    source: 'RFC 6749 §3.2',
  }),
  grant_like: ({ meant }) => ({
    says: `The grant type is spelt otherwise than \`${meant}\`.`,
    next: `Send \`grant_type=${meant}\`.`,
    source: 'RFC 6749 §4',
  }),
  grants_of_surface: ({ grants }) => ({
    says: `Grant types that are on here: ${listText(grants)}.`,
  }),
  grants_of_client: ({ client, grants }) => ({
    says: `The client \`${client}\` may use ${listText(grants)}.`,
    next: 'Give the client the grant type (`grants`), or use one that it has.',
  }),
  again_at: ({ at }) => ({
    says: `It may be sent again at ${timeText(at)}.`,
    next: 'Have the client wait as long as `Retry-After` says.',
    source: 'RFC 9110 §10.2.3',
  }),
  sunset_at: ({ at }) => ({
    says: `The sunset was at ${timeText(at)}.`,
    next: 'Move the integration to the standard or realm surface: `mintkeeper integration migrate`. A later `sunset` in the configuration gives it time.',
    source: 'RFC 8594',
  }),
  scope_refused: ({ place, scope, by }) => ({
    says: `${scope === null ? `Word ${place} of the scope` : `\`${scope}\``} ${SCOPE_REFUSED[by]}.`,
    next: SCOPE_NEXT[by],
    source: 'RFC 6749 §3.3',
  }),
  scope_separator: () => ({
    says: 'The scope has a comma or a semicolon in it.',
    next: 'Separate scopes by spaces.',
    source: 'RFC 6749 §3.3',
  }),
  scopes_allowed: ({ scopes }) => ({ says: `What may be asked for: ${listText(scopes)}.` }),
} as const satisfies Partial<AdviceOf>

type ScopeRefuser = Extract<Finding, { finding: 'scope_refused' }>['by']

const SCOPE_REFUSED: Readonly<Record<ScopeRefuser, string>> = {
  surface: 'is no scope of this surface',
  client: 'is not among the scopes of the client',
  user: 'is not among the scopes of the user',
  role: 'needs a role that the user has not',
  grant: 'was not granted by the login that the refresh token goes back to',
}

const SCOPE_NEXT: Readonly<Record<ScopeRefuser, string>> = {
  surface: 'Do not ask for it; or without `scope`, for all that there is.',
  client: 'Do not ask for it, or add it to `scopes` of the client.',
  user: 'Do not ask for it, or add it to `scopes` of the user.',
  role: 'Give the user the role, or do not ask for it.',
  grant: 'Log in again with it: a refresh never widens what was granted.',
}
