/**
 * An API that accepts the access tokens of a Mintkeeper: it verifies JWTs by itself, and asks about opaque ones.
 *
 * In a checkout, beside `npm start`: npx node examples/resource-server.ts
 */
import { createServer } from 'node:http'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

const port = Number(process.env.PORT ?? 3000)
const issuer = process.env.ISSUER ?? 'http://localhost:8080/'
const clientId = process.env.CLIENT_ID ?? 'orders-api'
const clientSecret = process.env.CLIENT_SECRET ?? 'demo-only-secret-of-the-orders-api-resource-server'

/** The scope this API asks for. */
const REQUIRED_SCOPE = 'admin'

/** Who may call, as far as this API is concerned. */
interface Caller {
  readonly subject: string
  readonly scopes: readonly string[]
}

/** What is needed of the metadata (RFC 8414). */
interface Metadata {
  readonly issuer: string
  readonly jwks_uri: string
  readonly introspection_endpoint: string
}

const metadata = await getJson<Metadata>(new URL('.well-known/oauth-authorization-server', issuer))
if (metadata.issuer !== issuer) throw new Error(`${issuer} says that it is ${metadata.issuer}`)
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri))

/** Null: the token is not good. A server that can not be asked throws: that is no fault of the caller. */
async function authenticate(token: string): Promise<Caller | null> {
  return token.split('.').length === 3 ? await verify(token) : await introspect(token)
}

/** Fast, and it needs nobody; but a revoked JWT is good until it expires. */
async function verify(token: string): Promise<Caller | null> {
  try {
    const { payload } = await jwtVerify(token, keys, { issuer, audience: issuer, typ: 'at+jwt' })
    return callerOf(payload)
  } catch (error) {
    if (error instanceof errors.JOSEError && !KEYS_UNREACHABLE.includes(error.code)) return null
    throw error
  }
}

/** What jose throws for the way to the keys; all its other errors are about the token. */
const KEYS_UNREACHABLE = ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']

/** Always the truth of this moment (RFC 7662); answers may be kept for as long as a revocation may take to be seen. */
async function introspect(token: string): Promise<Caller | null> {
  const answer = await getJson<Claims & { readonly active: boolean }>(metadata.introspection_endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ token }),
  })
  return answer.active ? callerOf(answer) : null
}

interface Claims {
  readonly sub?: unknown
  readonly scope?: unknown
}

function callerOf({ sub, scope }: Claims): Caller {
  return { subject: String(sub), scopes: typeof scope === 'string' ? scope.split(' ') : [] }
}

async function getJson<T>(url: URL | string, init?: RequestInit): Promise<T> {
  const response = await fetch(url, init)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return (await response.json()) as T
}

const server = createServer(async (request, response) => {
  const answer = (status: number, body: object, headers = {}) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
  const challenge = (error: string) => ({ 'WWW-Authenticate': `Bearer${error && ` error="${error}"`}` })
  try {
    const [, token] = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '') ?? []
    if (token === undefined) return answer(401, { error: 'no token' }, challenge(''))
    const caller = await authenticate(token)
    if (caller === null) return answer(401, { error: 'invalid_token' }, challenge('invalid_token'))
    if (!caller.scopes.includes(REQUIRED_SCOPE)) {
      return answer(403, { error: 'insufficient_scope' }, challenge('insufficient_scope'))
    }
    answer(200, { orders: [], readBy: caller.subject })
  } catch (error) {
    console.error(error)
    answer(503, { error: 'tokens can not be checked' }, { 'Retry-After': '5' })
  }
})

server.listen(port, '127.0.0.1', () => {
  console.log(`The API is at http://localhost:${port}/`)
})

process.once('SIGTERM', () => {
  server.close()
})
