import { describe, expect, test } from 'vitest'
import type { KnownRow } from '../../../src/store/imported-rows.ts'
import type { UserRow } from '../../../src/store/rows.ts'
import type { Store } from '../../../src/store/store.ts'
import { clientRow, hashOf, NOW, type Open, tokenRow, userRow } from './fixture.ts'

function user(id: string, columns: Partial<UserRow> = {}): UserRow {
  return userRow({ id, username: `${id}@example.com`, email: null, ...columns })
}

async function knownUser(store: Store, id: string): Promise<KnownRow<UserRow>> {
  const [known] = await store.findKnownUsers('acme', [id])
  if (known === undefined) throw new Error(`there is no user ${id}`)
  return known
}

export function describeFollowedRows(open: Open): void {
  describe('users that follow an import', () => {
    test('are found with what was said of them, and whether somebody has changed them since', async () => {
      const store = await open()
      await store.importUsers([{ ...user('1'), mark: 'said' }, user('2')])
      await store.insertUser(user('3'))
      const known = await store.findKnownUsers('acme', ['1', '2', '3', 'nobody'])
      expect([...known].sort((one, other) => one.row.id.localeCompare(other.row.id))).toEqual([
        { row: user('1'), mark: 'said', isUntouched: true },
        { row: user('2'), mark: null, isUntouched: false },
        { row: user('3'), mark: null, isUntouched: false },
      ])
      expect(await store.findKnownUsers('other', ['1'])).toEqual([])
      const row = await store.updateUser({ ...user('1'), roles: ['new'] })
      expect(await store.findKnownUsers('acme', ['1'])).toEqual([{ row, mark: 'said', isUntouched: false }])
    })

    test('are untouched by a stronger hash of the same password, and by nothing else', async () => {
      const store = await open()
      await store.importUsers([{ ...user('1', { passwordHash: 'weak' }), mark: 'said' }])
      const rehash = { tenant: 'acme', userId: '1', from: 'weak', to: 'strong' }
      await store.issue({ spend: null, extend: null, row: null, rehash })
      expect(await knownUser(store, '1')).toMatchObject({ row: { version: 2 }, isUntouched: true })
      await store.updateUser({ ...(await knownUser(store, '1')).row, disabled: true })
      await store.issue({
        spend: null,
        extend: null,
        row: null,
        rehash: { ...rehash, from: 'strong', to: 'weak' },
      })
      expect(await knownUser(store, '1')).toMatchObject({ row: { version: 4 }, isUntouched: false })
    })

    test('are changed as long as they are as they were read, with all of their names', async () => {
      const store = await open()
      await store.importUsers([{ ...user('1'), mark: 'said' }])
      const from = user('1')
      const to = user('1', { username: 'new', email: 'new@example.com', roles: ['admin'] })
      expect(await store.followUsers([{ from, to, mark: 'later' }])).toEqual(['followed'])
      const row = { ...to, version: 2 }
      expect(await store.findKnownUsers('acme', ['1'])).toEqual([{ row, mark: 'later', isUntouched: true }])
      expect(await store.findUserByLogin('acme', 'NEW@example.com')).toEqual(row)
      expect(await store.findUserByLogin('acme', '1@example.com')).toBeNull()
      const late = { from, to: user('1', { username: 'late' }), mark: 'late' }
      expect(await store.followUsers([late])).toEqual(['changed'])
      expect(await store.findUserByLogin('acme', 'late')).toBeNull()
      expect(await knownUser(store, '1')).toMatchObject({ row, mark: 'later' })
    })

    test('leave nothing behind if a name is another’s, and the others of the list are changed', async () => {
      const store = await open()
      await store.importUsers([user('1'), user('2'), user('3', { username: 'taken' })])
      const changes = [
        { from: user('1'), to: user('1', { username: 'free', email: 'taken' }), mark: 'a' },
        { from: user('2'), to: user('2', { username: 'free' }), mark: 'b' },
      ]
      expect(await store.followUsers(changes)).toEqual(['name_taken', 'followed'])
      expect(await store.findUserByLogin('acme', '1@example.com')).toEqual(user('1'))
      expect((await store.findUserByLogin('acme', 'free'))?.id).toBe('2')
      expect(await store.followUsers([])).toEqual([])
    })
  })

  describe('clients that follow an import', () => {
    test('are found with what was said of them, and changed as long as they are as they were read', async () => {
      const store = await open()
      const client = clientRow({ id: 'shop' })
      await store.importClient(client, 'said')
      await expect(store.importClient(client, 'twice')).rejects.toThrow('taken')
      expect(await store.findKnownClient('acme', 'shop')).toEqual({
        row: client,
        mark: 'said',
        isUntouched: true,
      })
      expect(await store.findKnownClient('acme', 'other')).toBeNull()
      await store.followClient({ from: client, to: { ...client, name: 'New' }, mark: 'later' })
      const row = { ...client, name: 'New', version: 2 }
      expect(await store.findKnownClient('acme', 'shop')).toEqual({ row, mark: 'later', isUntouched: true })
      const late = { from: client, to: { ...client, name: 'Late' }, mark: 'late' }
      await expect(store.followClient(late)).rejects.toThrow('changed')
      const rehashed = await store.rehashClient({ ...row, secrets: [] })
      expect(rehashed).toEqual({ ...row, secrets: [], version: 3 })
      expect(await store.findKnownClient('acme', 'shop')).toEqual({
        row: rehashed,
        mark: 'later',
        isUntouched: true,
      })
      await expect(store.rehashClient(row)).rejects.toThrow('changed')
      const changed = await store.updateClient({ ...rehashed, name: 'Here' })
      expect(await store.findKnownClient('acme', 'shop')).toEqual({
        row: changed,
        mark: 'later',
        isUntouched: false,
      })
    })
  })

  describe('tokens that follow an import', () => {
    test('are found by hash while they are live, and end one by one', async () => {
      const store = await open()
      const [one, two] = [tokenRow(store.nextKey()), tokenRow(store.nextKey())]
      await store.importTokens([one, two])
      const hashes = [hashOf(one.key), hashOf(-one.key), hashOf(two.key), hashOf(0.5)]
      const find = async () => await store.findLiveImportedTokens('acme', hashes)
      expect(new Set((await find()).map(({ key }) => key))).toEqual(new Set([one.key, two.key]))
      expect(await store.findLiveImportedTokens('other', hashes)).toEqual([])
      expect(await store.endImportedTokens([{ key: two.key }, { key: two.key }], NOW)).toBe(1)
      expect(await find()).toEqual([one])
      expect(await store.findToken(two.key)).toEqual({ ...two, revokedAt: NOW })
      expect(await store.endImportedTokens([{ key: two.key }], NOW + 1)).toBe(0)
      expect((await store.findToken(two.key))?.revokedAt).toBe(NOW)
    })
  })
}
