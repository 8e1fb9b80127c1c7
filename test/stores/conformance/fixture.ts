import { createAuditDigest } from '../../../src/crypto/audit-digest.ts'
import type {
  ClientRow,
  Sha256,
  SigningKeyRow,
  TenantRow,
  TokenKey,
  TokenRow,
  UserRow,
} from '../../../src/store/rows.ts'
import type { IssueWrite, Store } from '../../../src/store/store.ts'

/** 2026-01-01T00:00:00Z */
export const NOW = 1_767_225_600

/** Of the audit log. */
export const auditDigest = createAuditDigest(new Uint8Array(32))

/** Opens an empty store whose clock shows what `now` says, in milliseconds. */
export type OpenStore = (clock: () => number) => Promise<Store>

/** Opens an empty store that the suite closes. */
export type Open = (clock?: () => number) => Promise<Store>

export function hashOf(seed: number): Sha256 {
  const hash = new Uint8Array(32)
  new DataView(hash.buffer).setFloat64(8, seed)
  return hash
}

/** An opaque access token and a refresh token of a user at a client. */
export function tokenRow(key: TokenKey, columns: Partial<TokenRow> = {}): TokenRow {
  return {
    key,
    tenant: 'acme',
    surface: 'standard',
    clientId: 'shop',
    userId: 'u-1',
    grantType: 'password',
    scope: ['read', 'write'],
    accessScope: ['read'],
    issuedAt: NOW,
    accessHash: hashOf(key),
    accessExpiresAt: NOW + 3600,
    refreshHash: hashOf(-key),
    refreshExpiresAt: NOW + 86_400,
    familyExpiresAt: null,
    family: null,
    parent: null,
    successor: null,
    spentAt: null,
    supersededAt: null,
    seenAt: null,
    revokedAt: null,
    jkt: 'a-thumbprint',
    ...columns,
  }
}

/** The row a refresh of `parent` writes. */
export function successorOf(parent: TokenRow, key: TokenKey, columns: Partial<TokenRow> = {}): TokenRow {
  return tokenRow(key, { family: parent.family ?? parent.key, parent: parent.key, ...columns })
}

export function write(parts: Partial<IssueWrite>): IssueWrite {
  return { spend: null, extend: null, row: null, rehash: null, ...parts }
}

/** Issues a row with a fresh key. */
export async function issued(store: Store, columns: Partial<TokenRow> = {}): Promise<TokenRow> {
  const row = tokenRow(store.nextKey(), columns)
  const outcome = await store.issue(write({ row }))
  if (outcome !== 'issued') throw new Error(`unexpected outcome ${outcome}`)
  return row
}

export function userRow(columns: Partial<UserRow> = {}): UserRow {
  return {
    tenant: 'acme',
    id: 'u-1',
    username: 'ann',
    email: 'ann@example.com',
    passwordHash: '$argon2id$v=19$old',
    roles: ['admin', 'store manager'],
    scopes: null,
    claims: { newstore_id: '3S40', nested: { list: [1, null, 'x'] } },
    disabled: false,
    tokensValidAfter: 0,
    createdAt: NOW,
    version: 1,
    ...columns,
  }
}

export function clientRow(columns: Partial<ClientRow> = {}): ClientRow {
  return {
    tenant: 'acme',
    id: 'shop',
    name: 'Shop',
    public: false,
    secrets: [
      { id: 's-1', name: null, hash: 'sha256:abc', createdAt: NOW, expiresAt: null },
      { id: 's-2', name: 'next', hash: '$2b$10$xyz', createdAt: NOW, expiresAt: NOW + 60 },
    ],
    jwks: null,
    grants: ['client_credentials', 'refresh_token'],
    scopes: ['read', 'write'],
    roles: ['sync'],
    claims: {},
    accessToken: 'opaque',
    expiresIn: 7200,
    introspect: 'own',
    dpopBoundAccessTokens: false,
    disabled: false,
    tokensValidAfter: 0,
    createdAt: NOW,
    version: 1,
    ...columns,
  }
}

export function tenantRow(columns: Partial<TenantRow> = {}): TenantRow {
  return {
    id: 'acme',
    hosts: ['acme.example.com'],
    issuer: 'https://acme.example.com/',
    signingAlgorithm: 'RS256',
    surfaces: { newstore: { expiresIn: 86_400, refresh: 'keep', scopes: [] } },
    ...columns,
  }
}

export function signingKeyRow(columns: Partial<SigningKeyRow> = {}): SigningKeyRow {
  return {
    tenant: 'acme',
    kid: 'k-1',
    algorithm: 'RS256',
    state: 'active',
    publicJwk: '{"kty":"RSA"}',
    sealedPrivateKey: new Uint8Array([0, 1, 255]),
    createdAt: NOW,
    retiredAt: null,
    goneAt: null,
    ...columns,
  }
}

/** Runs the same thing many times at once. */
export function inParallel<T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => run(index)))
}
