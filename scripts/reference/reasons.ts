import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What each reason in the log means, for the people who look after an integration. In the order of the codes. */
export const REASONS: Readonly<Record<string, string>> = {
  missing_parameter: 'A parameter the endpoint needs is absent or empty.',
  repeated_parameter: 'A parameter was sent twice.',
  parameter_not_a_string: 'A JSON value that is no text, or a form name with brackets.',
  too_many_parameters: 'More than 100 parameters.',
  unsupported_media_type: 'The surface does not read bodies of this `Content-Type` or charset.',
  two_client_authentications:
    'The client authenticated in two ways: by the `Authorization` header, in the body, by an assertion.',
  no_authorization: 'A spree introspection without client credentials and without a bearer token.',
  request_aborted: 'The client went away before its body had arrived, or its password had its turn.',
  no_client: 'The request names no client, and needs one.',
  unknown_client: 'The tenant has no client of this id.',
  client_secret_missing: 'A confidential client came without its secret.',
  wrong_client_secret: 'None of the secrets of the client that are still valid.',
  client_blocked:
    'Too many secrets were wrong, of the client or from its source: even the right one is refused for a while, if it is slow to compare.',
  damaged_client_secret: 'The secret was made by Mintkeeper, and has lost or changed a character on its way.',
  unknown_assertion_type: 'A `client_assertion_type` other than that of RFC 7523 §2.2.',
  assertion_too_long: 'A client assertion of more than 4096 characters.',
  malformed_assertion:
    'No JWT, or one with a repeated member, an extension (`crit`), another `typ`, or an algorithm that is none of ours, such as `none` and `HS256`.',
  assertion_issuer: '`iss` and `sub` of a client assertion must both be the `client_id`.',
  assertion_of_another_client: 'The `client_id` beside the assertion is another than its `sub`.',
  client_without_keys: 'The client of the assertion has no public keys here.',
  assertion_key:
    'No key of the client has the `kid` and is for the `alg` of the header; without a `kid`, it has not exactly one.',
  assertion_signature: 'The client has not signed the assertion with this key, or it was changed since.',
  assertion_audience:
    '`aud` must be the issuer, the token endpoint or the endpoint that was called, and nobody else beside.',
  assertion_without_times: '`exp` is missing, or it, `nbf` or `iat` is no number.',
  assertion_expired: 'The assertion has expired: look at the clock of the client.',
  assertion_lives_too_long: '`exp` is more than 5 minutes ahead.',
  assertion_from_the_future: '`nbf` or `iat` is ahead of our clock by more than 10 seconds.',
  assertion_without_id: '`jti` is missing, empty, no text, or longer than 255 characters.',
  assertion_replayed: 'The client has used this `jti` before: each assertion works once.',
  client_disabled: 'The client is disabled.',
  dpop_proof_missing:
    'The client gets no token without a DPoP proof (`dpopBoundAccessTokens`), and sent none.',
  dpop_proof_repeated: 'More than one `DPoP` header.',
  dpop_proof_too_long: 'A DPoP proof of more than 4096 characters.',
  dpop_proof_malformed: 'No JWT, or one with a repeated member or an extension (`crit`).',
  dpop_proof_type: '`typ` of a DPoP proof must be `dpop+jwt`.',
  dpop_proof_algorithm: '`alg` of a DPoP proof is none of ours, such as `none` and `HS256`.',
  dpop_proof_key:
    '`jwk` in the header of a DPoP proof must be a public key for its `alg`, and the only one: no private member, no `jku`, `x5u` or `x5c`, RSA of 2048 to 8192 bits.',
  dpop_proof_signature: 'The key has not signed the DPoP proof, or it was changed since.',
  dpop_proof_method: '`htm` of a DPoP proof must be `POST`.',
  dpop_proof_url: '`htu` of a DPoP proof must be the URL of the token endpoint.',
  dpop_proof_without_time: '`iat` is missing, or it, `exp` or `nbf` is no number.',
  dpop_proof_expired:
    '`iat` is more than a minute ago: look at the clock of the client. Or `exp` has passed.',
  dpop_proof_from_the_future: '`iat` or `nbf` is more than a minute ahead.',
  dpop_proof_without_id: '`jti` is missing, empty, no text, or longer than 255 characters.',
  dpop_proof_replayed:
    'The key has used this `jti` before: each proof works once, and a repeated request needs another.',
  unsupported_authorization_header: 'An `Authorization` header that is not Basic, or does not parse.',
  unknown_user: 'The tenant has no user of this name.',
  wrong_password: 'The password is not the one of the user.',
  login_blocked:
    'Too many passwords were wrong, of the user or from its source: even the right one is refused for a while.',
  user_has_no_password: 'The user exists, and can not log in until a password is set.',
  user_disabled: 'The user is disabled.',
  user_deleted: 'The user of the refresh token is gone.',
  user_lacks_role: "The user has none of the surface's `requiredRoles`.",
  client_deleted: 'The client of the refresh token is gone.',
  revoked_for_user: 'Issued before all tokens of the user were revoked, such as by a new password.',
  revoked_for_client: 'Issued before all tokens of the client were revoked.',
  unknown_refresh_token:
    'No refresh token of this tenant; also one that was cut off or has expired long ago.',
  access_token_as_refresh_token: 'An access token where a refresh token belongs.',
  refresh_token_of_another_surface: 'It was issued by another surface of the tenant.',
  refresh_token_of_another_client: 'It was issued to another client, or the request names none.',
  refresh_token_of_another_key:
    'It is bound to a key (DPoP, of a public client), and the request has no proof by it.',
  replay_with_another_key:
    'It was spent a moment ago with a DPoP proof by another key, or with none where there is one now: its successor is bound otherwise. Nothing is revoked.',
  refresh_token_revoked: 'It was revoked, or a replay revoked its family.',
  refresh_token_expired: 'It has expired.',
  refresh_token_reused: 'A replay outside of the window: the whole family was revoked by this request.',
  refresh_token_scope_lost: 'The user has lost the scope without which the surface gives no refresh token.',
  successor_of_another_rotation_key: 'A replay of a token that was rotated under another master key.',
  public_client: 'A public client asked for client credentials (RFC 6749 §4.4).',
  grant_not_allowed_for_client: "The grant type is not among the client's `grants`.",
  unknown_grant_type: 'Mintkeeper knows no such grant type.',
  grant_type_off: 'The grant type is off on this surface.',
  grant_type_of_another_path: 'newstore: each path has one grant type.',
  malformed_scope: 'Characters that RFC 6749 §3.3 does not allow.',
  too_many_scopes: 'More than 100 scopes.',
  scope_not_allowed: 'A scope that surface, client or user has not.',
  scope_exceeds_grant: 'A refresh asked for more than the login was granted.',
  no_token: 'Token info without a bearer token.',
  unknown_token: 'Token info with a token the surface does not know.',
  token_expired: 'Token info with an access token that has expired.',
  token_revoked: 'Token info with an access token that was revoked.',
  bearer_not_accepted:
    'A spree introspection by a bearer token that is not good, or is the very token in question.',
  password_in_query: 'A credential in the query string; its name stands before `_in_query`.',
  body_not_utf8: 'The body is no UTF-8.',
  broken_percent_encoding: 'A `%` that two hexadecimal digits of UTF-8 do not follow.',
  nul_character: 'A NUL in a parameter.',
  broken_json: 'The body says it is JSON, and is not.',
  json_not_an_object: 'JSON, but no object.',
  lone_surrogate: 'Half of a UTF-16 pair in a JSON text.',
  nested_too_deep: 'JSON values nested beyond all reason.',
  multipart_without_boundary: 'A multipart `Content-Type` without its boundary.',
  multipart_without_end: 'A multipart body without its closing delimiter.',
  multipart_part_without_headers: 'A part without headers.',
  multipart_part_without_name: 'A part without a name.',
  broken_xml: 'The body says it is XML, and is not.',
  xml_document_type: 'XML with a document type, which could declare entities.',
  xml_processing_instruction: 'XML with a processing instruction.',
  xml_encoding: 'XML that declares another encoding than UTF-8.',
  xml_nested_elements: 'XML elements below those of the parameters.',
  xml_text_between_elements: 'Text beside the elements of the parameters.',
  surface_sunset: 'The `sunset` of the surface has come: it issues no more tokens.',
  brown_out:
    'A brown-out of the surface, or of the user: see `mintkeeper brownout list`. `Retry-After` says when it ends.',
  unknown_path: 'No surface has this path.',
  unknown_host: 'No tenant has this host.',
  unknown_realm: 'The path names no tenant.',
  surface_off: 'The tenant has this surface not switched on.',
  method: 'The path knows other methods; see `Allow`.',
  body_too_large: 'The body is larger than the surface reads.',
  store_unavailable: 'The database could not be read or written; nothing was kept.',
  tenant_request_limit: 'The tenant has sent more than its `requestsPerSecond`.',
  client_request_limit: "The client has sent more than the tenant's `clientRequestsPerSecond`.",
  refresh_contention: 'The refresh token changed again and again while the request was decided.',
  hash_queue_full: 'More passwords wait to be checked than the server takes on.',
  hash_queue_share: 'More passwords from the same source wait to be checked than its share.',
  body_already_read: 'The program around Mintkeeper consumed the body; see docs/guide/embedding.md.',
  token_too_large:
    'A JWT of more than 8 KiB, which no header takes. The granted scope is so large: ask for less; or (as a bug) roles and claims.',
  unexpected: 'A bug; the log line has the error.',
}

