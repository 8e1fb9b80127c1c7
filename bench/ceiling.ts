/**
 * What a token server of this kind could reach on this machine: it reads the form, compares the client's secret, and
 * commits rows durably in groups or signs, and does nothing else. It has no tenants, grants, scopes, policies, records
 * or purge, checks nothing that it need not check to answer, and knows no error but "no".
 */
import { generateKeyPairSync, hash, randomFillSync, randomUUID, sign, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { PASSWORD, secretOf, TENANTS } from './config.ts'

type Form = ReadonlyMap<string, string>

interface Issue {
  readonly response: ServerResponse
  /** The key of the row whose refresh token is spent. */
  readonly spends: number | null
  readonly withRefresh: boolean
}

export const CEILING_FILE = 'ceiling.db'
export const CREATE = `create table if not exists tokens (
  key integer primary key, access blob not null, refresh blob, expires integer not null, successor integer
) strict`
export const INSERT = 'insert into tokens (key, access, refresh, expires) values (?, ?, ?, ?)'
const LIFE = 3600
const WAL_FRAMES = 4000

export function ceiling(directory: string): RequestListener {
  const database = new DatabaseSync(join(directory, CEILING_FILE))
  database.exec(
    `pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = ${WAL_FRAMES}`,
  )
  database.exec(CREATE)
  const begin = database.prepare('begin immediate')
  const commit = database.prepare('commit')
  const insert = database.prepare(INSERT)
  const spend = database.prepare('update tokens set successor = ? where key = ? and successor is null')
  const find = database.prepare('select access, refresh, expires from tokens where key = ?')
  find.setReturnArrays(true)
  const secrets = new Map(['batch', 'jwt'].map((client) => [client, sha256(secretOf(client))]))
  const password = sha256(PASSWORD)
  const signers = new Map<string, ReturnType<typeof signer>>([
    [TENANTS.es256, signer('ES256')],
    [TENANTS.eddsa, signer('EdDSA')],
  ])
  let lastKey = Number(database.prepare('select coalesce(max(key), 0) as key from tokens').get()?.key)
  let waiting: Issue[] = []

  function issue(order: Issue): void {
    if (waiting.push(order) === 1) setImmediate(commitAll)
  }

  function commitAll(): void {
    const batch = waiting
    waiting = []
    begin.run()
    const answers = batch.map(issueNow)
    commit.run()
    for (const [index, { response }] of batch.entries()) answer(response, answers[index])
  }

  function issueNow({ spends, withRefresh }: Issue): object | undefined {
    lastKey += 1
    if (spends !== null && spend.run(lastKey, spends).changes === 0) return undefined
    const [access, refresh] = [newToken(lastKey), withRefresh ? newToken(lastKey) : null]
    insert.run(
      lastKey,
      sha256(access),
      refresh === null ? null : sha256(refresh),
      Math.floor(Date.now() / 1000) + LIFE,
    )
    return {
      access_token: access,
      token_type: 'Bearer',
      expires_in: LIFE,
      ...(refresh !== null && { refresh_token: refresh }),
    }
  }

  /** The row of a token, if its digest is the one that is kept. */
  function rowOf(token: string, column: 0 | 1): { key: number; expires: number } | undefined {
    const key = Number.parseInt(token, 36)
    const row = find.get(key) as unknown as [Uint8Array, Uint8Array | null, number] | undefined
    const kept = row?.[column]
    if (row === undefined || !kept || !timingSafeEqual(kept, sha256(token))) return undefined
    return { key, expires: row[2] }
  }

  return (request, response) => {
    readForm(request, (form) => {
      const client = form.get('client_id') ?? ''
      const secret = secrets.get(client)
      if (secret === undefined || !timingSafeEqual(secret, sha256(form.get('client_secret') ?? '')))
        return answer(response, undefined)
      if (request.url !== '/oauth/token') {
        const row = rowOf(form.get('token') ?? '', 0)
        return answer(response, { active: row !== undefined, client_id: 'batch', exp: row?.expires })
      }
      if (client === 'jwt') {
        const jwt = signers.get(request.headers.host ?? '')?.(client, form.get('scope') ?? '')
        if (jwt === undefined) return answer(response, undefined)
        const rest = { token_type: 'Bearer', expires_in: LIFE, scope: form.get('scope') }
        return answer(response, { access_token: jwt, ...rest })
      }
      if (form.get('grant_type') === 'client_credentials')
        return issue({ response, spends: null, withRefresh: false })
      if (form.get('grant_type') === 'password') {
        const isRight = timingSafeEqual(password, sha256(form.get('password') ?? ''))
        return isRight ? issue({ response, spends: null, withRefresh: true }) : answer(response, undefined)
      }
      const row = rowOf(form.get('refresh_token') ?? '', 1)
      return row === undefined
        ? answer(response, undefined)
        : issue({ response, spends: row.key, withRefresh: true })
    })
  }
}

function readForm(request: IncomingMessage, use: (form: Form) => void): void {
  let body = ''
  request.setEncoding('latin1')
  request.on('data', (chunk: string) => {
    body += chunk
  })
  request.on('end', () => {
    const form = new Map<string, string>()
    for (const pair of body.split('&')) {
      const equals = pair.indexOf('=')
      form.set(pair.slice(0, equals), decodeURIComponent(pair.slice(equals + 1).replaceAll('+', ' ')))
    }
    use(form)
  })
}

function answer(response: ServerResponse, value: object | undefined): void {
  const text = JSON.stringify(value ?? { error: 'invalid_request' })
  response.writeHead(value === undefined ? 400 : 200, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'Content-Length': text.length,
  })
  response.end(text)
}

/** Makes an access token (RFC 9068) that is signed here and now. */
function signer(algorithm: 'ES256' | 'EdDSA'): (client: string, scope: string) => string {
  const { privateKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('ed25519')
  const digest = algorithm === 'ES256' ? 'sha256' : null
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
  const header = base64url({ alg: algorithm, typ: 'at+jwt', kid: randomUUID() })
  return (client, scope) => {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      ...{ iss: 'https://localhost/', sub: client, aud: 'https://localhost/', client_id: client },
      ...{ scope, iat: now, exp: now + LIFE, jti: randomUUID() },
    }
    const content = `${header}.${base64url(claims)}`
    return `${content}.${sign(digest, Buffer.from(content), key).toString('base64url')}`
  }
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

export function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

const pool = Buffer.allocUnsafeSlow(8192)
let used = pool.length

/** The key, so that the row is found, and 256 random bits. */
export function newToken(key: number): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 32
  return `${key.toString(36)}.${pool.toString('base64url', used - 32, used)}`
}
