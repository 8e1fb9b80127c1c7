import type { ClientSecretUse, ClientSecretUseStore } from '../../store/client-secret-uses.ts'
import { change, type Operation, placeHolders, type SqlDriver, type SqlRow } from './operation.ts'

const COLUMNS = 'tenant, client_id, secret_id, used_at, used_from'

/** Uses one transaction saves: some milliseconds, after which other writes have their turn. */
const SAVED_AT_ONCE = 100

/** Whether the JSON of a client's secrets has one of this id: ids are as JSON has them, quotes within texts are not. */
function hasSecret(secrets: string, id: string): string {
  return `replace(${secrets}, '"id":"' || ${id} || '"', '') <> ${secrets}`
}

// Rows in one order, so that no two nodes wait for each other. What is left of the places is of no client.
const SAVE = `insert into client_secret_uses (${COLUMNS})
  select clients.tenant, clients.id, used.column3, cast(used.column4 as bigint), used.column5
  from (values ${Array(SAVED_AT_ONCE)
    .fill(`(${placeHolders(COLUMNS)})`)
    .join(', ')}) as used
  join clients on clients.tenant = used.column1 and clients.id = used.column2
  where ${hasSecret('clients.secrets', 'used.column3')}
  order by clients.tenant, clients.id, used.column3
  on conflict (tenant, client_id, secret_id) do update
    set used_at = excluded.used_at, used_from = excluded.used_from
    where client_secret_uses.used_at < excluded.used_at`
const LIST = `select ${COLUMNS} from client_secret_uses where tenant = ? and client_id >= ? and client_id <= ?`
const FORGET = `delete from client_secret_uses where tenant = ? and client_id = ?
  and not (${hasSecret('cast(? as text)', 'secret_id')})`

export function sqlClientSecretUses(driver: SqlDriver): ClientSecretUseStore {
  return {
    async saveClientSecretUses(uses) {
      for (let from = 0; from < uses.length; from += SAVED_AT_ONCE) {
        const part = uses.slice(from, from + SAVED_AT_ONCE)
        const places = Array.from({ length: SAVED_AT_ONCE }, (_, index) => useToColumns(part[index]))
        await driver.write(() => change(SAVE, ...places.flat()))
      }
    },
    async listClientSecretUses(tenant, first, last) {
      return (await driver.read(LIST, [tenant, first, last])).map(useFromColumns)
    },
  }
}

/**
 * Forgets the uses of secrets a client has no more; of all, without any. A use that another node is saving at this very
 * moment stays, unseen, until the client is changed again.
 */
export function* forgetClientSecretUses(tenant: string, id: string, secrets = '[]'): Operation<void> {
  yield* change(FORGET, tenant, id, secrets, secrets)
}

function useToColumns(use: ClientSecretUse | undefined) {
  if (use === undefined) return [null, null, null, null, null]
  return [use.tenant, use.client, use.secret, use.usedAt, use.usedFrom]
}

function useFromColumns([tenant, client, secret, usedAt, usedFrom]: SqlRow): ClientSecretUse {
  return {
    tenant: tenant as string,
    client: client as string,
    secret: secret as string,
    usedAt: Number(usedAt),
    usedFrom: usedFrom as string | null,
  }
}
