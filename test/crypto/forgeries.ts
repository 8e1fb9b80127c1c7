/** JWTs that were accepted by some server once (CVE-2015-9235, CVE-2018-0114, CVE-2022-21449 and their kind). */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { loadVerifyKey } from '../../src/crypto/jws.ts'

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const ed = generateKeyPairSync('ed25519')
const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 })
const attackerEc = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** The server's keys. */
export const keys = [
  loadVerifyKey('rsa', 'RS256', rsa.publicKey.export({ format: 'jwk' })),
  loadVerifyKey('ec', 'ES256', ec.publicKey.export({ format: 'jwk' })),
  loadVerifyKey('ed', 'EdDSA', ed.publicKey.export({ format: 'jwk' })),
]

export const HEADER = { typ: 'JWT', alg: 'RS256', kid: 'rsa' }
export const base64url = (data: string | Uint8Array) => Buffer.from(data).toString('base64url')
const json = (value: unknown) => base64url(JSON.stringify(value))

/** The forgeries of a token with these claims, by what is wrong with them, and what they are made from. */
export function createForgeries(claims: object) {
  /** Signs whatever parts it is given, with our RSA key unless told otherwise. */
  function forge(
    header: unknown,
    payload: unknown = claims,
    key: KeyObject = rsa.privateKey,
    digest: string | null = 'sha256',
  ) {
    return signText(
      typeof header === 'string' ? header : json(header),
      typeof payload === 'string' ? payload : json(payload),
      key,
      digest,
    )
  }

  function signText(header: string, payload: string, key: KeyObject, digest: string | null = 'sha256') {
    const input = `${header}.${payload}`
    return `${input}.${base64url(sign(digest, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }))}`
  }

  function hmac(header: object, secret: string | Buffer, digest = 'sha256') {
    const input = `${json(header)}.${json(claims)}`
    return `${input}.${createHmac(digest, secret).update(input).digest('base64url')}`
  }

  const genuine = forge(HEADER)
  const [genuineHeader = '', genuineClaims = '', genuineSignature = ''] = genuine.split('.')
  const unsigned = `${json({ ...HEADER, alg: 'none' })}.${json(claims)}`
  const rsaPem = String(rsa.publicKey.export({ format: 'pem', type: 'spki' }))
  const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' })
  const derSignature = sign(
    'sha256',
    Buffer.from(`${json({ typ: 'JWT', alg: 'ES256', kid: 'ec' })}.${json(claims)}`),
    ec.privateKey,
  )
  const es256 = (signature: Uint8Array) =>
    `${json({ typ: 'JWT', alg: 'ES256', kid: 'ec' })}.${json(claims)}.${base64url(signature)}`

  const tokens: Readonly<Record<string, string>> = {
    // no signature
    'alg none, empty signature': `${unsigned}.`,
    'alg none, no second dot': unsigned,
    'alg none, some signature': `${unsigned}.${genuineSignature}`,
    'alg NoNe': `${json({ ...HEADER, alg: 'NoNe' })}.${json(claims)}.`,
    'RS256, empty signature': `${genuineHeader}.${genuineClaims}.`,
    'RS256, signature of zeros': `${genuineHeader}.${genuineClaims}.${base64url(new Uint8Array(256))}`,
    'RS256, signature of another token': `${genuineHeader}.${json({ sub: 'admin' })}.${genuineSignature}`,
    'RS256, signature with a zero byte before it': `${genuineHeader}.${genuineClaims}.${base64url(Buffer.concat([Buffer.of(0), Buffer.from(genuineSignature, 'base64url')]))}`,
    'ES256, signature of zeros (psychic signature)': es256(new Uint8Array(64)),
    'ES256, r = s = 1': es256(Uint8Array.from({ length: 64 }, (_, index) => (index % 32 === 31 ? 1 : 0))),
    'ES256, signature in DER': es256(derSignature),
    'EdDSA, signature of zeros': `${json({ typ: 'JWT', alg: 'EdDSA', kid: 'ed' })}.${json(claims)}.${base64url(new Uint8Array(64))}`,
    // the wrong key or algorithm
    'HS256 with the public PEM as its secret': hmac({ ...HEADER, alg: 'HS256' }, rsaPem),
    'HS256 with the public DER as its secret': hmac(
      { ...HEADER, alg: 'HS256' },
      rsa.publicKey.export({ format: 'der', type: 'spki' }),
    ),
    'HS256 with the public JWK as its secret': hmac(
      { ...HEADER, alg: 'HS256' },
      JSON.stringify(jwkOf(rsa.publicKey)),
    ),
    'HS256 with an empty secret': hmac({ ...HEADER, alg: 'HS256' }, ''),
    'HMAC under the header RS256': hmac(HEADER, rsaPem),
    'RS512 by our key': forge({ ...HEADER, alg: 'RS512' }, claims, rsa.privateKey, 'sha512'),
    'SHA-512 under the header RS256': forge(HEADER, claims, rsa.privateKey, 'sha512'),
    'SHA-1 under the header RS256': forge(HEADER, claims, rsa.privateKey, 'sha1'),
    "ES256 in the header, RSA's kid": forge({ ...HEADER, alg: 'ES256' }, claims, ec.privateKey),
    "RS256 in the header, EC's kid": forge({ ...HEADER, kid: 'ec' }),
    'alg in lower case': forge({ ...HEADER, alg: 'rs256' }),
    'alg missing': forge({ typ: 'JWT', kid: 'rsa' }),
    'alg an array': forge({ ...HEADER, alg: ['RS256'] }),
    "an attacker's key": forge(HEADER, claims, attacker.privateKey),
    "an attacker's key in jwk": forge(
      { ...HEADER, jwk: jwkOf(attacker.publicKey) },
      claims,
      attacker.privateKey,
    ),
    "an attacker's key at jku": forge(
      { ...HEADER, jku: 'https://evil.example/jwks' },
      claims,
      attacker.privateKey,
    ),
    "an attacker's certificate in x5c": forge(
      { ...HEADER, x5c: [base64url('certificate')] },
      claims,
      attacker.privateKey,
    ),
    "an attacker's EC key in epk": forge(
      { typ: 'JWT', alg: 'ES256', kid: 'ec', epk: jwkOf(attackerEc.publicKey) },
      claims,
      attackerEc.privateKey,
    ),
    // kid
    'kid missing': forge({ typ: 'JWT', alg: 'RS256' }),
    'kid unknown': forge({ ...HEADER, kid: 'other' }),
    'kid empty': forge({ ...HEADER, kid: '' }),
    'kid null': forge({ ...HEADER, kid: null }),
    'kid a number': forge({ ...HEADER, kid: 0 }),
    'kid an array': forge({ ...HEADER, kid: ['rsa'] }),
    'kid an object': forge({ ...HEADER, kid: { toString: 'rsa' } }),
    'kid with a space': forge({ ...HEADER, kid: 'rsa ' }),
    'kid a path': forge({ ...HEADER, kid: '../../../dev/null' }),
    'kid SQL': forge({ ...HEADER, kid: "x' OR '1'='1" }),
    'kid __proto__': forge({ ...HEADER, kid: '__proto__' }),
    'kid of 10 KB': forge({ ...HEADER, kid: 'k'.repeat(10_240) }),
    'kid of 1 MB': forge({ ...HEADER, kid: 'k'.repeat(1_048_576) }),
    // the header
    'typ missing': forge({ alg: 'RS256', kid: 'rsa' }),
    'typ of another kind (logout token)': forge({ ...HEADER, typ: 'logout+jwt' }),
    'typ in lower case': forge({ ...HEADER, typ: 'jwt' }),
    'typ an array': forge({ ...HEADER, typ: ['JWT'] }),
    'crit with an unknown extension': forge({ ...HEADER, crit: ['exp'], exp: 1 }),
    'crit with b64': forge({ ...HEADER, crit: ['b64'], b64: true }),
    'crit empty': forge({ ...HEADER, crit: [] }),
    'crit null': forge({ ...HEADER, crit: null }),
    'b64 false without crit': forge({ ...HEADER, b64: false }),
    'a JWE header': forge({ ...HEADER, enc: 'A256GCM' }),
    'the header an array': forge([HEADER]),
    'the header a string': forge(json('RS256')),
    'the header null': forge(json(null)),
    'the header with __proto__ for its members': forge(base64url(`{"__proto__":${JSON.stringify(HEADER)}}`)),
    'the header with a byte order mark': forge(base64url(`\ufeff${JSON.stringify(HEADER)}`)),
    'the header not UTF-8': forge(
      base64url(
        Buffer.concat([
          Buffer.from('{"x":"'),
          Buffer.of(0xff),
          Buffer.from(`",${JSON.stringify(HEADER).slice(1)}`),
        ]),
      ),
    ),
    // the claims
    'claims an array': forge(HEADER, [claims]),
    'claims a string': forge(HEADER, json('sub')),
    'claims a number': forge(HEADER, json(1)),
    'claims null': forge(HEADER, json(null)),
    'claims no JSON': forge(HEADER, base64url('sub=mallory')),
    'claims not UTF-8': forge(HEADER, base64url(Buffer.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))),
    'claims cut short': forge(HEADER, base64url(JSON.stringify(claims).slice(0, -1))),
    'claims twice': forge(HEADER, base64url(JSON.stringify(claims).repeat(2))),
    // the form
    nothing: '',
    dots: '..',
    'four parts': `${genuine}.x`,
    'five parts (JWE)': `${json({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`,
    'a dot in front': `.${genuine}`,
    'a dot at the end': `${genuine}.`,
    'a space in front': ` ${genuine}`,
    'a line end': `${genuine}\n`,
    'Bearer in front': `Bearer ${genuine}`,
    padding: `${genuine}==`,
    'padding in the header, signed': signText(`${json(HEADER)}=`, genuineClaims, rsa.privateKey),
    'white space in the claims, signed': signText(
      genuineHeader,
      `${genuineClaims.slice(0, 4)} ${genuineClaims.slice(4)}`,
      rsa.privateKey,
    ),
    'the alphabet of base64, signed': signText(
      json(HEADER),
      Buffer.from('{"sub":"ÿþ>?"}').toString('base64'),
      rsa.privateKey,
    ),
    'unused bits set in the claims, signed': signText(
      genuineHeader,
      base64url('{"a":12}').replace(/.$/, '1'),
      rsa.privateKey,
    ),
    'one character too many in the claims, signed': signText(
      genuineHeader,
      `${base64url('{"a":1}')}AAA`,
      rsa.privateKey,
    ),
    'the JSON serialization': JSON.stringify({
      protected: genuineHeader,
      payload: genuineClaims,
      signature: genuineSignature,
    }),
    'an unencoded payload, signed': signText(
      json({ ...HEADER, b64: false, crit: ['b64'] }),
      '{}',
      rsa.privateKey,
    ),
    'a NUL': `${genuine}\0`,
    'a megabyte': `${genuineHeader}.${'A'.repeat(1_048_576)}.${genuineSignature}`,
    'a hundred thousand dots': '.'.repeat(100_000),
  }
  return { genuine, genuineHeader, forge, signText, tokens }
}
