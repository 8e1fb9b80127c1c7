import { expect, test } from 'vitest'
import { createMasterKey } from '../../src/crypto/seal.ts'
import { createKeyRing } from '../../src/endpoints/key-ring.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'

test('the keys of many tenants are read anew one after the other, whatever becomes of one', async () => {
  const clock = () => 1_767_225_600_000
  const memory = createMemoryStore({ clock })
  const reported: unknown[] = []
  let reading = 0
  let most = 0
  let broken: string | null = null
  const store = {
    ...memory,
    async listSigningKeys(tenant: string) {
      most = Math.max(most, ++reading)
      await new Promise(setImmediate)
      reading--
      if (tenant === broken) throw new StoreUnavailable('the database could not be read')
      return await memory.listSigningKeys(tenant)
    },
  }
  const masterKey = createMasterKey(new Uint8Array(32).fill(7))
  const keys = createKeyRing({ store, clock, masterKey, onStale: (cause) => reported.push(cause) })
  for (let count = 0; count < 20; count++) await keys.load(`shop-${count}`)
  broken = 'shop-3'
  await keys.reload()
  expect([reading, most]).toEqual([0, 1])
  expect(reported).toHaveLength(1)
})
