import { expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { startPostgres } from '../postgres/server.ts'
import { openStore } from './postgres-store.ts'

test('T072 two nodes that spend the same assertions in opposite orders do not wait for each other', async () => {
  // Whoever does waits for longer than this test has.
  const server = await startPostgres({ fsync: 'off', deadlock_timeout: '1h' })
  onTestFinished(() => server.remove())
  const url = await server.createDatabase()
  const open = () => openStore({ url, clock: Date.now })
  const [one, other] = [await open(), await open()]
  const spend = (store: Store, digest: string) =>
    store.spendAssertion({ tenant: 'acme', signer: 'shop', digest, expiresAt: 2_000_000_000 })
  for (let round = 0; round < 10; round++) {
    const digests = Array.from({ length: 60 }, (_, n) => `${round} ${n}`)
    const spent = await Promise.all([
      ...digests.map((digest) => spend(one, digest)),
      ...digests.toReversed().map((digest) => spend(other, digest)),
    ])
    expect(spent.filter((isFirst) => isFirst)).toHaveLength(60)
  }
})
