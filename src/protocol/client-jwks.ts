/**
 * JWS algorithms a client may sign its assertion with (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1, RFC 9864 §2.2). `Ed25519`
 * is the newer name of the only `EdDSA` there is here.
 */
export const ASSERTION_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'] as const

export type AssertionAlgorithm = (typeof ASSERTION_ALGORITHMS)[number]

/** A public key of a client (RFC 7517 §4), with the members that are needed and no others. */
export interface ClientJwk {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly kid?: string | undefined
  /** The only algorithm it is for; absent: any that fits its type. */
  readonly alg?: AssertionAlgorithm | undefined
  readonly crv?: string | undefined
  readonly n?: string | undefined
  readonly e?: string | undefined
  readonly x?: string | undefined
  readonly y?: string | undefined
}

/** The public keys of a client (RFC 7591 §2, `jwks`): at least one. */
export interface ClientJwks {
  readonly keys: readonly ClientJwk[]
}

/** What is wrong with a value that should be a JWK Set, and where in it. Never quotes the value. */
export interface JwksProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
}

interface KeyType {
  readonly kty: ClientJwk['kty']
  readonly crv: string | null
  readonly algorithms: readonly AssertionAlgorithm[]
  /** Members that make the key; for curves each has so many bytes. */
  readonly members: readonly ('n' | 'e' | 'x' | 'y')[]
  readonly bytes: number | null
}

const KEY_TYPES: readonly KeyType[] = [
  { kty: 'RSA', crv: null, algorithms: ['RS256', 'PS256'], members: ['n', 'e'], bytes: null },
  { kty: 'EC', crv: 'P-256', algorithms: ['ES256'], members: ['x', 'y'], bytes: 32 },
  { kty: 'EC', crv: 'P-384', algorithms: ['ES384'], members: ['x', 'y'], bytes: 48 },
  { kty: 'OKP', crv: 'Ed25519', algorithms: ['EdDSA', 'Ed25519'], members: ['x'], bytes: 32 },
]

/** More than any rotation needs. */
const MAX_KEYS = 10

/** RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used"; beyond the other one lies only work. */
const RSA_BITS = { least: 2048, most: 8192 }

/** RFC 7518 §6.2.2, §6.3.2 and §6.4.1. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** One line of printable ASCII. */
const KEY_ID = /^[\x20-\x7e]{1,255}$/

/** All that is wrong with a value from outside, without looking whether a point is on its curve. */
export function clientJwksProblems(value: unknown): readonly JwksProblem[] {
  if (!isObject(value) || !Array.isArray(value.keys)) {
    return [problem([], 'must be a JWK Set: an object with a list of keys (RFC 7517 §5)')]
  }
  const keys: readonly unknown[] = value.keys
  if (keys.length < 1 || keys.length > MAX_KEYS) return [problem(['keys'], `must be 1 to ${MAX_KEYS} keys`)]
  return keys.flatMap((key, index) => [
    ...keyProblems(key).map(({ path, message }) => problem(['keys', index, ...path], message)),
    ...(isNamed(key, keys)
      ? []
      : [problem(['keys', index, 'kid'], 'must be there, and no other key have it')]),
  ])
}

/** The keys of a value that has no problems, as they are stored. */
export function toClientJwks(value: unknown): ClientJwks {
  const { keys } = value as { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  return { keys: keys.map(toClientJwk) }
}

function toClientJwk(jwk: Readonly<Record<string, unknown>>): ClientJwk {
  const names = ['kty', 'kid', 'alg', 'crv', ...(typeOf(jwk)?.members ?? [])]
  const kept = names.filter((name) => jwk[name] !== undefined).map((name) => [name, jwk[name]])
  return Object.fromEntries(kept) as unknown as ClientJwk
}

/** The algorithms a key may be used with. */
export function algorithmsOf(jwk: ClientJwk): readonly AssertionAlgorithm[] {
  const algorithms = typeOf({ ...jwk })?.algorithms ?? []
  // The two names of one algorithm stand for each other.
  return jwk.kty === 'OKP' ? algorithms : algorithms.filter((name) => (jwk.alg ?? name) === name)
}

function typeOf(jwk: Readonly<Record<string, unknown>>): KeyType | undefined {
  return KEY_TYPES.find(({ kty, crv }) => kty === jwk.kty && (crv === null || crv === jwk.crv))
}

function keyProblems(jwk: unknown): readonly JwksProblem[] {
  if (!isObject(jwk)) return [problem([], 'must be a JWK')]
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) {
    const message = 'must be a public key: this one is private or symmetric, and is to be treated as exposed'
    return [problem([], message)]
  }
  const type = typeOf(jwk)
  if (type === undefined) {
    return [problem(['kty'], 'must be RSA, EC with crv P-256 or P-384, or OKP with crv Ed25519')]
  }
  return [...materialProblems(jwk, type), ...useProblems(jwk, type)]
}

