import { describe, expect, test } from 'vitest'
import { KEY_LANES } from '../../src/stores/key-sequence.ts'
import { keepLane, leaveLane, renewLane, takeLane } from '../../src/stores/sql/key-lane.ts'
import {
  hashOf,
  issued,
  NOW,
  signingKeyRow,
  successorOf,
  tokenRow,
  userRow,
  write,
} from './conformance/fixture.ts'
import { CHANGED, EXISTS } from './conformance/users.ts'
import { openInterleaved } from './read-committed.ts'

describe('while others commit between the statements of an operation', () => {
  test('a family is revoked with the child that came meanwhile', async () => {
    const outcomes: unknown[] = []
    for (let before = 0; before < 8; before++) {
      const { store, interleave } = await openInterleaved()
      const first = await issued(store)
      const second = successorOf(first, store.nextKey())
      await store.issue(write({ spend: { key: first.key, now: NOW }, row: second }))
      const late = successorOf(second, store.nextKey())
      interleave(before, async () => {
        outcomes.push(await store.issue(write({ spend: { key: second.key, now: NOW }, row: late })))
      })
      await store.revokeFamily(before % 2 === 0 ? first.key : second.key, NOW)
      for (const { key } of [first, second, late]) {
        const row = await store.findToken(key)
        if (row !== null) expect(row.revokedAt).toBe(NOW)
      }
    }
    expect(new Set(outcomes)).toEqual(new Set(['issued', 'lost']))
  })

  test.each([0, 1])(
    'an id that is retired meanwhile is not given again (before statement %i)',
    async (before) => {
      const { store, interleave } = await openInterleaved()
      await store.insertUser(userRow())
      interleave(before, () => store.deleteUser('acme', 'u-1'))
      await expect(store.insertUser(userRow({ username: 'bob', email: null }))).rejects.toMatchObject(EXISTS)
    },
  )

  test.each([0, 1])(
    'a user who is renamed and deleted leaves no name behind (before statement %i)',
    async (before) => {
      const { store, interleave } = await openInterleaved()
      await store.insertUser(userRow())
      const renaming: unknown[] = []
      interleave(before, async () => {
        renaming.push(await store.updateUser(userRow({ username: 'anna' })).catch((error) => error))
      })
      expect(await store.deleteUser('acme', 'u-1')).toBe(true)
      expect(renaming).toMatchObject([before === 0 ? { username: 'anna' } : CHANGED])
      for (const username of ['ann', 'anna']) {
        await store.insertUser(userRow({ id: `u-${username}`, username, email: null }))
      }
    },
  )

  test.each([0, 1, 2])(
    'a user who is deleted twice is deleted once (before statement %i)',
    async (before) => {
      const { store, interleave } = await openInterleaved()
      await store.insertUser(userRow())
      const others: unknown[] = []
      interleave(before, async () => others.push(await store.deleteUser('acme', 'u-1')))
      const outcome = await store.deleteUser('acme', 'u-1')
      expect([outcome, ...others].filter(Boolean)).toEqual([true])
    },
  )

  test.each([0, 1])('a fact is claimed by one of two (before statement %i)', async (before) => {
    const { store, interleave } = await openInterleaved()
    const others: string[] = []
    interleave(before, async () => others.push(await store.claimFact('owner', 'other')))
    const winner = before === 0 ? 'other' : 'one'
    expect([await store.claimFact('owner', 'one'), ...others]).toEqual([winner, winner])
  })

  test.each([0, 1])('one of two first signing keys is saved (before statement %i)', async (before) => {
    const { store, interleave } = await openInterleaved()
    const others: unknown[] = []
    interleave(before, async () => {
      others.push(await store.createSigningKeys([signingKeyRow({ kid: 'k-2' })]))
    })
    const outcome = await store.createSigningKeys([
      signingKeyRow({ kid: 'k-3', state: 'announced' }),
      signingKeyRow(),
    ])
    expect([outcome, ...others]).toEqual(before === 0 ? [false, true] : [true, false])
    const active = (await store.listSigningKeys('acme')).filter(({ state }) => state === 'active')
    expect(active.map(({ kid }) => kid)).toEqual([before === 0 ? 'k-2' : 'k-1'])
  })

  test.each([0, 1, 2])('one of two imports of a token is kept (before statement %i)', async (before) => {
    const { store, interleave } = await openInterleaved()
    const row = tokenRow(store.nextKey())
    const other = tokenRow(store.nextKey(), { accessHash: row.refreshHash, refreshHash: row.accessHash })
    const others: unknown[] = []
    interleave(before, async () => others.push(await store.importTokens([other])))
    const count = await store.importTokens([row])
    expect([count, ...others]).toEqual(before < 2 ? [0, 1] : [1, 0])
    const kept = before < 2 ? other : row
    for (const { key } of [row, other]) {
      expect(await store.findToken(key)).toEqual(key === kept.key ? kept : null)
      expect(await store.findImportedToken(hashOf(row.key), 'acme')).toEqual(kept)
      expect(await store.findImportedToken(hashOf(-row.key), 'acme')).toEqual(kept)
    }
  })

  test.each([0, 1])('a purge takes a row whole or not at all (before statement %i)', async (before) => {
    const { store, interleave } = await openInterleaved()
    const row = tokenRow(store.nextKey(), { accessExpiresAt: NOW, refreshExpiresAt: NOW })
    await store.importTokens([row])
    const extend = { key: row.key, refreshExpiresAt: NOW + 9, accessExpiresAt: NOW }
    const others: unknown[] = []
    interleave(before, async () => {
      others.push(await store.issue(write({ extend })).catch(() => 'lost'))
    })
    expect([await store.purge(NOW, 10), ...others]).toEqual(before === 0 ? [0, 'issued'] : [1, 'lost'])
    const expected = before === 0 ? { ...row, refreshExpiresAt: NOW + 9 } : null
    expect(await store.findToken(row.key)).toEqual(expected)
    expect(await store.findImportedToken(hashOf(row.key), 'acme')).toEqual(expected)
  })

  test('a rotation that finds another key active does nothing', async () => {
    const { store, interleave } = await openInterleaved()
    const first = signingKeyRow()
    await store.createSigningKeys([first])
    const rotation = (kid: string) => ({
      tenant: 'acme',
      algorithm: 'RS256' as const,
      activeKid: 'k-1',
      rows: [signingKeyRow({ kid }), signingKeyRow({ state: 'retired', retiredAt: NOW, goneAt: NOW + 9 })],
    })
    interleave(0, () => store.replaceSigningKeys(rotation('k-2')))
    expect(await store.replaceSigningKeys(rotation('k-3'))).toBe(false)
    const kids = (await store.listSigningKeys('acme')).map(({ kid, state }) => [kid, state])
    expect(kids).toEqual([
      ['k-1', 'retired'],
      ['k-2', 'active'],
    ])
  })

  test.each([0, 1, 2])('no two take the same lane (before statement %i)', async (before) => {
    const { driver, interleave } = await openInterleaved()
    const take = () => driver.write(() => takeLane(() => 0))
    const others: unknown[] = []
    interleave(before, async () => others.push((await take()).lane))
    const { lane } = await take()
    expect(others).not.toContain(lane)
  })

  test('a lane that is renewed is not taken by another, though all are taken', async () => {
    const { driver } = await openInterleaved()
    let owners = 0
    const take = () => driver.write(() => takeLane(() => owners++))
    const kept = await take()
    const oldest = await take()
    for (let others = 2; others < KEY_LANES; others++) await take()
    await driver.write(() => renewLane(kept))
    expect((await take()).lane).toBe(oldest.lane)
    // Too late: it has another owner.
    await driver.write(() => renewLane(oldest))
    await driver.write(() => leaveLane(oldest))
    expect((await take()).lane).not.toBe(oldest.lane)
    await driver.write(() => leaveLane(kept))
    expect((await take()).lane).toBe(kept.lane)
  })

  test('a kept lane is renewed again and again, and given back in the end', async () => {
    const { driver } = await openInterleaved()
    const lane = await driver.write(() => takeLane(() => 0))
    const taken = async () => {
      const [row] = await driver.read('select taken from key_lanes where lane = ?', [lane.lane])
      return Number(row?.[0])
    }
    const first = await taken()
    const kept = keepLane(driver, lane, 1)
    await expect.poll(taken).toBeGreaterThan(first + 2 * 2 ** 16)
    await kept.close()
    expect(await taken()).toBe(0)
  })
})
