import type { CheckedSurface } from './case.ts'
import type { Difference } from './difference.ts'

/** A row of docs/reference/deviations.md: what, and why. A test holds both to the page. */
export interface Deviation {
  readonly section: 'All surfaces' | CheckedSurface
  readonly what: string
  readonly why: string
}

/** Differences that are meant. What is left out matches anything; null: only what is not there. */
interface Meant {
  readonly deviation: Deviation
  /** Only in these cases. */
  readonly cases?: RegExp
  /** Only between these statuses: of the old server, and of Mintkeeper. */
  readonly statuses?: readonly [against: RegExp, here: RegExp]
  readonly field?: RegExp
  readonly against?: RegExp | null
  readonly here?: RegExp | null
}

/** Where a difference was found. */
export interface Found {
  readonly surface: CheckedSurface
  /** The name of the case. */
  readonly name: string
  readonly statuses: readonly [against: number, here: number]
}

/** Why a difference is meant; null: it is not. */
export function findDeviation(difference: Difference, found: Found): Deviation | null {
  return MEANT[found.surface].find((meant) => covers(meant, difference, found))?.deviation ?? null
}

/** Every deviation that may be found. */
export function knownDeviations(): readonly Deviation[] {
  return [...new Set(Object.values(MEANT).flatMap((all) => all.map(({ deviation }) => deviation)))]
}

function covers(meant: Meant, difference: Difference, { name, statuses }: Found): boolean {
  const [against, here] = statuses.map(String)
  return (
    matches(meant.cases, name) &&
    matches(meant.statuses?.[0], against ?? '') &&
    matches(meant.statuses?.[1], here ?? '') &&
    matches(meant.field, difference.field) &&
    matches(meant.against, difference.against) &&
    matches(meant.here, difference.here)
  )
}

function matches(pattern: RegExp | null | undefined, text: string | null): boolean {
  if (pattern === undefined) return true
  return pattern === null || text === null ? pattern === text : pattern.test(text)
}

const METHODS: Meant = {
  deviation: {
    section: 'All surfaces',
    what: 'a known path with another method',
    why: 'says what is wrong',
  },
  cases: /method-get$/,
  statuses: [/^4(?!05)/, /^405$/],
}

const OF_NEWSTORE: readonly Meant[] = [
  METHODS,
  {
    deviation: {
      section: 'newstore',
      what: 'headers `Deprecation`, `Sunset`, `Link`, `X-Newstore-Request-Id`',
      why: "RFC 9745, RFC 8594, RFC 8288; the request id is NewStore's own header",
    },
    field: /^header (deprecation|sunset|link)$/,
    against: null,
  },
  {
    deviation: {
      section: 'newstore',
      what: 'headers `Cache-Control: no-store` and `Pragma: no-cache`',
      why: 'RFC 6749 §5.1: answers with tokens must not be kept',
    },
    field: /^header (cache-control|pragma)$/,
    against: null,
  },
  {
    deviation: {
      section: 'newstore',
      what: '`charset` of `application/json`',
      why: 'means nothing to who reads JSON (RFC 8259 §11), and NewStore has sent it',
    },
    field: /^header content-type$/,
    against: /^application\/json$/,
    here: /^application\/json;charset=UTF-8$/,
  },
  {
    deviation: {
      section: 'newstore',
      what: 'the claim `http://newstore/tenant`',
      why: 'integrations of today read it',
    },
    field: /^access_token claim http:\/\/newstore\/tenant$/,
    against: null,
  },
  {
    deviation: {
      section: 'newstore',
      what: 'JSON bodies',
      why: 'NewStore documents them elsewhere, and integrations send them',
    },
    cases: /^(password|refresh)-json$/,
    statuses: [/^4/, /^200$/],
  },
  {
    deviation: {
      section: 'newstore',
      what: 'a parameter sent twice, or a JSON value that is no text',
      why: 'RFC 6749 §3.2',
    },
    cases: /^parameter-twice$/,
    statuses: [/^(?!400)/, /^400$/],
  },
  {
    deviation: {
      section: 'newstore',
      what: '`grant_type`',
      why: 'the 400 text says "missing/empty fields"',
    },
    cases: /^(missing|unsupported|refresh-missing)-grant-type$/,
    statuses: [/^(?!400)/, /^400$/],
  },
]

