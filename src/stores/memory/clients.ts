import type { AuditEvent } from '../../store/audit.ts'
import type { ClientSecretUse, ClientSecretUseStore } from '../../store/client-secret-uses.ts'
import { StoreConflict } from '../../store/errors.ts'
import type { ImportStore } from '../../store/imported-rows.ts'
import type { ClientRow } from '../../store/rows.ts'
import type { ClientStore } from '../../store/store.ts'
import type { MemoryAudit } from './audit.ts'
import { createImportMarks } from './import-marks.ts'
import { byCodePoint, changed, mapKey, pageById } from './map-key.ts'
import type { ReadHolder } from './tenant-end.ts'

interface MemoryClients {
  readonly store: ClientStore &
    ClientSecretUseStore &
    Pick<ImportStore, 'importClient' | 'findKnownClient' | 'followClient'>
  readonly has: (tenant: string, id: string) => boolean
}

export function memoryClients(read: ReadHolder, record: MemoryAudit['record']): MemoryClients {
  const clients = new Map<string, ClientRow>()
  const marks = createImportMarks<ClientRow>()
  /** Of each client, by the ids of its secrets. */
  const uses = new Map<string, ReadonlyMap<string, ClientSecretUse>>()
  const find = async (tenant: string, id: string) => read(clients.get(mapKey(tenant, id)))

  function saveUse(use: ClientSecretUse): void {
    const key = mapKey(use.tenant, use.client)
    if (clients.get(key)?.secrets.some(({ id }) => id === use.secret) !== true) return
    const known = uses.get(key) ?? new Map<string, ClientSecretUse>()
    if ((known.get(use.secret)?.usedAt ?? 0) < use.usedAt)
      uses.set(key, new Map([...known, [use.secret, use]]))
  }

  async function insertClient(client: ClientRow, event?: AuditEvent): Promise<void> {
    const key = mapKey(client.tenant, client.id)
    if (clients.has(key)) throw new StoreConflict('exists', 'the client id is taken')
    clients.set(key, client)
    record(event)
  }

  async function updateClient(client: ClientRow, event?: AuditEvent): Promise<ClientRow> {
    const key = mapKey(client.tenant, client.id)
    if (clients.get(key)?.version !== client.version) throw changed('client')
    const saved = { ...client, version: client.version + 1 }
    clients.set(key, saved)
    const kept = [...(uses.get(key) ?? [])].filter(([id]) =>
      client.secrets.some((secret) => secret.id === id),
    )
    uses.set(key, new Map(kept))
    record(event)
    return saved
  }

  return {
    has: (tenant, id) => clients.has(mapKey(tenant, id)),
    store: {
      findClient: find,
      findCurrentClient: find,
      insertClient,
      updateClient,
      async rehashClient(client, event) {
        const saved = await updateClient(client, event)
        marks.keep(mapKey(client.tenant, client.id))
        return saved
      },
      async importClient(client, mark) {
        await insertClient(client)
        marks.set(mapKey(client.tenant, client.id), mark, client.version)
      },
      async findKnownClient(tenant, id) {
        const row = await find(tenant, id)
        return row === null ? null : marks.known(mapKey(tenant, id), row)
      },
      async followClient({ to, mark, event }) {
        const { tenant, id, version } = await updateClient(to, event)
        marks.set(mapKey(tenant, id), mark, version)
      },
      async deleteClient(tenant, id, event) {
        uses.delete(mapKey(tenant, id))
        marks.delete(mapKey(tenant, id))
        const isDeleted = clients.delete(mapKey(tenant, id))
        if (isDeleted) record(event)
        return isDeleted
      },
      listClients: async (tenant, after, limit) =>
        pageById(
          [...clients.values()].map((row) => read(row)),
          tenant,
          after,
          limit,
        ),
      saveClientSecretUses: async (saved) => saved.forEach(saveUse),
      listClientSecretUses: async (tenant, first, last) =>
        [...uses.values()]
          .flatMap((ofClient) => [...ofClient.values()])
          .filter((use) => use.tenant === tenant)
          .filter(({ client }) => byCodePoint(first, client) <= 0 && byCodePoint(client, last) <= 0),
    },
  }
}
