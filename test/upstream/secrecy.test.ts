/** T170: what is sent to the old server, and what it answers, is in no log line, error, metric or event. */
import { expect, onTestFinished, test } from 'vitest'
import { createLog, createMetrics, createMintkeeper } from '../../src/index.ts'
import { everyEvent } from '../audit/listed.ts'
import { expectNone } from '../log/canaries.ts'
import { listen, REFUSED, reply, SUB } from './old-server.ts'

const PASSWORD = 'canary-4f7d1c-password-of-a-user'
const TOKEN = 'canary-b4b3b2-token-of-the-old-server-0123456789abc'
const SECRET = 'canary-c0ffee-secret-of-a-client-0123456789-ABCDEFGH'
const SAID = 'canary-77e0d2-said-in-an-error'
const SECRETS = [PASSWORD, TOKEN, SECRET, SAID, Buffer.from(`shop:${SECRET}`).toString('base64')]

const CLAIMS = Buffer.from(JSON.stringify({ sub: SUB, canary: TOKEN })).toString('base64url')
const JWT = `e30.${CLAIMS}.c2ln`

/** What the old server may say, with all that it has heard in it. */
const ANSWERS: readonly [number, unknown][] = [
  [200, { access_token: JWT, refresh_token: TOKEN, token_type: 'Bearer', expires_in: 60 }],
  [200, { access_token: TOKEN, refresh_token: TOKEN, token_type: 'Bearer', expires_in: 60 }],
  [200, { access_token: `${TOKEN}\r\n`, token_type: 'Bearer', expires_in: 60 }],
  [
    200,
    { access_token: `${TOKEN} \u{1f600}`, token_type: 'Bearer', expires_in: 60, resource_owner_id: SAID },
  ],
  [200, `{"${SAID}": ${PASSWORD}`],
  [403, { ...REFUSED, message: `${SAID} ${PASSWORD}` }],
  [400, { error: 'invalid_grant', error_description: SAID }],
  [401, { error: SAID }],
  [302, SAID],
  [500, { message: SAID, trace: PASSWORD }],
]

test('secrets stay where they belong, whatever is answered', async () => {
  let answer = ANSWERS[0]!
  const old = await listen((_, response) => reply(response, ...answer, { location: `/${SAID}` }))
  const written: string[] = []
  const metrics = createMetrics()
  const upstream = { url: old.url, failures: 1000 }
  const mintkeeper = await createMintkeeper(
    {
      database: 'memory:',
      tenants: [
        {
          ...{ id: 'main', hosts: ['main.example'], issuer: 'https://main.example/' },
          surfaces: { newstore: { upstream }, spree: { upstream } },
          clients: [{ id: 'shop', secret: SECRET, grants: ['password', 'refresh_token'], scopes: [] }],
        },
      ],
    },
    { log: createLog('trace', { write: (text) => void written.push(text) }), metrics },
  )
  onTestFinished(() => mintkeeper.close())
  const basic = `Basic ${Buffer.from(`shop:${SECRET}`).toString('base64')}`
  const send = async (path: string, form: Record<string, string> | null, headers = {}) => {
    const init = form === null ? {} : { method: 'POST', body: new URLSearchParams(form) }
    const request = new Request(`https://main.example${path}`, { ...init, headers })
    return (await mintkeeper.fetch(request)).status
  }
  const login = { grant_type: 'password', password: PASSWORD }
  const refresh = { grant_type: 'refresh_token', refresh_token: TOKEN }
  const statuses = new Set<number>()
  for (const [index, one] of ANSWERS.entries()) {
    answer = one
    const username = `user-${index}`
    for (const status of await Promise.all([
      send('/v0/token', { ...login, username }),
      send('/v0/refresh_token', refresh),
      send('/spree_oauth/token', { ...login, username }, { authorization: basic }),
      send('/spree_oauth/token', { ...refresh, client_id: 'shop', client_secret: SECRET }),
      send('/spree_oauth/introspect', { token: TOKEN }, { authorization: basic }),
      send('/spree_oauth/revoke', { token: TOKEN }, { authorization: basic }),
      send('/spree_oauth/token/info', null, { authorization: `Bearer ${TOKEN}` }),
    ]))
      statuses.add(status)
  }
  await old.close()
  await send('/v0/token', { ...login, username: 'the last' })
  expect([...statuses].sort()).toEqual([200, 400, 401, 403, 503])
  expect(old.asked.length).toBeGreaterThan(70)
  expect(written.length).toBeGreaterThan(70)
  expectNone(written.join('\n'), SECRETS)
  expectNone(await metrics.text(), SECRETS)
  expectNone(JSON.stringify(await everyEvent(mintkeeper.services.store)), SECRETS)
  expect(await metrics.text()).toMatch(/mintkeeper_upstream_users_learned_total\{surface="newstore"\} 1/)
  expect(await metrics.text()).toMatch(/mintkeeper_upstream_open_breakers\{surface="spree"\} 0/)
})

test('removed from the configuration, the old server is asked no more', async () => {
  const old = await listen((_, response) => reply(response, 403, REFUSED))
  const tenant = { id: 'main', hosts: ['main.example'], issuer: 'https://main.example/' }
  for (const [upstream, asked] of [
    [{ upstream: { url: old.url } }, 1],
    [{}, 1],
  ] as const) {
    const surfaces = { newstore: upstream }
    const mintkeeper = await createMintkeeper({ database: 'memory:', tenants: [{ ...tenant, surfaces }] })
    const body = new URLSearchParams({ grant_type: 'password', username: 'nobody', password: 'wrong' })
    const request = new Request('https://main.example/v0/token', { method: 'POST', body })
    expect((await mintkeeper.fetch(request)).status).toBe(403)
    expect(old.asked).toHaveLength(asked)
    await mintkeeper.close()
  }
})
