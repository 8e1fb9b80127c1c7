import type { AuthorizationMistake, Finding, TextMistake } from '../store/findings.ts'
import { listText, timeText } from './advice.ts'
import type { AdviceOf } from './finding-advice.ts'

const FORM_ENCODING = 'RFC 6749 §2.3.1'

/** How a text differs from the right one. */
const MISTAKES: Readonly<Record<TextMistake, string>> = {
  not_form_encoded: 'was sent as it is, without being form-encoded',
  form_encoded: 'is form-encoded once too often',
  white_space: 'has white space around it, such as a line end',
  quoted: 'has quotes around it',
  other_case: 'has capital letters where there are none',
  placeholder: 'is a variable that nobody has filled in',
}

const REMEDIES: Readonly<Record<TextMistake, string>> = {
  not_form_encoded:
    'Form-encode it: `%` becomes `%25`, `+` becomes `%2B`. In Basic, id and secret each, before they are joined by `:` and encoded in Base64.',
  form_encoded: 'Leave out one encoding: this surface decodes no more than the other one.',
  white_space: 'Cut it off: a file ends with a line end that is none of it (`tr -d "\\n"`).',
  quoted: 'Leave the quotes out: env files and YAML in containers keep them.',
  other_case: 'Send it as it is written here.',
  placeholder: 'Set the variable, in the environment or the tool that sends the request.',
}

const AUTHORIZATION: Readonly<Record<AuthorizationMistake, readonly [says: string, next: string]>> = {
  no_credentials: ['has a scheme and nothing after it', 'Send `Basic` and the credentials.'],
  scheme_twice: ['has its scheme twice', 'Leave one out: the library adds it by itself.'],
  not_base64: ['has credentials that are no Base64', 'Encode `id:secret` in standard Base64, on one line.'],
  not_utf8: [
    'has an id or a secret in another encoding than UTF-8',
    'Encode `id:secret` in UTF-8 before it is encoded in Base64.',
  ],
  plain: ['has id and secret as they are', 'Encode `id:secret` in Base64.'],
  no_colon: ['has no `:` between id and secret', 'Encode `id:secret`, both with the colon, in Base64.'],
  broken_percent: [
    'has a `%` in id or secret that two hexadecimal digits do not follow: it was not form-encoded',
    REMEDIES.not_form_encoded,
  ],
  other_scheme: [
    'has a scheme that is none of a client',
    'Send `Basic`, or no `Authorization` and `client_id` and `client_secret` in the body.',
  ],
  not_bearer: [
    'has no `Bearer`, or no token after it',
    'Send `Authorization: Bearer`, a space, and the access token.',
  ],
}

const AUTHORIZATION_SOURCES: Readonly<Partial<Record<AuthorizationMistake, string>>> = {
  broken_percent: FORM_ENCODING,
  scheme_twice: 'RFC 9110 §11.4',
  not_bearer: 'RFC 6750 §2.1',
}

const BLOCKED_BY = {
  user: 'mintkeeper user unlock',
  client: 'mintkeeper client unlock',
  source: 'mintkeeper source unlock',
} as const

