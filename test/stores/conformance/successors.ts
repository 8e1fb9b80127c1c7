import { describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../../src/store/audit.ts'
import { BY_SERVER, changeEvent } from '../../../src/store/change-event.ts'
import { everyEvent } from '../../audit/listed.ts'
import { clientRow, NOW, type Open, userRow } from './fixture.ts'
import { CHANGED, EXISTS } from './users.ts'

const SUCCESSOR = { client: 'batch', since: NOW }

function events(): { readonly client: AuditEvent; readonly user: AuditEvent } {
  const concerned = { tenant: 'acme', user: 'u-1', client: 'batch' }
  return {
    client: changeEvent(BY_SERVER, NOW * 1000, 'client.create', concerned),
    user: changeEvent(BY_SERVER, NOW * 1000, 'user.update', concerned),
  }
}

export function describeSuccessors(open: Open): void {
  describe('successors', () => {
    test('are inserted with the mark of their user and both events', async () => {
      const store = await open()
      await store.insertUser(userRow())
      const client = clientRow({ id: 'batch' })
      const marked = await store.insertSuccessor(client, userRow({ successor: SUCCESSOR }), events())
      expect(marked).toEqual(userRow({ successor: SUCCESSOR, version: 2 }))
      expect(await store.findCurrentUser('acme', 'u-1')).toEqual(marked)
      expect(await store.findUserByLogin('acme', marked.username)).toEqual(marked)
      expect(await store.findCurrentClient('acme', 'batch')).toEqual(client)
      expect((await everyEvent(store)).map(({ type }) => type)).toEqual(['client.create', 'user.update'])
    })

    test('are there both or not at all: a client of the id, a user who was changed, no such user', async () => {
      const store = await open()
      await store.insertUser(userRow())
      await store.insertClient(clientRow({ id: 'shop' }))
      const marked = userRow({ successor: SUCCESSOR })
      await expect(store.insertSuccessor(clientRow({ id: 'shop' }), marked, events())).rejects.toMatchObject(
        EXISTS,
      )
      const late = { ...marked, version: 2 }
      await expect(store.insertSuccessor(clientRow({ id: 'batch' }), late, events())).rejects.toMatchObject(
        CHANGED,
      )
      const nobody = userRow({ id: 'u-9', username: 'nobody', email: null, successor: SUCCESSOR })
      await expect(store.insertSuccessor(clientRow({ id: 'batch' }), nobody, events())).rejects.toMatchObject(
        CHANGED,
      )
      expect(await store.findCurrentClient('acme', 'batch')).toBeNull()
      expect(await store.findCurrentUser('acme', 'u-1')).toEqual(userRow())
      expect(await everyEvent(store)).toEqual([])
    })

    test('are of one: of two at once for one user, one wins', async () => {
      const store = await open()
      await store.insertUser(userRow())
      const one = (id: string) =>
        store.insertSuccessor(clientRow({ id }), userRow({ successor: { client: id, since: NOW } }))
      const outcomes = await Promise.allSettled([one('a'), one('b')])
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      const user = await store.findCurrentUser('acme', 'u-1')
      const { rows } = await store.listClients('acme', null, 10)
      expect(rows.map(({ id }) => id)).toEqual([user?.successor?.client])
    })

    test('are listed by their users, in pages, of one tenant', async () => {
      const store = await open()
      const withSuccessor = (id: string, tenant = 'acme') =>
        userRow({ tenant, id, username: id, email: null, successor: SUCCESSOR })
      for (const id of ['c', 'a', 'b']) await store.insertUser(withSuccessor(id))
      await store.insertUser(userRow({ id: 'aa', username: 'aa', email: null }))
      await store.insertUser(withSuccessor('d', 'other'))
      const first = await store.listUsersWithSuccessor('acme', null, 2)
      expect(first).toEqual({ rows: [withSuccessor('a'), withSuccessor('b')], next: 'b' })
      expect(await store.listUsersWithSuccessor('acme', 'b', 2)).toEqual({
        rows: [withSuccessor('c')],
        next: null,
      })
      const { successor: _, ...without } = withSuccessor('a')
      await store.updateUser(without)
      expect((await store.listUsersWithSuccessor('acme', null, 9)).rows.map(({ id }) => id)).toEqual([
        'b',
        'c',
      ])
    })
  })
}