const SOURCE = join(import.meta.dirname, '..', '..', 'src')
/** Where refusals of the token plane are made. */
const FOLDERS = ['protocol', 'crypto', 'grants', 'endpoints', 'surfaces', 'http']
const WORD = /'([a-z][a-z0-9]*(?:_[a-z0-9]+)*)'/g

/** Throws if a reason of the source has no meaning in the list, or one in the list is not in the source. */
export function requireEveryReason(): void {
  const text = FOLDERS.flatMap((folder) =>
    readdirSync(join(SOURCE, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(SOURCE, folder, name), 'utf8')),
  ).join('\n')
  const used = reasonsIn(text)
  const missing = [...used].filter((reason) => !Object.hasOwn(REASONS, reason))
  const gone = Object.keys(REASONS).filter((reason) => !used.has(reason))
  if (missing.length > 0) throw new Error(`scripts/reference/reasons.ts lacks ${missing.join(', ')}`)
  if (gone.length > 0) throw new Error(`no source has ${gone.join(', ')} of scripts/reference/reasons.ts`)
}

function reasonsIn(text: string): Set<string> {
  const found = new Set<string>(['password_in_query'])
  // The second argument, which may be an expression; the functions that make a refusal of a reason alone; eligibility.
  for (const [, , argument = ''] of text.matchAll(/new OAuthError\(\s*'(\w+)',\s*([^,{]*?)\s*[,)]/g)) {
    for (const [, word = ''] of argument.replaceAll(/=== '\w+'/g, '').matchAll(WORD)) found.add(word)
  }
  for (const [, word = ''] of text.matchAll(/\b(?:refused|malformed)\([^'()]*'(\w+)'/g)) found.add(word)
  for (const [, word = ''] of text.matchAll(/return '((?:user|client|revoked)_\w+)'/g)) found.add(word)
  for (const [, words = ''] of text.matchAll(/const reason = ([^\n]+)/g)) {
    for (const [, word = ''] of words.matchAll(WORD)) found.add(word)
  }
  return found
}
