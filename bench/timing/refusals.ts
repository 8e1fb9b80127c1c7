import { hash as bcryptHash } from '@node-rs/bcrypt'
import { hashClientSecret } from '../../src/crypto/client-secret.ts'
import { legacyPasswordHash } from '../../src/crypto/password-legacy.ts'
import type { Services } from '../../src/endpoints/call.ts'
import { TENANTS } from '../config.ts'

/** A kind of request that is refused. */
export interface Refusal {
  readonly name: string
  /** Those of a group must not be told apart. The first of each is what the others are compared with. */
  readonly group: 'users' | 'clients, some with slow secrets' | 'clients, all with fast secrets'
  readonly host: string
  readonly path: string
  readonly form: Readonly<Record<string, string>>
  /** Whether so many of it have failed from one address that it is blocked there; the others come from new ones. */
  readonly isBlocked: boolean
}

const RIGHT = 'the-right-one'
const WRONG = 'the-wrong-one'
const STRONG = 'a-strong-secret-0123456789abcdefghijklm'
const SLOW = 'rs256'
const FAST = 'es256'

/** Lower than anybody's: the longer the same work takes for all, the less of a difference is seen. */
const BCRYPT_COST = 8

export const REFUSALS: readonly Refusal[] = [
  ofUser('wrong password', 'argon2'),
  ofUser('unknown user', 'nobody'),
  ofUser('disabled', 'disabled'),
  ofUser('disabled, right password', 'disabled', RIGHT),
  ofUser('no password', 'none'),
  ofUser('imported bcrypt', 'bcrypt'),
  ofUser('imported authlogic', 'authlogic'),
  { ...ofUser('blocked', 'blocked'), isBlocked: true },
  { ...ofUser('blocked, right password', 'blocked', RIGHT), isBlocked: true },
  ...[SLOW, FAST].flatMap((tenant) => [
    ofClient(tenant, 'wrong secret, fast', 'fast'),
    ofClient(tenant, 'unknown client', 'nobody'),
    ofClient(tenant, 'disabled', 'disabled'),
    ofClient(tenant, 'disabled, right secret', 'disabled', STRONG),
    ofClient(tenant, 'without a secret', 'none'),
  ]),
  ofClient(SLOW, 'wrong secret, argon2', 'argon2'),
  ofClient(SLOW, 'wrong secret, bcrypt', 'bcrypt'),
  ofClient(SLOW, 'disabled, argon2', 'disabled-argon2', RIGHT),
  { ...ofClient(SLOW, 'blocked', 'blocked'), isBlocked: true },
  { ...ofClient(SLOW, 'blocked, right secret', 'blocked', RIGHT), isBlocked: true },
]

function ofUser(name: string, username: string, password = WRONG): Refusal {
  return {
    ...{ name, group: 'users', host: TENANTS[SLOW], path: '/spree_oauth/token', isBlocked: false },
    form: { grant_type: 'password', username, password },
  }
}

function ofClient(tenant: string, name: string, client: string, secret = WRONG): Refusal {
  return {
    ...{ name, path: '/oauth/token', isBlocked: false },
    group: tenant === SLOW ? 'clients, some with slow secrets' : 'clients, all with fast secrets',
    host: TENANTS[tenant === SLOW ? SLOW : FAST],
    form: { grant_type: 'client_credentials', client_id: client, client_secret: secret },
  }
}

/** Who is refused. */
export async function addRefused({ store, passwords }: Services): Promise<void> {
  const argon2 = await passwords.hash(RIGHT)
  const bcrypt = await bcryptHash(RIGHT, BCRYPT_COST)
  const authlogic = legacyPasswordHash.authlogicSha512('0'.repeat(128), 'a-salt')
  const createdAt = Math.floor(Date.now() / 1000)
  const rest = { name: null, claims: {}, roles: [], createdAt, version: 1, tokensValidAfter: 0 }

  for (const [username, passwordHash] of Object.entries({
    ...{ argon2, bcrypt, authlogic, none: null, disabled: argon2, blocked: argon2 },
  })) {
    await store.insertUser({
      ...{ ...rest, tenant: SLOW, id: `user-${username}`, username, email: null, scopes: null },
      ...{ passwordHash, disabled: username === 'disabled' },
    })
  }
  const fast = hashClientSecret(STRONG)
  const slow = { argon2, bcrypt, blocked: argon2, 'disabled-argon2': argon2 }
  for (const tenant of [SLOW, FAST]) {
    const hashes = { fast, disabled: fast, none: null, ...(tenant === SLOW && slow) }
    for (const [id, hash] of Object.entries(hashes)) {
      const secret = hash === null ? [] : [{ id: '1', name: null, hash, createdAt, expiresAt: null }]
      await store.insertClient({
        ...{ ...rest, tenant, id, secrets: secret, jwks: null, public: false, scopes: [], expiresIn: null },
        ...{ grants: ['client_credentials'], accessToken: 'jwt', introspect: 'own' },
        dpopBoundAccessTokens: false,
        disabled: id.startsWith('disabled'),
      })
    }
  }
}
