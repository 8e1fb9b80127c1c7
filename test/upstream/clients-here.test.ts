/** What the old shop says of tokens goes out only as long as nobody here says otherwise of their client. */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { ClientRow } from '../../src/store/rows.ts'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import type { Harness } from '../harness.ts'
import { startPostgres } from '../postgres/server.ts'
import {
  listen,
  type NewServer,
  type OldServer,
  reasonOf,
  reply,
  SPREE_CLIENT,
  startNew,
  startOld,
} from './old-server.ts'

/** It may ask about every token, in the old shop as well as here. */
const API = { ...SPREE_CLIENT, id: 'api', introspect: 'any' } as const

let old: OldServer
let here: NewServer
let token: string
beforeEach(async () => {
  old = await startOld()
  here = startNew(old.url, { surface: 'spree' })
  for (const server of [old.harness, here])
    for (const client of [SPREE_CLIENT, API]) await server.client(client)
  token = await issued()
})

async function issued(): Promise<string> {
  const client = { client_id: SPREE_CLIENT.id, client_secret: SPREE_CLIENT.secret }
  const form = { grant_type: 'client_credentials', ...client }
  return (await old.harness.post('/spree_oauth/token', form)).json().access_token
}

const info = (server: Harness, bearer = token) =>
  server.send({
    ...{ method: 'GET', path: '/spree_oauth/token/info', body: null },
    headers: { authorization: `Bearer ${bearer}` },
  })

const introspect = (server: Harness) =>
  server.post('/spree_oauth/introspect', { token, client_id: API.id, client_secret: API.secret })

async function change(server: Harness, changes: Partial<ClientRow>): Promise<void> {
  const client = await server.store.findCurrentClient('dodici', SPREE_CLIENT.id)
  if (client === null) throw new Error('no such client')
  await server.store.updateClient({ ...client, ...changes })
}

describe.each([
  ['is disabled', { disabled: true }, 'client_disabled'],
  ['had its tokens ended', { tokensValidAfter: 2_000_000_000 }, 'revoked_for_client'],
])('of a client that %s here', (_, changes, reason) => {
  test('T053 token info is refused as that of an unknown token', async () => {
    expect((await info(here)).status).toBe(200)
    await change(here, changes)
    const refused = await info(here)
    expect([refused.status, reasonOf(here)]).toEqual([401, reason])
    expect(refused.body).toBe((await info(here, 'x'.repeat(43))).body)
  })

  test('T053 it is inactive', async () => {
    expect((await introspect(here)).json()).toMatchObject({ active: true, client_id: SPREE_CLIENT.id })
    await change(here, changes)
    const answer = await introspect(here)
    expect([answer.status, answer.body]).toEqual([200, '{"active":false}'])
  })
})

test('what was issued after the tokens of the client were ended is as the shop says', async () => {
  await change(here, { tokensValidAfter: old.harness.now() + 10 })
  expect([(await info(here)).status, (await introspect(here)).body]).toEqual([401, '{"active":false}'])
  old.harness.advance(10)
  token = await issued()
  for (const ask of [info, introspect]) {
    const [expected, found] = [await ask(old.harness), await ask(here)]
    expect([found.status, found.body]).toEqual([200, expected.body])
  }
})

test('a client that only the shop knows is its own affair', async () => {
  await here.store.deleteClient('dodici', SPREE_CLIENT.id)
  expect([(await info(here)).status, (await introspect(here)).json().active]).toEqual([200, true])
})

// PostgreSQL refuses to be asked for them.
test('what is the id of no client on any database is passed on', async () => {
  const postgres = await startPostgres({ fsync: 'off' })
  onTestFinished(() => postgres.remove())
  const url = await postgres.createDatabase()
  const store = await openPostgresStore({ url, clock: () => old.harness.now() * 1000 })
  onTestFinished(() => store.close())
  let uid = ''
  const shop = await listen((_, response) =>
    reply(response, 200, { resource_owner_id: null, application: { uid } }),
  )
  const server = startNew(shop.url, { surface: 'spree', store })
  for (uid of ['a\0', '\ud800', '']) {
    const { status, json } = await info(server)
    expect([status, json().application]).toEqual([200, { uid }])
  }
}, 20_000)
