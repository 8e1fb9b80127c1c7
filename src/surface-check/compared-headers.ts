/** The headers that are not compared, and why: what they say rightly differs, or means nothing to an integration. */
export interface NotCompared {
  readonly reason: string
  /** In lower case; `*` at the end stands for anything. */
  readonly names: readonly string[]
}

export const NOT_COMPARED: readonly NotCompared[] = [
  {
    reason: 'belongs to the connection',
    names: [
      'alt-svc',
      'connection',
      'content-encoding',
      'content-length',
      'date',
      'keep-alive',
      'transfer-encoding',
    ],
  },
  {
    reason: 'is another with each answer',
    names: [
      'apigw-requestid',
      'fly-request-id',
      'ot-tracer-*',
      'request-id',
      'traceparent',
      'tracestate',
      'x-auth0-*',
      'x-azure-ref',
      'x-b3-*',
      'x-cloud-trace-context',
      'x-correlation-id',
      'x-newstore-request-id',
      'x-request-id',
      'x-request-start',
      'x-runtime',
      'x-trace-id',
      'x-vercel-id',
    ],
  },
  {
    reason: 'is for caches, which keep no answer of a token endpoint',
    names: ['accept-ranges', 'age', 'etag', 'expires', 'last-modified', 'vary', 'x-cache*', 'x-proxy-cache'],
  },
  {
    reason: 'names a program, or what stands before it',
    names: [
      'cf-*',
      'nel',
      'report-to',
      'server',
      'server-timing',
      'via',
      'x-amz-*',
      'x-amzn-*',
      'x-envoy-*',
      'x-kong-*',
      'x-powered-by',
      'x-served-by',
      'x-rack-cache',
      'x-timer',
      'x-varnish',
    ],
  },
  {
    reason: 'is for browsers',
    names: [
      'content-security-policy*',
      'cross-origin-*',
      'expect-ct',
      'feature-policy',
      'permissions-policy',
      'referrer-policy',
      'set-cookie',
      'strict-transport-security',
      'x-content-type-options',
      'x-download-options',
      'x-frame-options',
      'x-permitted-cross-domain-policies',
      'x-ua-compatible',
      'x-xss-protection',
    ],
  },
  {
    reason: 'counts requests',
    names: ['ratelimit*', 'x-rate-limit-*', 'x-ratelimit-*'],
  },
]

/** Why a header is not compared; null: it is. All names are in lower case. */
export function reasonNotToCompare(name: string, ignored: readonly string[]): string | null {
  if (ignored.includes(name)) return 'was not to be compared'
  return NOT_COMPARED.find(({ names }) => names.some((each) => matches(name, each)))?.reason ?? null
}

function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

/** What a header says, without what makes no difference: letter case, white space and order where they have no meaning. */
export function meaningOf(name: string, value: string): string {
  switch (name) {
    // RFC 9110 §8.3.1: types and charsets are case-insensitive, white space around ";" counts for nothing.
    case 'content-type':
      return value
        .toLowerCase()
        .replaceAll('"', '')
        .split(';')
        .map((part) => part.trim())
        .join('; ')
    case 'allow':
    case 'cache-control':
    case 'pragma':
      return value
        .split(',')
        .map((part) => (name === 'allow' ? part.trim() : part.trim().toLowerCase()))
        .toSorted()
        .join(', ')
    default:
      return value.trim()
  }
}
