import type { SurfaceName } from '../protocol/policy.ts'
import type { EpochSeconds, Seconds } from '../protocol/time.ts'

/** What a body is by its first characters. */
export type BodyShape = 'form' | 'JSON' | 'XML' | 'multipart'

/** How a text differs from the one that would have been right. */
export type TextMistake =
  /** It is what stands in Base64, and has to be form-encoded there. */
  | 'not_form_encoded'
  /** It would be right if it was decoded once more. */
  | 'form_encoded'
  /** White space, such as a line end, before or after it. */
  | 'white_space'
  | 'quoted'
  | 'other_case'
  /** `{{secret}}`, `$SECRET`, `<secret>`: a variable that nobody has filled in. */
  | 'placeholder'

/** Where a header `Authorization` fails. */
export type AuthorizationMistake =
  | 'no_credentials'
  | 'scheme_twice'
  | 'not_base64'
  | 'not_utf8'
  | 'plain'
  | 'no_colon'
  | 'broken_percent'
  | 'other_scheme'
  /** Of a header that should have a bearer token. */
  | 'not_bearer'

/**
 * Something that was found out about a refused request, after its answer: what is likely to be the reason of its reason.
 * Values are times, numbers, names of things there are, and words of ours; never what was sent.
 */
export type Finding =
  // The path and the host
  | { readonly finding: 'path_like'; readonly path: string }
  | { readonly finding: 'surfaces_on'; readonly surfaces: readonly SurfaceName[] }
  | { readonly finding: 'methods'; readonly allow: readonly string[] }
  | { readonly finding: 'realm_like'; readonly tenant: string }
  | { readonly finding: 'host_unknown'; readonly host: string }
  | { readonly finding: 'forwarded_host_ignored'; readonly isKnown: boolean }
  // The body
  | { readonly finding: 'body_empty' }
  | {
      readonly finding: 'body_looks_like'
      readonly shape: BodyShape
      /** The media type it was sent as; null: none. */
      readonly announced: string | null
      /** Whether the path reads such bodies. */
      readonly isRead: boolean
    }
  | { readonly finding: 'body_types'; readonly read: readonly string[] }
  | { readonly finding: 'body_compressed' }
  | { readonly finding: 'body_charset' }
  | { readonly finding: 'body_limit'; readonly bytes: number }
  | { readonly finding: 'parameter'; readonly name: string }
  | { readonly finding: 'parameter_like'; readonly sent: string; readonly meant: string }
  | { readonly finding: 'parameters_in_query'; readonly names: readonly string[] }
  // The grant
  | { readonly finding: 'grant_like'; readonly meant: string }
  | { readonly finding: 'grants_of_surface'; readonly grants: readonly string[] }
  | { readonly finding: 'grants_of_client'; readonly client: string; readonly grants: readonly string[] }
  // The client
  | { readonly finding: 'authorization'; readonly mistake: AuthorizationMistake }
  | { readonly finding: 'client_like'; readonly client: string; readonly mistake: TextMistake }
  | { readonly finding: 'client_id_mistake'; readonly mistake: 'placeholder' | 'secret' }
  | { readonly finding: 'client_elsewhere' }
  | { readonly finding: 'client_is_user' }
  | { readonly finding: 'swapped'; readonly client: string }
  | { readonly finding: 'secret_expired'; readonly secret: string; readonly at: EpochSeconds }
  | {
      readonly finding: 'secret_mistake'
      readonly mistake: TextMistake
      /** Whether it would have been right without; otherwise that is not known. */
      readonly isCertain: boolean
    }
  | { readonly finding: 'secret_cut'; readonly length: number; readonly expected: number }
  | { readonly finding: 'secrets_of_client'; readonly count: number; readonly newestAt: EpochSeconds | null }
  | {
      readonly finding: 'blocked_until'
      readonly at: EpochSeconds
      readonly who: 'user' | 'client' | 'source'
    }
  | {
      readonly finding: 'assertion_times'
      readonly what: 'assertion' | 'proof'
      readonly now: EpochSeconds
      readonly iat: number | null
      readonly exp: number | null
      readonly nbf: number | null
    }
  | { readonly finding: 'expected_values'; readonly claim: 'aud' | 'htu'; readonly values: readonly string[] }
  | { readonly finding: 'keys_of_client'; readonly kids: readonly string[]; readonly count: number }
  // The user
  | { readonly finding: 'user_like'; readonly user: string; readonly mistake: TextMistake }
  | { readonly finding: 'user_name_mistake'; readonly mistake: 'placeholder' | 'empty' }
  | { readonly finding: 'user_is_client' }
  | { readonly finding: 'user_elsewhere' }
  | { readonly finding: 'password_mistake'; readonly mistake: TextMistake | 'empty' }
  | { readonly finding: 'roles_required'; readonly roles: readonly string[] }
  // The token
  | {
      readonly finding: 'token_kind'
      readonly kind: 'JWT' | 'bearer_JWT' | 'client_secret' | 'bearer_prefix' | TextMistake
    }
  | {
      readonly finding: 'token_issuer'
      readonly issuer: 'this_surface' | 'another_surface' | 'another_tenant' | 'elsewhere'
    }
  | { readonly finding: 'token_expired'; readonly at: EpochSeconds }
  | { readonly finding: 'token_revoked'; readonly at: EpochSeconds }
  | { readonly finding: 'tokens_ended'; readonly of: 'user' | 'client'; readonly at: EpochSeconds }
  | { readonly finding: 'token_cut'; readonly length: number; readonly expected: number }
  | { readonly finding: 'token_altered'; readonly issuedAt: EpochSeconds }
  | { readonly finding: 'token_elsewhere' }
  | {
      readonly finding: 'token_of'
      readonly kind: 'access' | 'refresh'
      readonly surface: SurfaceName
      readonly client: string | null
      readonly issuedAt: EpochSeconds
    }
  | {
      readonly finding: 'token_replaced'
      readonly at: EpochSeconds
      /** The id of the tokens that took its place; null: not known. */
      readonly successor: string | null
      /** How long a replay is answered, unless the successor is spent before. */
      readonly window: Seconds
      /** When the successor was replaced itself; absent: it was not. */
      readonly successorSpentAt?: EpochSeconds
      /** When the successor was first seen, where a replay is answered until then; absent: it was not. */
      readonly successorSeenAt?: EpochSeconds
      /** Where the request came from that replaced it; absent or null: not known. Looked up when it is asked for. */
      readonly from?: string | null
    }
  // The scope
  | {
      readonly finding: 'scope_refused'
      /** Which word of the parameter; counted from 1. */
      readonly place: number
      /** Null: nothing here has it, so that it is not told. */
      readonly scope: string | null
      readonly by: 'surface' | 'client' | 'user' | 'role' | 'grant'
    }
  | { readonly finding: 'scope_separator' }
  | { readonly finding: 'scopes_allowed'; readonly scopes: readonly string[] }
  // Limits and times
  | { readonly finding: 'again_at'; readonly at: EpochSeconds }
  | { readonly finding: 'sunset_at'; readonly at: EpochSeconds }
