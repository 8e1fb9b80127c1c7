import { expect, test } from 'vitest'
import { applyTenant, type TenantInput } from '../../src/admin/operations/tenants.ts'
import { type Installation, inTurns, startNodes, tenantOf } from './nodes.ts'

const COUNT = 30
const NUMBERS = Array.from({ length: COUNT }, (_, index) => index)

/** More accounts than a server is willing to begin anew without getting on. */
const LISTED: TenantInput = {
  ...tenantOf(),
  users: NUMBERS.map((n) => ({ id: `user-${n}`, username: `user-${n}@example.com`, roles: ['admin'] })),
  clients: NUMBERS.map((n) => ({ id: `client-${n}`, public: true, grants: ['password'] })),
}

export function describeApplyRaces(installation: Installation): void {
  test('T085 one configuration that all servers apply at once is applied once', async () => {
    const nodes = await startNodes(installation)
    const reports = await Promise.all(inTurns(nodes, 4).map(({ services }) => applyTenant(services, LISTED)))
    const created = reports.flatMap(({ items }) => items.filter(({ outcome }) => outcome === 'created'))
    expect(created.map(({ id }) => id).toSorted()).toEqual(
      [...LISTED.users, ...LISTED.clients].map(({ id }) => id).toSorted(),
    )
    for (const { items } of reports) expect(items).toHaveLength(1 + 2 * COUNT)
  })
}
