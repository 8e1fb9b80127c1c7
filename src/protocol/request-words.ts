/**
 * The words that token requests are made of, here and elsewhere. Of a refused request nothing else is kept: what is none
 * of these may be a secret in the wrong place.
 */

/** Names of parameters. */
export const PARAMETER_NAMES = words(`
  access_token actor_token actor_token_type assertion audience auth_req_id client_assertion client_assertion_type
  client_id client_secret code code_challenge code_challenge_method code_verifier connection device_code email
  grant_type id_token login nonce organization otp password realm redirect_uri refresh_token requested_token_type
  resource response_type scope scopes secret state subject_token subject_token_type tenant token token_type_hint
  user user_id username`)

/** What other systems call what a login needs. */
export const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ...['email', 'login', 'user'].map((name) => [name, 'username'] as const),
  ...['pass', 'passwd', 'pwd'].map((name) => [name, 'password'] as const),
])

/** Those whose value is a token. */
export const TOKEN_PARAMETERS = words(
  'access_token actor_token assertion id_token refresh_token subject_token token',
)

/** Grant types (RFC 6749, 7523, 8628, 8693, OpenID CIBA, Auth0), whether we have them or not. */
export const KNOWN_GRANT_TYPES = words(`
  authorization_code client_credentials implicit password refresh_token
  http://auth0.com/oauth/grant-type/password-realm
  urn:ietf:params:oauth:grant-type:device_code urn:ietf:params:oauth:grant-type:jwt-bearer
  urn:ietf:params:oauth:grant-type:saml2-bearer urn:ietf:params:oauth:grant-type:token-exchange
  urn:openid:params:grant-type:ciba`)

/** Scopes that libraries ask for by themselves (OpenID Connect Core §5.4). */
export const KNOWN_SCOPES = words('address email offline offline_access openid phone profile roles')

/** Media types in which bodies are sent. */
export const KNOWN_MEDIA_TYPES = words(`
  application/graphql application/json application/ld+json application/octet-stream application/vnd.api+json
  application/x-www-form-urlencoded application/xml multipart/form-data multipart/mixed text/html text/json
  text/plain text/xml`)

/** Schemes of `Authorization`, in lower case, as they are written. */
export const KNOWN_SCHEMES: ReadonlyMap<string, string> = new Map(
  ['Basic', 'Bearer', 'Digest', 'DPoP', 'HMAC', 'Negotiate', 'OAuth', 'Token', 'ApiKey'].map((scheme) => [
    scheme.toLowerCase(),
    scheme,
  ]),
)

/** Headers that may matter to a token request besides those of which more is told. */
export const TELLING_HEADERS: readonly string[] = [
  ...words('content-encoding cookie dpop expect forwarded origin transfer-encoding'),
  ...words('x-api-key x-forwarded-for x-forwarded-host x-forwarded-proto x-http-method-override'),
]

export const METHODS = words('CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE')

/** Segments of paths that other servers have. */
export const PATH_WORDS = words(`
  api auth authorize connect introspect oauth oauth2 oidc openid realms revoke rest token tokens userinfo v1 v2`)

/** What stands for anything else. */
export const UNSHOWN = '…'

/** The word that somebody meant who has sent the same letters in another way (`grantType`, `Client-Id`); null: none. */
export function meantWord(sent: string, known: Iterable<string>): string | null {
  if (sent.length > 100) return null
  const letters = lettersOf(sent)
  if (letters === '') return null
  for (const word of known) if (lettersOf(word) === letters) return word === sent ? null : word
  return null
}

function lettersOf(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ''))
}