function materialProblems(jwk: Readonly<Record<string, unknown>>, type: KeyType): readonly JwksProblem[] {
  const parts = type.members.map((name) => ({ name, bytes: bytesOf(jwk[name]) }))
  const unreadable = parts.filter(({ bytes }) => bytes === null)
  if (unreadable.length > 0) return unreadable.map(({ name }) => problem([name], 'must be base64url text'))
  return parts.flatMap(({ name, bytes }): JwksProblem[] => {
    if (bytes === null) return []
    if (name === 'n') return isModulus(bytes) ? [] : [problem(['n'], MODULUS)]
    if (name === 'e') return isExponent(bytes) ? [] : [problem(['e'], EXPONENT)]
    return bytes.length === type.bytes ? [] : [problem([name], `must have ${type.bytes} bytes`)]
  })
}

const MODULUS = `must have ${RSA_BITS.least} to ${RSA_BITS.most} bits (RFC 7518 §3.3)`
const EXPONENT = 'must be an odd number from 65537 on, of 4 bytes at most (FIPS 186-5 §A.1.1)'

function isModulus(bytes: readonly number[]): boolean {
  const bits = bytes.length * 8 - (Math.clz32(bytes[0] ?? 0) - 24)
  return bits >= RSA_BITS.least && bits <= RSA_BITS.most
}

/** With an exponent of 1 everybody could sign. */
function isExponent(bytes: readonly number[]): boolean {
  const exponent = bytes.reduce((number, byte) => number * 256 + byte, 0)
  return bytes.length <= 4 && exponent >= 65_537 && exponent % 2 === 1
}

function useProblems(jwk: Readonly<Record<string, unknown>>, type: KeyType): readonly JwksProblem[] {
  const { alg, use, key_ops: operations, kid } = jwk
  const problems: JwksProblem[] = []
  if (alg !== undefined && !(type.algorithms as readonly unknown[]).includes(alg)) {
    problems.push(problem(['alg'], `must be ${type.algorithms.join(' or ')}, or not be there`))
  }
  if (use !== undefined && use !== 'sig') problems.push(problem(['use'], 'must be sig, or not be there'))
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    problems.push(problem(['key_ops'], 'must have verify in it, or not be there'))
  }
  if (kid !== undefined && !(typeof kid === 'string' && KEY_ID.test(kid))) {
    problems.push(problem(['kid'], 'must be 1 to 255 printable ASCII characters'))
  }
  return problems
}

/** Whether a key can be told from the others of its set: only the sole one needs no `kid`. */
function isNamed(key: unknown, keys: readonly unknown[]): boolean {
  if (keys.length === 1 || !isObject(key)) return true
  return (
    key.kid !== undefined && keys.filter((other) => isObject(other) && other.kid === key.kid).length === 1
  )
}

/** The bytes of canonical base64url; null for anything else, and for none. */
function bytesOf(text: unknown): readonly number[] | null {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]{1,2000}$/.test(text) || text.length % 4 === 1) return null
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/')
  const binary = atob(base64)
  const isCanonical = btoa(binary).replaceAll('=', '') === base64
  return isCanonical ? Array.from(binary, (character) => character.charCodeAt(0)) : null
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function problem(path: JwksProblem['path'], message: string): JwksProblem {
  return { path, message }
}