const CREDENTIAL_IN_QUERY: Deviation = {
  section: 'All surfaces',
  what: 'a credential in the query string',
  why: 'query strings are logged and kept by everything on the way (RFC 6749 §2.3.1, RFC 9700 §4.3.2)',
}

const OF_SPREE: readonly Meant[] = [
  METHODS,
  {
    deviation: CREDENTIAL_IN_QUERY,
    cases: /^password-in-query$/,
    statuses: [/^(?!400)/, /^400$/],
  },
  {
    deviation: CREDENTIAL_IN_QUERY,
    cases: /^password-in-query$/,
    statuses: [/^400$/, /^400$/],
    field: /^(error|error_description|header www-authenticate)$/,
  },
  {
    deviation: {
      section: 'spree',
      what: 'client credentials',
      why: "Spree's document requires the member, and generated clients need it; RFC 6749 §4.4.3 says SHOULD NOT",
    },
    cases: /^client-credentials/,
    field: /^refresh_token$/,
    against: null,
  },
  {
    deviation: {
      section: 'spree',
      what: 'client credentials without `scope`',
      why: "the body in Spree's document has none",
    },
    cases: /^client-credentials-without-scope$/,
    statuses: [/^400$/, /^200$/],
  },
  {
    deviation: {
      section: 'spree',
      what: '`scope=admin` for a user',
      why: 'a token should not say what is not so',
    },
    cases: /^password-(with-scope|of-client)$/,
    statuses: [/^200$/, /^400$/],
    here: /^(400$|invalid_scope:)/,
  },
  {
    deviation: { section: 'spree', what: '`application/xml`', why: "Spree's document lists it" },
    cases: /^password-xml$/,
    statuses: [/^400$/, /^200$/],
  },
  {
    deviation: {
      section: 'spree',
      what: 'a spent refresh token within 60 s, or until the successor was seen',
      why: 'a family has one live leaf, always',
    },
    cases: /^refresh-again$/,
    field: /^(access|refresh)_token$/,
    here: /, that of refresh\.(access|refresh)_token$/,
  },
  {
    deviation: {
      section: 'spree',
      what: 'the parent after the successor was *refreshed*',
      why: 'a copied token has to be noticed (RFC 9700 §4.14.2)',
    },
    cases: /^refresh-after-successor$/,
    statuses: [/^200$/, /^400$/],
  },
  {
    deviation: { section: 'spree', what: 'clients by Basic', why: 'mended in Doorkeeper 5.5.1' },
    cases: /^wrong-secret-by-basic$/,
    statuses: [/^200$/, /^401$/],
  },
  {
    deviation: {
      section: 'spree',
      what: 'headers `Deprecation`, `Sunset`, `Link`',
      why: "RFC 9745, RFC 8594, RFC 8288; neither Spree's document nor Doorkeeper says that the API ends",
    },
    field: /^header (deprecation|sunset|link)$/,
    against: null,
  },
  {
    deviation: {
      section: 'spree',
      what: '`Pragma` with errors',
      why: 'RFC 6749 §5.1 asks for it where answers hold tokens, and it does no harm',
    },
    field: /^header pragma$/,
    statuses: [/^4/, /^4/],
    against: null,
    here: /^no-cache$/,
  },
  {
    deviation: {
      section: 'spree',
      what: 'introspection by nobody',
      why: 'nothing reads the sentence, and `error` is the same',
    },
    cases: /^introspect-without-client$/,
    field: /^(error_description|header www-authenticate)$/,
    against: /Request needs? to be authorized/,
  },
  {
    deviation: {
      section: 'spree',
      what: '`resource_owner_id`',
      why: 'ids that were not imported are no numbers',
    },
    field: /^resource_owner_id$/,
    against: /^\d+$/,
    here: /^"/,
  },
]

const MEANT: Readonly<Record<CheckedSurface, readonly Meant[]>> = { newstore: OF_NEWSTORE, spree: OF_SPREE }
