/** The same list of requests through every way of embedding. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMintkeeper, type Mintkeeper } from '../../src/index.ts'
import { createTestConfig } from '../clients/tenant.ts'
import { AWKWARD_USERS, CASES, ISSUER, RAW_CASES } from './conformance.ts'
import { EMBEDDINGS, type Embedded } from './embeddings.ts'
import type { Send } from './exchange.ts'

let mintkeeper: Mintkeeper

beforeAll(async () => {
  const config = createTestConfig(ISSUER)
  const tenants = config.tenants.map((tenant) => ({
    ...tenant,
    users: [...(tenant.users ?? []), ...AWKWARD_USERS],
  }))
  // All embeddings fail to log in as the same user.
  const limits = { loginFailuresPerUser: 0, loginFailuresPerSource: 0 }
  mintkeeper = await createMintkeeper({ ...config, ...limits, tenants })
})
afterAll(() => mintkeeper.close())

describe.each(EMBEDDINGS)('$name', ({ bodies, host, prefix, start }) => {
  let embedded: Embedded
  const send: Send = (exchange) => embedded.send({ ...exchange, path: prefix + exchange.path })

  beforeAll(async () => {
    embedded = await start(mintkeeper)
  })
  afterAll(() => embedded.close())

  test.each(CASES)('%s', async (_, run) => run(send))
  if (bodies === 'raw') test.each(RAW_CASES)('%s', async (_, run) => run(send))

  test("the host's own routes are still reached", async () => {
    const answer = await send({ method: 'GET', path: '/host' })
    if (host === null) expect([answer.status, JSON.parse(answer.body).error]).toEqual([404, 'not_found'])
    else expect([answer.status, answer.body]).toEqual([200, host])
  })
})
