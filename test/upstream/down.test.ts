/** What says that the old server is down, and what only that it has no answer to one request. */
import { expect, test } from 'vitest'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { TENANT } from '../harness.ts'
import { listen, login, REFUSED, reasonOf, reply, startNew } from './old-server.ts'

const HTML = '<html></html>'

/** What becomes of a login after an old server has failed four times. */
async function startWith(status: number, body: unknown) {
  let fails = true
  const old = await listen((_, response) =>
    fails ? reply(response, status, body) : reply(response, 403, REFUSED),
  )
  const here = startNew(old.url, { settings: { failures: 2 } })
  for (let count = 0; count < 4; count++) expect((await login(here, `user-${count}`)).status).toBe(503)
  fails = false
  const after = await login(here, 'somebody else')
  return { status: after.status, reason: reasonOf(here), asked: old.asked.length }
}

test.each([
  [500, { message: 'Internal Error' }],
  [429, { message: 'Too Many Requests' }],
  [403, HTML],
  [404, HTML],
  [301, ''],
  [200, HTML],
])(
  '%i with %j does not keep others from being asked about: it may be the doing of who has sent it',
  async (status, body) => {
    expect(await startWith(status, body)).toEqual({ status: 403, reason: 'upstream_refused', asked: 5 })
  },
)

test.each([502, 503, 504])('%i says that nobody is there: it is left alone', async (status) => {
  expect(await startWith(status, HTML)).toEqual({ status: 503, reason: 'upstream_open', asked: 2 })
})

test('one that has no answer to the request that tries whether it is back lets the next one try', async () => {
  let status = 503
  const old = await listen((_, response) => reply(response, status, REFUSED))
  let nowMs = 0
  const here = startNew(old.url, { settings: { failures: 1 }, upstreamOptions: { steadyMs: () => nowMs } })
  await login(here, 'one')
  status = 500
  nowMs = 30_000
  await login(here, 'two')
  status = 403
  expect((await login(here, 'three')).status).toBe(403)
  expect(here.states()).toEqual([{ surface: 'newstore', isOpen: false }])
})

test('of an upstream that was changed or taken away no breaker is told any more', async () => {
  const old = await listen((_, response) => reply(response, 503, REFUSED))
  const here = startNew(old.url, { settings: { failures: 1 } })
  await login(here)
  expect(here.states()).toEqual([{ surface: 'newstore', isOpen: true }])
  for (const newstore of [{}, { upstream: { url: 'https://elsewhere.example', failures: 1 } }]) {
    const now = { ...TENANT, surfaces: { newstore } }
    const { tenants } = createTenantDirectory([now], SURFACES, { defaultTenant: null, baseDomains: [] })
    expect(here.upstreams.states(tenants)).toEqual([])
  }
})
