import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StoreConflict } from '../../../src/store/errors.ts'
import * as arbitrary from './arbitrary.ts'
import { inParallel, type Open, userRow } from './fixture.ts'

export const EXISTS = { name: 'StoreConflict', kind: 'exists' }
export const CHANGED = { name: 'StoreConflict', kind: 'changed' }

export function describeUsers(open: Open): void {
  describe('users', () => {
    test('are found as they were given, by id, user name and e-mail address in any case', async () => {
      const store = await open()
      const user = userRow({ username: 'Ann', email: 'Ann@Example.com' })
      await store.insertUser(user)
      expect(await store.findUser('acme', 'u-1')).toEqual(user)
      for (const login of ['Ann', 'Ann@Example.com', 'ann@example.com', 'ANN@EXAMPLE.COM']) {
        expect(await store.findUserByLogin('acme', login)).toEqual(user)
      }
      for (const login of ['ann', 'ANN', 'u-1', 'ann@example.com ', 'Ann@Example', '%', '']) {
        expect(await store.findUserByLogin('acme', login)).toBeNull()
      }
      expect(await store.findUser('acme', 'u-2')).toBeNull()
    })

    test('belong to their tenant', async () => {
      const store = await open()
      const user = userRow()
      const other = userRow({
        tenant: 'other',
        roles: [],
        claims: {},
        email: null,
        scopes: [],
        passwordHash: null,
      })
      await store.insertUser(user)
      expect(await store.findUser('other', user.id)).toBeNull()
      expect(await store.findUserByLogin('other', user.username)).toBeNull()
      expect(await store.deleteUser('other', user.id)).toBe(false)
      expect((await store.listUsers('other', null, 10)).rows).toEqual([])
      await expect(store.updateUser(other)).rejects.toMatchObject(CHANGED)
      await store.insertUser(other)
      expect(await store.findUser('acme', user.id)).toEqual(user)
      expect(await store.findUser('other', user.id)).toEqual(other)
    })

    test('keep every column', async () => {
      const store = await open()
      let run = 0
      await fc.assert(
        fc.asyncProperty(arbitrary.user('any'), async (generated) => {
          const user = { ...generated, tenant: `tenant-${run++}` }
          await store.insertUser(user)
          expect(await store.findUser(user.tenant, user.id)).toEqual(user)
          expect(await store.findUserByLogin(user.tenant, user.username)).toEqual(user)
        }),
        { numRuns: 60 },
      )
    })

    test('share no id, user name or e-mail address, not even one as the other', async () => {
      const store = await open()
      const user = userRow({ username: 'ann@work.example', email: 'ann@example.com' })
      await store.insertUser(user)
      const taken = [
        userRow({ username: 'bob', email: 'bob@example.com' }),
        userRow({ id: 'u-2', username: 'ann@work.example', email: null }),
        userRow({ id: 'u-2', username: 'ANN@Work.example', email: null }),
        userRow({ id: 'u-2', username: 'bob', email: 'ANN@example.com' }),
        userRow({ id: 'u-2', username: 'ANN@example.com', email: 'bob@example.com' }),
        userRow({ id: 'u-2', username: 'bob', email: 'ann@work.example' }),
      ]
      for (const row of taken) await expect(store.insertUser(row)).rejects.toMatchObject(EXISTS)
      expect(await store.findUser('acme', 'u-1')).toEqual(user)
      // Nothing of those that were refused is in the way.
      const bob = userRow({ id: 'u-2', username: 'bob', email: 'bob@example.com' })
      await store.insertUser(bob)
      expect(await store.findUserByLogin('acme', 'bob')).toEqual(bob)
    })

    test('may have their e-mail address as user name', async () => {
      const store = await open()
      const user = userRow({ username: 'ann@example.com', email: 'Ann@example.com' })
      await store.insertUser(user)
      expect(await store.findUserByLogin('acme', 'ann@example.com')).toEqual(user)
      const renamed = await store.updateUser({ ...user, email: null })
      expect(await store.findUserByLogin('acme', 'ann@example.com')).toEqual(renamed)
    })

    test('that are inserted at once get the name once', async () => {
      const store = await open()
      const outcomes = await inParallel(20, (index) =>
        store.insertUser(userRow({ id: `u-${index}` })).then(
          () => 'inserted',
          (error: unknown) => (error instanceof StoreConflict ? error.kind : error),
        ),
      )
      expect(outcomes.filter((outcome) => outcome === 'inserted')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(19)
      expect((await store.listUsers('acme', null, 100)).rows).toHaveLength(1)
    })

    test('are replaced by who read them last', async () => {
      const store = await open()
      const user = userRow()
      await store.insertUser(user)
      const change = {
        ...user,
        username: 'anna',
        email: null,
        roles: [],
        scopes: ['read'],
        claims: {},
        disabled: true,
      }
      const saved = await store.updateUser(change)
      expect(saved).toEqual({ ...change, version: 2 })
      expect(await store.findUser('acme', user.id)).toEqual(saved)
      await expect(store.updateUser(change)).rejects.toMatchObject(CHANGED)
      expect((await store.updateUser({ ...saved, disabled: false })).version).toBe(3)
    })

    test('that two change at once are changed by one', async () => {
      const store = await open()
      await store.insertUser(userRow())
      const outcomes = await inParallel(10, (index) =>
        store.updateUser(userRow({ roles: [`role-${index}`] })).then(
          (user) => user.roles[0],
          (error: unknown) => (error instanceof StoreConflict ? error.kind : error),
        ),
      )
      expect(outcomes.filter((outcome) => outcome === 'changed')).toHaveLength(9)
      const winner = outcomes.find((outcome) => outcome !== 'changed')
      expect((await store.findUser('acme', 'u-1'))?.roles).toEqual([winner])
    })

    test('that are renamed free the name they had, and get no name that is taken', async () => {
      const store = await open()
      const ann = userRow()
      const bob = userRow({ id: 'u-2', username: 'bob', email: 'bob@example.com' })
      await store.insertUser(ann)
      await store.insertUser(bob)
      for (const names of [
        { username: 'bob' },
        { email: 'BOB@example.com' },
        { username: 'bob@example.com' },
      ]) {
        await expect(store.updateUser({ ...ann, ...names })).rejects.toMatchObject(EXISTS)
      }
      expect(await store.findUserByLogin('acme', 'ann')).toEqual(ann)
      expect(await store.findUserByLogin('acme', 'bob')).toEqual(bob)

      const renamed = await store.updateUser({ ...ann, username: 'anna', email: 'anna@example.com' })
      expect(await store.findUserByLogin('acme', 'ann')).toBeNull()
      expect(await store.findUserByLogin('acme', 'ann@example.com')).toBeNull()
      expect(await store.findUserByLogin('acme', 'anna@example.com')).toEqual(renamed)
      const third = userRow({ id: 'u-3' })
      await store.insertUser(third)
      expect(await store.findUserByLogin('acme', 'ann')).toEqual(third)
    })

    test('that are deleted free their names, but never their id', async () => {
      const store = await open()
      const user = userRow()
      await store.insertUser(user)
      expect(await store.isUserDeleted('acme', user.id)).toBe(false)
      expect(await store.deleteUser('acme', user.id)).toBe(true)
      expect(await store.deleteUser('acme', user.id)).toBe(false)
      expect(await store.isUserDeleted('acme', user.id)).toBe(true)
      expect(await store.isUserDeleted('other', user.id)).toBe(false)
      expect(await store.findUser('acme', user.id)).toBeNull()
      expect(await store.findUserByLogin('acme', user.username)).toBeNull()
      await expect(store.updateUser(user)).rejects.toMatchObject(CHANGED)
      await expect(store.insertUser(user)).rejects.toMatchObject(EXISTS)
      await expect(store.insertUser(userRow({ username: 'bob', email: null }))).rejects.toMatchObject(EXISTS)
      await store.insertUser(userRow({ id: 'u-2' }))
      await store.insertUser(userRow({ tenant: 'other' }))
    })

    test('that are deleted while they are inserted again stay deleted', async () => {
      const store = await open()
      await store.insertUser(userRow())
      const [deleted, again] = await Promise.allSettled([
        store.deleteUser('acme', 'u-1'),
        store.insertUser(userRow()),
      ])
      expect(deleted).toMatchObject({ status: 'fulfilled', value: true })
      expect(again.status).toBe('rejected')
      expect(await store.findUser('acme', 'u-1')).toBeNull()
    })

    test('are listed in the order of their ids, page by page', async () => {
      const store = await open()
      // U+FF5E comes before U+1F600, but its UTF-16 unit does not.
      const ids = ['A', 'B', 'a', 'a1', 'b', 'é', '\uff5e', '\u{1f600}']
      for (const id of ids.toReversed()) {
        await store.insertUser(userRow({ id, username: `user ${id}`, email: null }))
      }
      await store.insertUser(userRow({ tenant: 'other', id: 'a0' }))
      const found: string[] = []
      let after: string | null = null
      let pages = 0
      do {
        const page = await store.listUsers('acme', after, 3)
        found.push(...page.rows.map((row) => row.id))
        after = page.next
        pages += 1
      } while (after !== null)
      expect(found).toEqual(ids)
      expect(pages).toBe(3)
      expect((await store.listUsers('acme', null, ids.length)).next).toBeNull()
    })
  })
}
