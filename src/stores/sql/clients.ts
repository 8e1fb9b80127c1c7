import type { ClientJwks } from '../../protocol/client-jwks.ts'
import { formatScope } from '../../protocol/scope.ts'
import type { GrantType } from '../../protocol/token.ts'
import type { AuditEvent } from '../../store/audit.ts'
import { StoreConflict } from '../../store/errors.ts'
import type { Claims, ClientRow, ClientSecretRow } from '../../store/rows.ts'
import type { ClientStore } from '../../store/store.ts'
import { pageOf } from '../page.ts'
import { forgetClientSecretUses } from './client-secret-uses.ts'
import { keepRows } from './kept-rows.ts'
import { change, type Operation, placeHolders, record, type SqlDriver, type SqlRow } from './operation.ts'
import { withTenantEnd } from './tenant-end.ts'
import { scopeFromColumn } from './token-columns.ts'

const COLUMNS =
  'tenant, id, name, public, secrets, grants, scopes, roles, claims, access_token, expires_in, introspect, ' +
  'disabled, tokens_valid_after, created_at, jwks, dpop_bound, version'
export const READ_CLIENT = withTenantEnd(COLUMNS, 'clients')
const FIND = `select ${READ_CLIENT} from clients where tenant = ? and id = ?`
const LIST = `select ${READ_CLIENT} from clients where tenant = ? and id > ? order by id limit ?`
const INSERT = `insert into clients (${COLUMNS}) values (${placeHolders(COLUMNS)})
  on conflict (tenant, id) do nothing`
const UPDATE = `update clients set name = ?, public = ?, secrets = ?, grants = ?, scopes = ?, roles = ?,
  claims = ?, access_token = ?, expires_in = ?, introspect = ?, disabled = ?, tokens_valid_after = ?,
  created_at = ?, jwks = ?, dpop_bound = ?, version = version + 1, import_version = import_version + ?
  where tenant = ? and id = ? and version = ?`
const DELETE = 'delete from clients where tenant = ? and id = ?'

type ClientColumns = readonly [
  tenant: string,
  id: string,
  name: string | null,
  isPublic: number,
  secrets: string,
  grants: string,
  scopes: string,
  roles: string,
  claims: string,
  accessToken: string,
  expiresIn: number | null,
  introspect: string,
  disabled: number,
  tokensValidAfter: number,
  createdAt: number,
  jwks: string | null,
  dpopBound: number | null,
  version: number,
]

/** A client's secrets and keys are in its row, as JSON: they are read together and changed together. */
export function sqlClients(driver: SqlDriver): ClientStore {
  async function find(tenant: string, id: string): Promise<ClientRow | null> {
    const [row] = await driver.read(FIND, [tenant, id])
    return row === undefined ? null : clientFromColumns(row)
  }

  return {
    findClient: keepRows('clients', driver.generationOf, find),
    findCurrentClient: keepRows('clients', driver.currentGenerationOf, find),
    insertClient: (client, event) => driver.write(() => insertClient(client, event)),
    updateClient: (client, event) => driver.write(() => updateClient(client, event)),
    rehashClient: (client, event) => driver.write(() => updateClient(client, event, true)),
    deleteClient: (tenant, id, event) => driver.write(() => deleteClient(tenant, id, event)),
    async listClients(tenant, after, limit) {
      const rows = await driver.read(LIST, [tenant, after ?? '', limit + 1])
      return pageOf(rows.map(clientFromColumns), limit, (client) => client.id)
    },
  }
}

export function* insertClient(client: ClientRow, event: AuditEvent | undefined): Operation<void> {
  const inserted = yield* change(INSERT, ...clientToColumns(client))
  if (inserted === 0) throw new StoreConflict('exists', 'the client id is taken')
  yield* record(event)
}

/** `isSame`: it is no change of what an import has brought. */
export function* updateClient(
  client: ClientRow,
  event: AuditEvent | undefined,
  isSame = false,
): Operation<ClientRow> {
  const columns = clientToColumns(client).slice(2, -1)
  const key = [client.tenant, client.id, client.version] as const
  const updated = yield* change(UPDATE, ...columns, isSame ? 1 : 0, ...key)
  if (updated === 0) throw new StoreConflict('changed', 'the client was changed or deleted since it was read')
  yield* forgetClientSecretUses(client.tenant, client.id, JSON.stringify(client.secrets))
  yield* record(event)
  return { ...client, version: client.version + 1 }
}

function* deleteClient(tenant: string, id: string, event: AuditEvent | undefined): Operation<boolean> {
  const deleted = yield* change(DELETE, tenant, id)
  yield* forgetClientSecretUses(tenant, id)
  if (deleted > 0) yield* record(event)
  return deleted > 0
}

function clientToColumns(client: ClientRow): ClientColumns {
  return [
    client.tenant,
    client.id,
    client.name,
    client.public ? 1 : 0,
    JSON.stringify(client.secrets),
    client.grants.join(' '),
    formatScope(client.scopes),
    JSON.stringify(client.roles),
    JSON.stringify(client.claims),
    client.accessToken,
    client.expiresIn,
    client.introspect,
    client.disabled ? 1 : 0,
    client.tokensValidAfter,
    client.createdAt,
    client.jwks === null ? null : JSON.stringify(client.jwks),
    client.dpopBoundAccessTokens ? 1 : null,
    client.version,
  ]
}

export function clientFromColumns(columns: SqlRow): ClientRow {
  const client = columns as ClientColumns
  return {
    tenant: client[0],
    id: client[1],
    name: client[2],
    public: client[3] === 1,
    secrets: JSON.parse(client[4]) as ClientSecretRow[],
    grants: scopeFromColumn(client[5]) as GrantType[],
    scopes: scopeFromColumn(client[6]),
    roles: JSON.parse(client[7]) as string[],
    claims: JSON.parse(client[8]) as Claims,
    accessToken: client[9] as ClientRow['accessToken'],
    expiresIn: client[10],
    introspect: client[11] as ClientRow['introspect'],
    disabled: client[12] === 1,
    tokensValidAfter: client[13],
    createdAt: client[14],
    jwks: client[15] === null ? null : (JSON.parse(client[15]) as ClientJwks),
    dpopBoundAccessTokens: client[16] === 1,
    version: client[17],
  }
}
