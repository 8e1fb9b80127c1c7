import { describe, expect, test } from 'vitest'
import type { UserRow } from '../../../src/store/rows.ts'
import { inParallel, type Open, userRow } from './fixture.ts'

function user(id: string, columns: Partial<UserRow> = {}): UserRow {
  return userRow({ id, username: `${id}@example.com`, email: `${id}@example.com`, ...columns })
}

export function describeImportUsers(open: Open): void {
  describe('importUsers', () => {
    test('adds users who are found by id and name, as if they had been inserted', async () => {
      const store = await open()
      const rows = [
        user('1'),
        user('2', { username: 'two', email: 'Two@Example.com' }),
        user('3', { email: null }),
      ]
      expect(await store.importUsers(rows)).toEqual(['imported', 'imported', 'imported'])
      for (const row of rows) {
        expect(await store.findUser('acme', row.id)).toEqual(row)
        expect(await store.findUserByLogin('acme', row.username)).toEqual(row)
      }
      expect(await store.findUserByLogin('acme', 'TWO@example.com')).toEqual(rows[1])
      expect(await store.importUsers([])).toEqual([])
    })

    test('leaves alone who is known by the id, whatever became of them', async () => {
      const store = await open()
      await store.importUsers([user('1')])
      const changed = await store.updateUser({
        ...user('1'),
        passwordHash: '$argon2id$new',
        email: 'new@example.com',
      })
      expect(await store.importUsers([user('1'), user('2')])).toEqual(['known', 'imported'])
      expect(await store.findUser('acme', '1')).toEqual(changed)
      expect(await store.findUserByLogin('acme', '1@example.com')).toEqual(changed)
    })

    test('does not bring back who was deleted, and leaves their names free', async () => {
      const store = await open()
      await store.importUsers([user('1')])
      await store.deleteUser('acme', '1')
      expect(await store.importUsers([user('1')])).toEqual(['deleted'])
      expect(await store.findCurrentUser('acme', '1')).toBeNull()
      expect(await store.findUserByLogin('acme', '1@example.com')).toBeNull()
      expect(await store.importUsers([user('2', { email: '1@example.com' })])).toEqual(['imported'])
    })

    test.each([
      ['user name', { username: 'taken' }],
      ['e-mail address', { email: 'ANN@example.COM' }],
    ])('leaves nothing behind of whose %s is another’s', async (_what, columns) => {
      const store = await open()
      const other = userRow({ id: 'other', username: 'taken', email: 'ann@example.com' })
      await store.insertUser(other)
      const row = user('1', columns)
      expect(await store.importUsers([row, user('2')])).toEqual(['name_taken', 'imported'])
      expect(await store.findCurrentUser('acme', '1')).toBeNull()
      // Whichever of its two names is no one else's.
      expect(await store.findUserByLogin('acme', '1@example.com')).toBeNull()
      expect(await store.findUserByLogin('acme', 'taken')).toEqual(other)
      expect(await store.importUsers([user('1')])).toEqual(['imported'])
    })

    test('of two with one name or id takes the first', async () => {
      const store = await open()
      const outcomes = await store.importUsers([
        user('1', { email: 'same@example.com' }),
        user('2', { email: 'SAME@example.com' }),
        user('1', { username: 'other', email: null }),
        // Its name was that of a row which could not come.
        user('3', { username: '2@example.com' }),
      ])
      expect(outcomes).toEqual(['imported', 'name_taken', 'known', 'imported'])
      expect((await store.findUserByLogin('acme', 'same@example.com'))?.id).toBe('1')
      expect((await store.findUserByLogin('acme', '2@example.com'))?.id).toBe('3')
    })

    test('belongs to a tenant', async () => {
      const store = await open()
      await store.insertUser(user('1', { tenant: 'other' }))
      expect(await store.importUsers([user('1')])).toEqual(['imported'])
    })

    test('takes many, several times at once', async () => {
      const store = await open()
      const rows = Array.from({ length: 777 }, (_, index) => user(String(index)))
      const outcomes = (await inParallel(3, () => store.importUsers(rows))).flat()
      expect(outcomes.filter((outcome) => outcome === 'imported')).toHaveLength(777)
      expect(outcomes.filter((outcome) => outcome === 'known')).toHaveLength(2 * 777)
      expect(await store.findUser('acme', '776')).toEqual(rows[776])
    })
  })
}
