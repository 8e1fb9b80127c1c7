import { describe, expect, test } from 'vitest'
import { clientRow, inParallel, type Open } from './fixture.ts'
import { CHANGED, EXISTS } from './users.ts'

export function describeClients(open: Open): void {
  describe('clients', () => {
    test('are found as they were given', async () => {
      const store = await open()
      const jwks = { keys: [{ kty: 'OKP', kid: 'ü', crv: 'Ed25519', x: 'abc' }] } as const
      const client = clientRow({ claims: { 'https://x/y': ['ü', { z: null }] }, jwks })
      const bare = clientRow({
        id: 'bare',
        name: null,
        public: true,
        secrets: [],
        grants: [],
        scopes: [],
        roles: [],
        accessToken: 'jwt',
        expiresIn: null,
        introspect: 'any',
        dpopBoundAccessTokens: true,
        disabled: true,
      })
      await store.insertClient(client)
      await store.insertClient(bare)
      expect(await store.findClient('acme', 'shop')).toEqual(client)
      expect(await store.findClient('acme', 'bare')).toEqual(bare)
      expect(await store.findClient('acme', 'SHOP')).toBeNull()
    })

    test('belong to their tenant', async () => {
      const store = await open()
      const client = clientRow()
      const other = clientRow({ tenant: 'other', name: 'Other' })
      await store.insertClient(client)
      expect(await store.findClient('other', 'shop')).toBeNull()
      expect(await store.deleteClient('other', 'shop')).toBe(false)
      expect((await store.listClients('other', null, 10)).rows).toEqual([])
      await expect(store.updateClient(other)).rejects.toMatchObject(CHANGED)
      await store.insertClient(other)
      expect(await store.findClient('acme', 'shop')).toEqual(client)
    })

    test('have an id of their own', async () => {
      const store = await open()
      await store.insertClient(clientRow())
      await expect(store.insertClient(clientRow({ name: 'Second' }))).rejects.toMatchObject(EXISTS)
      expect((await store.findClient('acme', 'shop'))?.name).toBe('Shop')
    })

    test('are replaced by who read them last', async () => {
      const store = await open()
      const client = clientRow()
      await store.insertClient(client)
      const change = {
        ...client,
        name: 'New',
        secrets: client.secrets.slice(1),
        jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }] },
        scopes: [],
        dpopBoundAccessTokens: true,
        disabled: true,
      } as const
      const saved = await store.updateClient(change)
      expect(saved).toEqual({ ...change, version: 2 })
      expect(await store.findClient('acme', 'shop')).toEqual(saved)
      await expect(store.updateClient(change)).rejects.toMatchObject(CHANGED)
      const outcomes = await inParallel(10, () =>
        store.updateClient(saved).then(
          () => 'saved',
          () => 'refused',
        ),
      )
      expect(outcomes.filter((outcome) => outcome === 'saved')).toHaveLength(1)
    })

    test('are deleted once', async () => {
      const store = await open()
      await store.insertClient(clientRow())
      expect(await store.deleteClient('acme', 'shop')).toBe(true)
      expect(await store.deleteClient('acme', 'shop')).toBe(false)
      expect(await store.findClient('acme', 'shop')).toBeNull()
      await expect(store.updateClient(clientRow())).rejects.toMatchObject(CHANGED)
    })

    test('are listed in the order of their ids, page by page', async () => {
      const store = await open()
      for (const id of ['c', 'a', 'b']) await store.insertClient(clientRow({ id }))
      await store.insertClient(clientRow({ tenant: 'other' }))
      const first = await store.listClients('acme', null, 2)
      expect(first.rows.map((row) => row.id)).toEqual(['a', 'b'])
      expect(first.next).toBe('b')
      expect(await store.listClients('acme', 'b', 2)).toEqual({ rows: [clientRow({ id: 'c' })], next: null })
    })
  })
}
