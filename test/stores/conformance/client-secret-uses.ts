import { describe, expect, test } from 'vitest'
import type { ClientSecretUse } from '../../../src/store/client-secret-uses.ts'
import type { ClientSecretRow } from '../../../src/store/rows.ts'
import type { Store } from '../../../src/store/store.ts'
import { clientRow, inParallel, NOW, type Open } from './fixture.ts'

function use(columns: Partial<ClientSecretUse> = {}): ClientSecretUse {
  return { tenant: 'acme', client: 'shop', secret: 's-1', usedAt: NOW, usedFrom: '192.0.2.1', ...columns }
}

function secret(id: string, columns: Partial<ClientSecretRow> = {}): ClientSecretRow {
  return { id, name: null, hash: 'sha256:abc', createdAt: NOW, expiresAt: null, ...columns }
}

async function usesOf(store: Store, first = 'shop', last = first, tenant = 'acme') {
  const uses = await store.listClientSecretUses(tenant, first, last)
  return uses.toSorted((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)))
}

export function describeClientSecretUses(open: Open): void {
  describe('uses of client secrets', () => {
    test('are found as they were given, of the clients in a range', async () => {
      const store = await open()
      for (const id of ['a', 'b', 'c']) await store.insertClient(clientRow({ id }))
      await store.insertClient(clientRow({ id: 'b', tenant: 'other' }))
      const saved = [
        use({ client: 'a' }),
        use({ client: 'b', usedFrom: null }),
        use({ client: 'b', secret: 's-2', usedAt: NOW + 1, usedFrom: '2001:db8:0:0::/64' }),
        use({ client: 'b', tenant: 'other', usedAt: NOW + 2 }),
        use({ client: 'c' }),
      ]
      await store.saveClientSecretUses([])
      await store.saveClientSecretUses(saved)
      expect(await usesOf(store, 'a', 'c')).toEqual([saved[0], saved[1], saved[2], saved[4]])
      expect(await usesOf(store, 'b')).toEqual([saved[1], saved[2]])
      expect(await usesOf(store, 'b', 'b', 'other')).toEqual([saved[3]])
      expect(await usesOf(store, 'B')).toEqual([])
    })

    test('are the latest, whoever tells of them first', async () => {
      const store = await open()
      await store.insertClient(clientRow())
      await inParallel(20, (index) => {
        const passed = (index * 7) % 20
        return store.saveClientSecretUses([use({ usedAt: NOW + passed, usedFrom: `192.0.2.${passed}` })])
      })
      expect(await usesOf(store)).toEqual([use({ usedAt: NOW + 19, usedFrom: '192.0.2.19' })])
      await store.saveClientSecretUses([use({ usedAt: NOW + 3_000_000_000, usedFrom: null })])
      expect(await usesOf(store)).toEqual([use({ usedAt: NOW + 3_000_000_000, usedFrom: null })])
    })

    test('are saved however many there are, by two nodes at once, in whatever order', async () => {
      const store = await open()
      const ids = Array.from({ length: 250 }, (_, index) => `s-${index}`)
      await store.insertClient(clientRow({ secrets: ids.map((id) => secret(id)) }))
      const of = (usedAt: number) => ids.map((id) => use({ secret: id, usedAt }))
      await Promise.all([
        store.saveClientSecretUses(of(NOW + 1).reverse()),
        store.saveClientSecretUses(of(NOW)),
      ])
      const uses = await usesOf(store)
      expect(uses).toHaveLength(250)
      expect(new Set(uses.map(({ usedAt }) => usedAt))).toEqual(new Set([NOW + 1]))
    })

    test('are not kept of what is not there', async () => {
      const store = await open()
      const name = '"id":"s-9"'
      await store.insertClient(clientRow({ secrets: [secret('s-1', { name })] }))
      await store.insertClient(clientRow({ id: 'till', secrets: [secret('s-9')] }))
      for (const strange of [{ secret: 's-9' }, { secret: 's' }, { secret: '' }, { client: 'nobody' }]) {
        await store.saveClientSecretUses([use(strange)])
      }
      await store.saveClientSecretUses([use({ tenant: 'other' })])
      expect(await usesOf(store, '', '~')).toEqual([])
      expect(await usesOf(store, '', '~', 'other')).toEqual([])
    })

    test('go with their secret, and stay when anything else of the client is changed', async () => {
      const store = await open()
      const client = clientRow()
      await store.insertClient(client)
      await store.saveClientSecretUses([use(), use({ secret: 's-2' })])
      const named = await store.updateClient({ ...client, name: 'New' })
      expect(await usesOf(store)).toEqual([use(), use({ secret: 's-2' })])
      const one = await store.updateClient({ ...named, secrets: client.secrets.slice(1) })
      expect(await usesOf(store)).toEqual([use({ secret: 's-2' })])
      await store.updateClient({ ...one, secrets: client.secrets })
      expect(await usesOf(store)).toEqual([use({ secret: 's-2' })])
    })

    test('go with their client', async () => {
      const store = await open()
      await store.insertClient(clientRow())
      await store.insertClient(clientRow({ id: 'till' }))
      await store.saveClientSecretUses([use(), use({ client: 'till' })])
      await store.deleteClient('acme', 'shop')
      await store.insertClient(clientRow())
      expect(await usesOf(store, 'shop', 'till')).toEqual([use({ client: 'till' })])
    })

    test('change no client, for nodes keep those', async () => {
      const store = await open()
      await store.insertClient(clientRow())
      const find = () => store.findClient('acme', 'shop')
      const first = await find()
      // What keeps nothing has nothing to lose.
      let stillKept = first !== (await find())
      // A node that has not heard from its database for a second reads it anew for that alone.
      for (let attempt = 0; attempt < 10 && !stillKept; attempt++) {
        const before = await find()
        await store.saveClientSecretUses([use()])
        stillKept = (await find()) === before
      }
      expect(stillKept).toBe(true)
    })
  })
}
