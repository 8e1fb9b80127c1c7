import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generatedAdminToken } from '../../../src/cli/serve/admin-token.ts'
import { sha256 } from '../../../src/crypto/digest.ts'
import { createRandom } from '../../../src/crypto/random.ts'
import type { Store } from '../../../src/store/store.ts'
import { openSqliteStore } from '../../../src/stores/sqlite/database.ts'
import { createWorkplace, type Workplace } from '../workplace.ts'

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
})
afterEach(() => place.remove())

/** A server's first start on the store, and what its operator was told. */
async function start(store: Store) {
  const told: string[] = []
  const notice = { show: (token: string) => void told.push(token), takeBack: () => void told.push('void') }
  const digest = await generatedAdminToken(store, createRandom(), notice)
  return { told, digest: Buffer.from(digest) }
}

describe('T085 a generated admin token', () => {
  it('is that of one server where several start at once, and the others take theirs back', async () => {
    const path = place.path('mintkeeper.db')
    const stores = await Promise.all([0, 1, 2, 3].map(() => openSqliteStore({ path, clock: Date.now })))
    const started = await Promise.all(stores.map(start))
    const winners = started.filter(({ told }) => told.length === 1)
    const losers = started.filter(({ told }) => told.length !== 1)
    expect(winners).toHaveLength(1)
    // All of them looked before any of them claimed, or this test would be none.
    expect(losers.map(({ told }) => told)).toEqual(losers.map(() => [expect.any(String), 'void']))
    expect(losers).toHaveLength(3)
    const digest = Buffer.from(sha256(winners[0]?.told[0] ?? ''))
    for (const each of started) expect(each.digest).toEqual(digest)
    const later = await start(stores[0]!)
    expect(later).toEqual({ told: [], digest })
    await Promise.all(stores.map((store) => store.close()))
  })

  it('is shown before it counts, so that a kill in between leaves no server that nobody can open', async () => {
    const store = await openSqliteStore({ path: place.path('mintkeeper.db'), clock: Date.now })
    const killed = {
      show: () => {
        throw new Error('killed')
      },
      takeBack: () => {},
    }
    await expect(generatedAdminToken(store, createRandom(), killed)).rejects.toThrow('killed')
    const { told, digest } = await start(store)
    expect(told).toHaveLength(1)
    expect(digest).toEqual(Buffer.from(sha256(told[0] ?? '')))
    await store.close()
  })
})
