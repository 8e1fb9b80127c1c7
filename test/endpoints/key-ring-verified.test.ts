import * as crypto from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { createMasterKey } from '../../src/crypto/seal.ts'
import { createKeyRing } from '../../src/endpoints/key-ring.ts'
import type { SigningKeyRow } from '../../src/store/rows.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'

// The real thing, with every call on record.
vi.mock('node:crypto', { spy: true })

/** How many signatures were computed since the last call. */
function computed(): number {
  const { length } = vi.mocked(crypto.verify).mock.calls
  vi.clearAllMocks()
  return length
}

const isRetired = ({ state }: SigningKeyRow) => state === 'retired'

test.each([
  ['first', -1],
  ['last', 1],
])(
  'a token is verified anew when the keys have changed, and not when they were only read; the retired key %s',
  async (_, order) => {
    const clock = () => 1_767_225_600_000
    const memory = createMemoryStore({ clock })
    const store = {
      ...memory,
      listSigningKeys: async (tenant: string) =>
        (await memory.listSigningKeys(tenant)).toSorted(
          (one, other) => order * (Number(isRetired(one)) - Number(isRetired(other))),
        ),
    }
    const keys = createKeyRing({ store, clock, masterKey: createMasterKey(new Uint8Array(32).fill(7)) })
    const jwt = await keys.sign('one', 'ES256', 'JWT', { sub: 'ann' })
    const isKnown = async (tenant: string) => (await keys.verify(tenant, jwt)) !== null
    expect([await isKnown('one'), computed()]).toEqual([true, 1])
    await keys.reload()
    expect([await isKnown('one'), computed()]).toEqual([true, 0])
    await keys.ensure('two', 'ES256')
    expect([await isKnown('two'), computed()]).toEqual([false, 0])
    await keys.rotate('one', 'ES256', { force: true })
    expect([await isKnown('one'), computed()]).toEqual([true, 1])
    expect([await isKnown('one'), computed()]).toEqual([true, 0])
    const [retired] = (await store.listSigningKeys('one')).filter(isRetired)
    await keys.withdraw('one', retired?.kid ?? '')
    expect([await isKnown('one'), computed()]).toEqual([false, 0])
  },
)
