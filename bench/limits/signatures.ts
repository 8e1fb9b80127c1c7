import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Limit } from './limit.ts'

/** Of a token's length, a hundred at once. */
const INPUT = Buffer.alloc(500, 'a')
const AT_ONCE = 100

type Algorithm = 'RS256' | 'ES256' | 'EdDSA'

/** Signatures with a key that is loaded already, one after the other. */
export function signatures(algorithm: Algorithm): Limit {
  const key = privateKeyOf(algorithm)
  const digest = algorithm === 'EdDSA' ? null : 'sha256'
  return {
    work() {
      for (let count = 0; count < AT_ONCE; count++) sign(digest, INPUT, { key, dsaEncoding: 'ieee-p1363' })
      return AT_ONCE
    },
  }
}

function privateKeyOf(algorithm: Algorithm): KeyObject {
  switch (algorithm) {
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    case 'EdDSA':
      return generateKeyPairSync('ed25519').privateKey
  }
}
