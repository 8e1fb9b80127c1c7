import type { ErrorCode } from '../protocol/errors.ts'

/** What a code means for the people who look after an integration, whatever the reason. */
export interface CodeAdvice {
  /** Without a full stop. */
  readonly title: string
  readonly next: string
  /** Null: where it is said is in the document of the surface alone. */
  readonly source: string | null
}

/** The compiler asks for new codes. */
export const CODE_ADVICE: Readonly<Record<ErrorCode, CodeAdvice>> = {
  invalid_request: {
    title: 'The request was not understood',
    next: 'Compare the request with the document of the surface, or with an example that works: `curl` in the guides.',
    source: 'RFC 6749 §5.2',
  },
  invalid_client: {
    title: 'The client was not authenticated',
    next: 'Look the client up with `mintkeeper client show`, and compare id and secret with what the integration has.',
    source: 'RFC 6749 §2.3',
  },
  invalid_grant: {
    title: 'The password or the refresh token was not accepted',
    next: 'Log in again. If that is refused as well, look the user up with `mintkeeper user show`.',
    source: 'RFC 6749 §5.2',
  },
  unauthorized_client: {
    title: 'The client may not do this',
    next: 'Look at `grants` of the client: `mintkeeper client show`.',
    source: 'RFC 6749 §5.2',
  },
  unsupported_grant_type: {
    title: 'The grant type is not one that is on here',
    next: 'Send a `grant_type` of the surface: they are in its metadata.',
    source: 'RFC 6749 §5.2',
  },
  invalid_scope: {
    title: 'The scope was not granted',
    next: 'Ask for scopes that the client has: `mintkeeper client show`.',
    source: 'RFC 6749 §3.3',
  },
  invalid_dpop_proof: {
    title: 'The DPoP proof was not accepted',
    next: 'Have the library make a new proof for each request: see docs/guide/dpop.md.',
    source: 'RFC 9449 §4.3',
  },
  invalid_token: {
    title: 'The bearer token was not accepted',
    next: 'Send an access token of this surface: `mintkeeper token inspect -` says what a token is.',
    source: 'RFC 6750 §3.1',
  },
  expired_token: { title: 'The token has expired', next: 'Get a new one.', source: 'RFC 6750 §3.1' },
  revoked_token: { title: 'The token was revoked', next: 'Log in again.', source: 'RFC 6750 §3.1' },
  credential_in_query: {
    title: 'A credential was in the query string',
    next: 'Send it in the body or in `Authorization`. It may be in the logs of proxies by now: replace it.',
    source: 'RFC 6749 §2.3.1',
  },
  malformed_body: {
    title: 'The body could not be read',
    next: 'Have a library write the body, and do not put it together as text.',
    source: 'RFC 6749 Appendix B',
  },
  gone: {
    title: 'The surface issues no tokens',
    next: 'Move the integration to the standard or realm surface: `mintkeeper integration migrate`.',
    source: 'RFC 8594',
  },
  not_found: {
    title: 'There is nothing at this address',
    next: 'Compare host and path with docs/reference/routes.md and with the hosts of the tenant.',
    source: 'RFC 9110 §15.5.5',
  },
  method_not_allowed: {
    title: 'The path knows other methods',
    next: 'Send it as the path knows it.',
    source: 'RFC 9110 §15.5.6',
  },
  content_too_large: {
    title: 'The body was too large',
    next: 'Look at what is sent: a token request has a few hundred bytes.',
    source: 'RFC 9110 §15.5.14',
  },
  too_many_requests: {
    title: 'There were too many requests',
    next: 'Have the client keep its token for `expires_in` seconds, and wait as long as `Retry-After` says.',
    source: 'RFC 6585 §4',
  },
  temporarily_unavailable: {
    title: 'The server could not answer for the moment',
    next: 'Send the same request again after `Retry-After`: nothing of it was kept. See docs/guide/operations.md.',
    source: 'RFC 9110 §15.6.4',
  },
  server_error: {
    title: 'Something went wrong inside',
    next: 'Look the request id up in the log: the line has the error.',
    source: null,
  },
}

