import type { Finding } from '../store/findings.ts'
import { timeText } from './advice.ts'
import type { AdviceOf } from './finding-advice.ts'

type TokenKind = Extract<Finding, { finding: 'token_kind' }>['kind']
type Issuer = Extract<Finding, { finding: 'token_issuer' }>['issuer']

const KINDS: Readonly<Record<TokenKind, readonly [says: string, next: string]>> = {
  JWT: [
    'What was sent is a JWT, as access tokens and ID tokens are; refresh tokens are none here.',
    'Send `refresh_token` of the last answer, not `access_token`.',
  ],
  bearer_JWT: [
    'What was sent is a JWT; access tokens of this surface are none.',
    'Send `access_token` of the last answer of this surface.',
  ],
  client_secret: ['What was sent is a client secret.', 'Send the token; and replace the secret.'],
  bearer_prefix: ['The token begins with `Bearer`.', 'Send the token alone.'],
  placeholder: ['The token is a variable that nobody has filled in.', 'Set the variable.'],
  white_space: [
    'The token is right, but for white space around it.',
    'Cut it off: a file ends with a line end that is none of it.',
  ],
  quoted: ['The token is right, but for quotes around it.', 'Leave the quotes out.'],
  form_encoded: ['The token is form-encoded once too often.', 'Leave out one encoding.'],
  not_form_encoded: ['The token was not form-encoded.', 'Form-encode it.'],
  other_case: ['The token is in another case.', 'Send it as it was answered.'],
}

const ISSUERS: Readonly<Record<Issuer, readonly [says: string, next: string | null]>> = {
  this_surface: ['Its issuer is the one of this surface.', null],
  another_surface: [
    'It says that it was issued by another surface of this tenant.',
    'Use it where it was issued.',
  ],
  another_tenant: [
    'It says that it was issued by another tenant of this server.',
    'Send it to a host, or the realm, of that tenant.',
  ],
  elsewhere: [
    'It says that it was issued by another server, such as that of another environment.',
    'Look which server the client gets its tokens from, and which it sends them to.',
  ],
}

/** What findings about tokens mean. */
export const TOKEN_ADVICE = {
  token_kind: ({ kind }) => ({ says: KINDS[kind][0], next: KINDS[kind][1] }),
  token_issuer: ({ issuer }) => {
    const [says, next] = ISSUERS[issuer]
    return { says, ...(next !== null && { next }) }
  },
  token_expired: ({ at }) => ({
    says: `It expired at ${timeText(at)}.`,
    next: 'Get a new one: by the refresh token, or by logging in again.',
  }),
  token_revoked: ({ at }) => ({
    says: `It was revoked at ${timeText(at)}.`,
    next: 'Log in again. `mintkeeper audit` says who revoked it.',
  }),
  tokens_ended: ({ of, at }) => ({
    says: `All tokens of the ${of} from before ${timeText(at)} were ended.`,
    next: 'Log in again. A new password, disabling and `token revoke` end them; `mintkeeper audit` says which it was.',
  }),
  token_cut: ({ length, expected }) => ({
    says: `Tokens of this surface have ${expected} characters; this one has ${length}.`,
    next: 'Look where it was cut off: a column of the database, a header, a log.',
  }),
  token_altered: ({ issuedAt }) => ({
    says: `It names tokens that were issued at ${timeText(issuedAt)}, but is none of them: it was changed on its way, or another server has drawn the same name.`,
    next: 'Store and send tokens as they are answered, to the letter.',
  }),
  token_elsewhere: () => ({
    says: 'It was issued by another tenant of this server.',
    next: 'Send it to a host, or the realm, of that tenant.',
  }),
  token_of: ({ kind, surface, client, issuedAt }) => ({
    says: `It is ${kind === 'access' ? 'an access' : 'a refresh'} token that was issued at ${timeText(issuedAt)} by the surface ${surface}, ${client === null ? 'to no client' : `to the client \`${client}\``}.`,
  }),
  token_replaced: (replaced) => ({
    says: `It was replaced at ${timeText(replaced.at)}${replaced.from == null ? '' : ` by a request from ${replaced.from}`}${replaced.successor === null ? '' : `; its successor is \`${replaced.successor}\``}. ${replayText(replaced)}`,
    next: 'Have the client keep the refresh token of each answer before it uses it, and refresh in one place only: two processes that share one race.',
    source: 'RFC 9700 §4.14.2',
  }),
} as const satisfies Partial<AdviceOf>

/** How long a replay was answered. */
function replayText({
  window,
  successorSpentAt: spentAt,
  successorSeenAt: seenAt,
}: Extract<Finding, { finding: 'token_replaced' }>): string {
  if (spentAt !== undefined)
    return `The successor was replaced as well, at ${timeText(spentAt)}: from then on no replay is answered.`
  const untilUse =
    seenAt === undefined
      ? ''
      : `, and after that until the successor is used, which was at ${timeText(seenAt)}`
  return `A replay is answered for ${window} s${untilUse}.`
}
