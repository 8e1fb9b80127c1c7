import type { ClientJwks } from '../../protocol/client-jwks.ts'
import type { EpochSeconds, Seconds } from '../../protocol/time.ts'
import type { GrantType } from '../../protocol/token.ts'
import type { ClientSecretUse } from '../../store/client-secret-uses.ts'
import type { Claims, ClientRow, ClientSecretRow } from '../../store/rows.ts'
import type { Operations } from './operations.ts'

/** A client as operators see it. */
export interface ClientResource {
  readonly id: string
  readonly name: string | null
  readonly public: boolean
  readonly grants: readonly GrantType[]
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly claims: Claims
  readonly accessToken: 'jwt' | 'opaque'
  readonly expiresIn: Seconds | null
  readonly introspect: 'own' | 'any'
  readonly dpopBoundAccessTokens: boolean
  readonly disabled: boolean
  /** Its public keys; null: none. */
  readonly jwks: ClientJwks | null
  readonly secrets: readonly ClientSecretResource[]
  /** Tokens issued earlier are dead. */
  readonly tokensValidAfter: EpochSeconds
  readonly createdAt: EpochSeconds
  readonly version: number
}

/** That a client has a secret, not which. */
export interface ClientSecretResource {
  readonly id: string
  readonly name: string | null
  readonly createdAt: EpochSeconds
  readonly expiresAt: EpochSeconds | null
  /** Still works, and each use of it is told. */
  readonly muted: boolean
  /** When a client last authenticated with it; what is later than a minute ago may not be known yet. Null: never. */
  readonly lastUsedAt: EpochSeconds | null
  /** Where that came from: an IPv4 address or an IPv6 /64. */
  readonly lastUsedFrom: string | null
}

type Reads = Pick<Operations, 'store'>

export async function clientResource(reads: Reads, row: ClientRow): Promise<ClientResource> {
  return toClientResource(row, await reads.store.listClientSecretUses(row.tenant, row.id, row.id))
}

/** Of clients of one tenant, in the order of their ids. */
export async function clientResources(
  { store }: Reads,
  tenant: string,
  rows: readonly ClientRow[],
): Promise<readonly ClientResource[]> {
  const first = rows[0]
  const last = rows.at(-1)
  if (first === undefined || last === undefined) return []
  const uses = await store.listClientSecretUses(tenant, first.id, last.id)
  const byClient = Map.groupBy(uses, ({ client }) => client)
  return rows.map((row) => toClientResource(row, byClient.get(row.id) ?? []))
}

function toClientResource(row: ClientRow, uses: readonly ClientSecretUse[]): ClientResource {
  return {
    id: row.id,
    name: row.name,
    public: row.public,
    grants: row.grants,
    scopes: row.scopes,
    roles: row.roles,
    claims: row.claims,
    accessToken: row.accessToken,
    expiresIn: row.expiresIn,
    introspect: row.introspect,
    dpopBoundAccessTokens: row.dpopBoundAccessTokens,
    disabled: row.disabled,
    jwks: row.jwks,
    secrets: row.secrets.map((secret) => toSecretResource(secret, uses)),
    tokensValidAfter: row.tokensValidAfter,
    createdAt: row.createdAt,
    version: row.version,
  }
}

function toSecretResource(secret: ClientSecretRow, uses: readonly ClientSecretUse[]): ClientSecretResource {
  const { id, name, createdAt, expiresAt, muted = false } = secret
  const use = uses.find((one) => one.secret === id)
  return {
    ...{ id, name, createdAt, expiresAt, muted },
    lastUsedAt: use?.usedAt ?? null,
    lastUsedFrom: use?.usedFrom ?? null,
  }
}
