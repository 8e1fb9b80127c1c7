/** What the old shop says of its tokens goes out only as long as nobody here says otherwise of their user. */
import { beforeEach, expect, test } from 'vitest'
import type { Harness } from '../harness.ts'
import {
  CREDENTIALS,
  type NewServer,
  type OldServer,
  reasonOf,
  spreeLogin,
  startSpree,
} from './old-server.ts'

const ANN = { id: '17', username: 'ann@example.com', email: 'ann@example.com' }

let old: OldServer
let here: NewServer
let token: string
beforeEach(async () => {
  ;({ old, here } = await startSpree())
  token = (await spreeLogin(here, CREDENTIALS)).json().access_token
})

const info = (server: Harness, bearer: string) =>
  server.send({
    ...{ method: 'GET', path: '/spree_oauth/token/info', body: null },
    headers: { authorization: `Bearer ${bearer}` },
  })

test.each([
  ['disabled', { disabled: true }, 'user_disabled'],
  ['signed out', { tokensValidAfter: 1 }, 'revoked_for_user'],
])('of a user who was learned and is %s here it is refused as an unknown one', async (_, change, reason) => {
  expect((await info(here, token)).status).toBe(200)
  const ann = await here.store.findCurrentUser('dodici', ANN.id)
  if (ann === null) throw new Error('not learned')
  await here.store.updateUser({ ...ann, ...change })
  const [refused, unknown] = [await info(here, token), await info(here, 'x'.repeat(43))]
  expect([refused.status, refused.body]).toEqual([401, unknown.body])
  expect(here.entries.at(-2)).toMatchObject({ reason, user: ANN.id })
})

test('of a user who is deleted here as well', async () => {
  await here.store.deleteUser('dodici', ANN.id)
  expect((await info(here, token)).status).toBe(401)
  expect(reasonOf(here)).toBe('user_deleted')
})

test('of an application, which is no user, it is what the shop says', async () => {
  const form = { ...CREDENTIALS, grant_type: 'client_credentials' }
  const { access_token } = (await old.harness.post('/spree_oauth/token', form)).json()
  const [expected, found] = [await info(old.harness, access_token), await info(here, access_token)]
  expect([found.status, found.body]).toEqual([200, expected.body])
})