/** What findings about clients and users, and how they prove who they are, mean. */
export const CREDENTIAL_ADVICE = {
  authorization: ({ mistake }) => ({
    says: `The header \`Authorization\` ${AUTHORIZATION[mistake][0]}.`,
    next: AUTHORIZATION[mistake][1],
    source: AUTHORIZATION_SOURCES[mistake] ?? 'RFC 7617 §2',
  }),
  client_like: ({ client, mistake }) => ({
    says: `There is a client \`${client}\`; the id that was sent ${MISTAKES[mistake]}.`,
    next: REMEDIES[mistake],
    ...(mistake === 'not_form_encoded' && { source: FORM_ENCODING }),
  }),
  client_id_mistake: ({ mistake }) =>
    mistake === 'secret'
      ? {
          says: 'A client secret was sent as the `client_id`.',
          next: 'Send the id there. The secret may be in the logs of others by now: replace it.',
        }
      : { says: `The \`client_id\` ${MISTAKES.placeholder}.`, next: REMEDIES.placeholder },
  client_elsewhere: () => ({
    says: 'Another tenant of this server has a client of this id.',
    next: 'Send it to a host, or the realm, of that tenant.',
  }),
  client_is_user: () => ({
    says: 'A user has this name; a client has not.',
    next: 'Make a client for the integration (`mintkeeper integration migrate`), and send its id.',
  }),
  swapped: ({ client }) => ({
    says: `The id of the client \`${client}\` was sent as the secret.`,
    next: 'Swap id and secret.',
  }),
  secret_expired: ({ secret, at }) => ({
    says: `It was right until ${timeText(at)}, when the secret \`${secret}\` expired.`,
    next: 'Give the integration the newer secret, or make one: `mintkeeper client add-secret`.',
  }),
  secret_mistake: ({ mistake, isCertain }) => ({
    says: isCertain
      ? `The secret ${MISTAKES[mistake]}${mistake === 'placeholder' ? '' : '; otherwise it would have been right'}.`
      : `It may be that the secret ${MISTAKES[mistake]}: it looks like that, and could not be compared.`,
    next: REMEDIES[mistake],
    ...(mistake === 'not_form_encoded' && { source: FORM_ENCODING }),
  }),
  secret_cut: ({ length, expected }) => ({
    says: `Secrets made here have ${expected} characters; this one has ${length}, or one of them is wrong.`,
    next: 'Copy it again, all of it. If it is lost, make another: `mintkeeper client add-secret`.',
  }),
  secrets_of_client: ({ count, newestAt }) => ({
    says:
      newestAt === null
        ? 'The client has no secret.'
        : `The client has ${count === 1 ? 'one secret' : `${count} secrets`}, the newest made at ${timeText(newestAt)}.`,
    ...(newestAt === null && {
      next: 'Give it one (`mintkeeper client add-secret`), or have it authenticate by its key.',
    }),
  }),
  blocked_until: ({ at, who }) => ({
    says: `The ${who} is blocked until ${timeText(at)} at least, if nothing more fails.`,
    next: `Find out what sends wrong ones first; then \`${BLOCKED_BY[who]}\`.`,
  }),
  assertion_times: (times) => ({
    says: skewText(times),
    next: 'Set the clock of the client by NTP, and make each one just before it is sent.',
    source: times.what === 'proof' ? 'RFC 9449 §4.3' : 'RFC 7523 §3',
  }),
  expected_values: ({ claim, values }) => ({
    says: `\`${claim}\` must be one of ${listText(values)}, to the letter.`,
    next: 'Take the URL from the metadata of the issuer, not from an address behind a proxy.',
    source: claim === 'htu' ? 'RFC 9449 §4.3' : 'RFC 7523 §3',
  }),
  keys_of_client: ({ kids, count }) => ({
    says: `The client has ${count === 1 ? 'one key' : `${count} keys`} here${kids.length === 0 ? ', without a `kid`' : `: ${listText(kids)}`}.`,
    next: 'Register the public key it signs with: `mintkeeper client set-keys`.',
  }),
  user_like: ({ user, mistake }) => ({
    says: `There is the user \`${user}\`; the name that was sent ${MISTAKES[mistake]}.`,
    next: REMEDIES[mistake],
  }),
  user_name_mistake: ({ mistake }) => ({
    says: mistake === 'empty' ? 'The user name is empty.' : `The user name ${MISTAKES.placeholder}.`,
    next: mistake === 'empty' ? 'Send `username`.' : REMEDIES.placeholder,
  }),
  user_is_client: () => ({
    says: 'A client has this id; a user has not.',
    next: 'Send `grant_type=client_credentials` with the id and the secret of the client.',
  }),
  user_elsewhere: () => ({
    says: 'Another tenant of this server has a user of this name.',
    next: 'Send it to a host, or the realm, of that tenant.',
  }),
  password_mistake: ({ mistake }) => ({
    says:
      mistake === 'empty' ? 'The password is empty.' : `It may be that the password ${MISTAKES[mistake]}.`,
    next: mistake === 'empty' ? 'Send `password`.' : REMEDIES[mistake],
  }),
  roles_required: ({ roles }) => ({
    says: `Logins here are for users with one of the roles ${listText(roles)}.`,
    next: 'Give the user the role, or change `requiredRoles` of the surface.',
  }),
} as const satisfies Partial<AdviceOf>

function skewText({ what, now, iat, exp, nbf }: Extract<Finding, { finding: 'assertion_times' }>): string {
  const times = [
    ['`iat`', iat],
    ['`nbf`', nbf],
    ['`exp`', exp],
  ] as const
  const told = times.flatMap(([name, time]) =>
    time === null ? [] : [`${name} is ${differenceText(time - now)}`],
  )
  return `The ${what} came at ${timeText(now)}, by the clock of the server: ${told.join(', ')}.`
}

function differenceText(seconds: number): string {
  if (seconds === 0) return 'now'
  return seconds < 0 ? `${-seconds} s ago` : `${seconds} s ahead`
}
