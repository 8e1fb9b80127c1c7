import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRequestRate } from '../../src/endpoints/request-rate.ts'
import { OAuthError } from '../../src/protocol/errors.ts'
import type { Tenant } from '../../src/protocol/policy.ts'

function tenant(limits: Partial<Tenant>): Tenant {
  return {
    id: 'shop',
    issuer: 'https://shop.example/',
    signingAlgorithm: 'RS256',
    surfaces: new Map(),
    requestsPerSecond: null,
    clientRequestsPerSecond: null,
    ...limits,
  }
}

/** Seconds to wait; 0: none. */
function waitOf(take: () => void): number | null {
  try {
    take()
    return 0
  } catch (error) {
    return error instanceof OAuthError && error.code === 'too_many_requests' ? error.retryAfter : null
  }
}

test('in no second there are more than twice as many as in a second, nor more in the long run; waiting always helps', () => {
  const gaps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 })), {
    minLength: 1,
    maxLength: 300,
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), gaps, (perSecond, pauses) => {
      let now = 1e6
      const rate = createRequestRate(() => now)
      const shop = tenant({ requestsPerSecond: perSecond })
      const granted: number[] = []
      for (const pause of pauses) {
        now += pause
        const wait = waitOf(() => rate.takeOfTenant(shop))
        if (wait === 0) granted.push(now)
        else {
          expect(wait).toBeGreaterThan(0)
          now += Number(wait) * 1000
          expect(waitOf(() => rate.takeOfTenant(shop))).toBe(0)
          granted.push(now)
        }
      }
      for (const [index, from] of granted.entries()) {
        const within = granted.slice(index).filter((at) => at < from + 1000).length
        expect(within).toBeLessThanOrEqual(2 * perSecond)
      }
      const seconds = (granted.at(-1)! - granted[0]!) / 1000
      expect(granted.length).toBeLessThanOrEqual(perSecond * (seconds + 1) + 1e-6)
    }),
  )
})

test('a whole second of requests may come at once, also after a long silence', () => {
  let now = 0
  const rate = createRequestRate(() => now)
  const shop = tenant({ requestsPerSecond: 3 })
  for (const pause of [0, 86_400_000]) {
    now += pause
    expect([1, 2, 3, 4].map(() => waitOf(() => rate.takeOfTenant(shop)))).toEqual([0, 0, 0, 1])
  }
  now += 334
  expect([1, 2].map(() => waitOf(() => rate.takeOfTenant(shop)))).toEqual([0, 1])
})

test('each tenant and each client has its own share', () => {
  const rate = createRequestRate(() => 0)
  const shop = tenant({ requestsPerSecond: 1, clientRequestsPerSecond: 1 })
  const other = { ...shop, id: 'other' }
  for (const take of [
    () => rate.takeOfTenant(shop),
    () => rate.takeOfTenant(other),
    () => rate.takeOfClient(shop, 'a'),
    () => rate.takeOfClient(shop, 'b'),
    () => rate.takeOfClient(other, 'a'),
  ]) {
    expect([waitOf(take), waitOf(take)]).toEqual([0, 1])
  }
})

test('T118 ever new clients do not let one that has had its share go on', () => {
  let now = 0
  const rate = createRequestRate(() => now)
  const shop = tenant({ clientRequestsPerSecond: 1 })
  for (let n = 0; n < 30_000; n++) {
    now += 0.01
    rate.takeOfClient(shop, `client-${n}`)
  }
  expect(waitOf(() => rate.takeOfClient(shop, 'client-0'))).toBe(1)
})
