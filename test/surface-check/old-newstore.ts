/** NewStore's Token API v0 as its document has it, with the document's own examples, on a real socket. */
import { generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { NEWSTORE_USER } from '../clients/tenant.ts'
import { type Asked, type OldServer, type Said, startOldServer } from './old-server.ts'

const DOCUMENT = parse(
  readFileSync(new URL('../wire/newstore/newstore-v0.openapi.yaml', import.meta.url), 'utf8'),
)

const { responses } = DOCUMENT.paths['/token'].post
const EXAMPLE = responses['200'].content['application/json'].example
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** As Auth0 makes them: a SHA-1 in hexadecimal, in Base64. In a list of keys it comes last. */
const KID = Buffer.from('FFFFFFFFFFFFFFFF0123456789ABCDEF01234567').toString('base64url')

const KEYS = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256', use: 'sig' }] }

/** The claims of the document's example, whose header can not be read. */
const CLAIMS = JSON.parse(Buffer.from(EXAMPLE.access_token.split('.')[1], 'base64url').toString())

/** For a tenant whose tokens are to be those of the document. */
export const EXAMPLE_CLAIMS: Readonly<Record<string, string>> = CLAIMS

function accessToken(claims: object): string {
  const iat = Math.floor(Date.now() / 1000)
  const header = { typ: 'JWT', alg: 'RS256', kid: KID }
  const parts = [header, { ...CLAIMS, ...claims, iat, exp: iat + EXAMPLE.expires_in }]
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
}

function said(status: number, body: object): Said {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
}

function refused(status: 400 | 403): Said {
  const { content } = responses[status]
  const example = content['application/json'].example ?? content['application/json'].examples.default.value
  return said(status, { ...example, request_id: randomUUID() })
}

export interface OldNewstoreUser {
  readonly username: string
  readonly password: string
  /** In place of those of the document's example. */
  readonly claims?: Readonly<Record<string, unknown>>
}

export interface OldNewstoreOptions {
  /** Default: the user of the document. */
  readonly users?: readonly OldNewstoreUser[]
  /** Of parameters that stand there twice. Default: it takes none. */
  readonly takesLast?: boolean
}

/** As the document has it, and where it is silent as a gateway before it would. */
export async function startOldNewstore(options: OldNewstoreOptions = {}): Promise<OldServer> {
  const { users = [NEWSTORE_USER], takesLast = false } = options
  /** Whose they are. */
  const refreshTokens = new Map<string, OldNewstoreUser>()

  function issued(user: OldNewstoreUser, refreshToken: string): Said {
    refreshTokens.set(refreshToken, user)
    const { claims = {} } = user
    return said(200, { ...EXAMPLE, refresh_token: refreshToken, access_token: accessToken(claims) })
  }

  function login(form: URLSearchParams): Said {
    const [username, password] = [form.get('username') ?? '', form.get('password') ?? '']
    if (form.get('grant_type') !== 'password' || username === '' || password === '') return refused(400)
    const user = users.find((each) => each.username === username && each.password === password)
    return user === undefined
      ? refused(403)
      : issued(user, randomBytes(34).toString('base64url').slice(0, 45))
  }

  function refresh(form: URLSearchParams): Said {
    const token = form.get('refresh_token') ?? ''
    if (form.get('grant_type') !== 'refresh_token' || token === '') return refused(400)
    const user = refreshTokens.get(token)
    // The document's example answers with the very token it was sent.
    return user === undefined ? refused(403) : issued(user, token)
  }

  return await startOldServer(({ method, path, headers, body }: Asked) => {
    const { pathname, searchParams } = new URL(path, 'http://old.example')
    if (method === 'GET' && pathname === '/.well-known/jwks.json') return said(200, KEYS)
    if (method !== 'POST') return said(403, { message: 'Missing Authentication Token' })
    if (searchParams.has('password')) {
      return said(
        400,
        responses['400'].content['application/json'].examples['password query parameter'].value,
      )
    }
    if (headers['content-type'] !== 'application/x-www-form-urlencoded') return refused(400)
    const form = new URLSearchParams(body)
    if (!takesLast && form.getAll('grant_type').length > 1) return refused(400)
    return pathname === '/v0/token' ? login(form) : refresh(form)
  })
}
