import { describe, expect, it } from 'vitest'
import { applyTenant } from '../../src/admin/operations/tenants.ts'
import { BASE, createAdminHarness } from './harness.ts'
import { LISTED, STRONG, setUp } from './listed.ts'

const CLIENTS = `${BASE}/clients`

describe('whether a client needs DPoP proofs', () => {
  it('is set when it is created, and changed', async () => {
    const { admin, store } = await createAdminHarness()
    const isBound = async () => (await store.findClient('dodici', 'till'))?.dpopBoundAccessTokens
    const created = await admin('POST', CLIENTS, { body: { id: 'till', dpopBoundAccessTokens: true } })
    expect([created.body.dpopBoundAccessTokens, await isBound()]).toEqual([true, true])
    const renamed = await admin('PATCH', `${CLIENTS}/till`, { body: { name: 'Till' } })
    expect([renamed.body.dpopBoundAccessTokens, await isBound()]).toEqual([true, true])
    const body = { dpopBoundAccessTokens: false }
    const changed = await admin('PATCH', `${CLIENTS}/till`, { body })
    expect([changed.body.dpopBoundAccessTokens, await isBound()]).toEqual([false, false])
    expect((await admin('POST', CLIENTS, { body: {} })).body.dpopBoundAccessTokens).toBe(false)
  })

  it.each([null, 'true', 1])('T155 is not %s', async (dpopBoundAccessTokens) => {
    const { admin } = await createAdminHarness()
    const refused = await admin('POST', CLIENTS, { body: { dpopBoundAccessTokens } })
    expect([refused.status, refused.body.problems[0].path]).toEqual([400, 'dpopBoundAccessTokens'])
  })

  it('is as the configuration lists it', async () => {
    const { operations } = await setUp()
    const apply = async (dpopBoundAccessTokens: boolean | undefined) => {
      const client = { id: 'till', secret: STRONG, dpopBoundAccessTokens }
      return (await applyTenant(operations, { ...LISTED, users: [], clients: [client] })).items.at(-1)
    }
    expect(await apply(undefined)).toMatchObject({ outcome: 'created' })
    const updated = { outcome: 'updated', fields: ['dpopBoundAccessTokens'] }
    expect(await apply(true)).toMatchObject(updated)
    expect(await apply(true)).toMatchObject({ outcome: 'unchanged' })
    expect(await apply(undefined)).toMatchObject(updated)
  })
})