/** What to do about a reason, where that is more than what its code says and nothing was found out. */
export const REASON_NEXT: Readonly<Record<string, string>> = {
  no_client: 'Send `client_id` and `client_secret`, or `Authorization: Basic`.',
  two_client_authentications: 'Send the credentials of the client in one place only.',
  client_disabled: '`mintkeeper client enable`, if it is to work again.',
  client_deleted: 'Make a client again, and log in with it.',
  client_secret_missing:
    'Send its secret, as `client_secret` or in `Authorization: Basic`. A client that can keep none is made a public one, which may do less: no client credentials, no introspection.',
  client_without_keys: 'Register the public key of the client: `mintkeeper client set-keys`.',
  assertion_replayed: 'Make an assertion with a new `jti` for each request, repeated ones included.',
  dpop_proof_replayed: 'Make a proof with a new `jti` for each request, repeated ones included.',
  dpop_proof_missing: 'Send a proof; or `mintkeeper client require-dpop --off`, where the client can not.',
  unknown_user: 'Look for the user: `mintkeeper user list`. The name was not kept, for it may be a password.',
  wrong_password:
    'Set the password anew (`mintkeeper user set-password`), or better give the integration a client.',
  user_has_no_password: '`mintkeeper user set-password`.',
  user_disabled: '`mintkeeper user enable`, if it is to work again.',
  user_deleted: 'Log in as a user that there is.',
  user_lacks_role: 'Give the user one of the roles of `requiredRoles`.',
  access_token_as_refresh_token: 'Send `refresh_token` of the last answer, not `access_token`.',
  refresh_token_of_another_surface:
    'Refresh at the surface that has issued it, or log in again at this one: they share no tokens.',
  refresh_token_of_another_client:
    'Refresh as the client that it was issued to, authenticated as it was then.',
  refresh_token_of_another_key: 'Send a proof by the key that the login was bound to, or log in again.',
  refresh_token_reused: 'Log in again: to be sure, all tokens of the login were revoked.',
  refresh_token_scope_lost: 'Give the user the scope back, or log in again.',
  unknown_grant_type: 'Send one of the grant types that are on.',
  grant_type_off:
    'Use one of the grant types that are on. `password` is off on standard and realm unless `passwordGrant` is set there: better make a client.',
  grant_type_of_another_path:
    'Send `grant_type=password` to `/v0/token` and `grant_type=refresh_token` to `/v0/refresh_token`; clients get their tokens at the realm or standard surface.',
  public_client: 'Make a confidential client, with a secret or a key.',
  repeated_parameter: 'Send it once.',
  parameter_not_a_string:
    'Send each parameter as a text of its own: in JSON in quotes and not inside another object, in a form without brackets.',
  request_aborted: 'Look at the time-out of the client, and of the proxies before the server.',
  upstream_refused: 'Look for the user on the old server, and here: `mintkeeper user list`.',
  upstream_refused_client: 'Make the client known to the old server as well, or import the user.',
  upstream_other_user: 'Find out who has the name: `mintkeeper user show` here, and on the old server.',
  upstream_failed: 'Look at the old server; the line of the log has the error.',
  upstream_timeout: 'Look at the old server; `timeoutSeconds` of `upstream` is how long it may take.',
  upstream_open: 'Look at the old server, and in the log at what came before: it has failed again and again.',
  upstream_busy:
    'Look at how long the old server takes; `concurrency` of `upstream` is how many may wait for it.',
  upstream_user_unknown:
    'Look at the `access_token` that the old server gives, and import its keys anew; of a shop ask `/spree_oauth/token/info`.',
  hash_queue_full: 'See *Many logins at once* in docs/guide/operations.md.',
  hash_queue_share: 'See *Many logins at once* in docs/guide/operations.md.',
  surface_off: 'Switch the surface on under `surfaces` of the tenant, or use another one.',
  unknown_realm: 'The path names the tenant by its id: `mintkeeper tenant list`.',
  token_too_large: 'Ask for less scope.',
  token_of_another_client: 'Revoke it as the client that it was issued to.',
}
