/** DPoP (RFC 9449 §5): refreshing tokens that are bound to a key. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { SurfaceSettings } from '../../src/protocol/policy.ts'
import { type ClientKey, KEY, OTHER_KEY } from '../crypto/assertions.ts'
import {
  CLIENTS,
  claimsOf,
  DPOP_SURFACES,
  type DpopServer,
  LOGIN,
  startDpopServer,
  thumbprintOf,
} from './dpop-server.ts'

const PUBLIC = ['public, JWT', 'public, opaque'] as const
const CONFIDENTIAL = ['jwt', 'opaque'] as const
const ALL = [...PUBLIC, ...CONFIDENTIAL]

let server: DpopServer
let path: string
beforeEach(() => start())

async function start(settings: SurfaceSettings = {}, token: string = DPOP_SURFACES[0].token): Promise<void> {
  server = await startDpopServer(settings)
  path = token
}

const proofBy = async (key: ClientKey | null) => (key === null ? null : await server.proof(path, {}, key))

async function login(client: keyof typeof CLIENTS, key: ClientKey | null = KEY) {
  const answer = await server.post(path, { ...LOGIN, ...CLIENTS[client] }, await proofBy(key))
  expect([answer.status, answer.json().token_type]).toEqual([200, key === null ? 'Bearer' : 'DPoP'])
  return answer.json()
}

async function refresh(client: keyof typeof CLIENTS, refreshToken: string, key: ClientKey | null) {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, ...CLIENTS[client] }
  return await server.post(path, form, await proofBy(key))
}

/** Refused for its key, which ends nothing: the owner goes on. */
async function expectRefused(
  client: keyof typeof CLIENTS,
  token: string,
  key: ClientKey | null,
  reason: string,
) {
  const answer = await refresh(client, token, key)
  expect([answer.status, answer.json().error, server.lastReason()]).toEqual([400, 'invalid_grant', reason])
}

/** The thumbprint a resource server is told. */
const boundTo = async (token: string) => (await server.about(token)).cnf?.jkt

describe.each(DPOP_SURFACES)('$surface', ({ token }) => {
  describe.each(PUBLIC)('the refresh token of a %s client', (client) => {
    beforeEach(() => start({}, token))

    test('works with a proof by its key only, again and again', async () => {
      let answer = await login(client)
      for (let turn = 0; turn < 3; turn++) {
        await expectRefused(client, answer.refresh_token, OTHER_KEY, 'refresh_token_of_another_key')
        await expectRefused(client, answer.refresh_token, null, 'refresh_token_of_another_key')
        const next = await refresh(client, answer.refresh_token, KEY)
        expect([next.status, next.json().token_type]).toEqual([200, 'DPoP'])
        answer = next.json()
        expect(await boundTo(answer.access_token)).toBe(await thumbprintOf(KEY))
      }
    })

    test('that was issued without a proof is bound by the first', async () => {
      const first = await login(client, null)
      const second = (await refresh(client, first.refresh_token, KEY)).json()
      expect(second.token_type).toBe('DPoP')
      await expectRefused(client, second.refresh_token, OTHER_KEY, 'refresh_token_of_another_key')
      expect((await refresh(client, second.refresh_token, KEY)).status).toBe(200)
    })
  })

  describe.each(CONFIDENTIAL)('the refresh token of a client with a secret (%s)', (client) => {
    beforeEach(() => start({}, token))

    test('is bound by the secret, and the access token to the key of each proof', async () => {
      let { refresh_token } = await login(client)
      for (const key of [OTHER_KEY, KEY, null, OTHER_KEY]) {
        const answer = (await refresh(client, refresh_token, key)).json()
        expect(answer.token_type).toBe(key === null ? 'Bearer' : 'DPoP')
        expect(await boundTo(answer.access_token)).toBe(key === null ? undefined : await thumbprintOf(key))
        refresh_token = answer.refresh_token
      }
    })
  })
})

describe.each(ALL)('a replay within the window (%s)', (client) => {
  test('has the very same tokens, if it is by the same key', async () => {
    const { refresh_token } = await login(client)
    const first = (await refresh(client, refresh_token, KEY)).json()
    const again = await refresh(client, refresh_token, KEY)
    expect(server.harness.entries.at(-1)?.note).toBe('dpop, replayed')
    expect(again.json()).toMatchObject({ token_type: 'DPoP', refresh_token: first.refresh_token })
    expect(await boundTo(again.json().access_token)).toBe(await thumbprintOf(KEY))
    if (client === 'jwt' || client === 'public, JWT') {
      expect(claimsOf(again.json().access_token)).toEqual(claimsOf(first.access_token))
    } else expect(again.json().access_token).toBe(first.access_token)
  })

  test('has nothing by another key or by none, and ends nothing', async () => {
    const { refresh_token } = await login(client)
    const first = (await refresh(client, refresh_token, KEY)).json()
    const isPublic = client.startsWith('public')
    const reason = isPublic ? 'refresh_token_of_another_key' : 'replay_with_another_key'
    for (const key of [OTHER_KEY, null]) await expectRefused(client, refresh_token, key, reason)
    // Long after the window neither: a public client's has been stolen by somebody without its key.
    server.harness.advance(11)
    if (isPublic) {
      for (const key of [OTHER_KEY, null]) await expectRefused(client, refresh_token, key, reason)
    }
    expect((await refresh(client, first.refresh_token, KEY)).status).toBe(200)
  })

  test('of a refresh without a proof has nothing for one with a proof', async () => {
    const { refresh_token } = await login(client, null)
    const first = (await refresh(client, refresh_token, null)).json()
    await expectRefused(client, refresh_token, KEY, 'replay_with_another_key')
    expect((await refresh(client, refresh_token, null)).json().refresh_token).toBe(first.refresh_token)
  })

  test('outside of it ends the family, with the key at hand', async () => {
    const { refresh_token } = await login(client)
    const { access_token, refresh_token: next } = (await refresh(client, refresh_token, KEY)).json()
    server.harness.advance(11)
    await expectRefused(client, refresh_token, KEY, 'refresh_token_reused')
    expect(await server.about(access_token)).toEqual({ active: false })
    await expectRefused(client, next, KEY, 'refresh_token_revoked')
  })
})

test.each([0, 11])('a replay of the request as it was, %i seconds later, ends nothing', async (seconds) => {
  const { refresh_token } = await login('public, opaque')
  const proof = await proofBy(KEY)
  const form = { grant_type: 'refresh_token', refresh_token, ...CLIENTS['public, opaque'] }
  const next = (await server.post(path, form, proof)).json()
  server.harness.advance(seconds)
  expect((await server.post(path, form, proof)).json().error).toBe('invalid_dpop_proof')
  expect(server.lastReason()).toBe('dpop_proof_replayed')
  expect((await refresh('public, opaque', next.refresh_token, KEY)).status).toBe(200)
})

test.each(ALL)(
  'of 20 refreshes at once with proofs of their own all have one answer (%s)',
  async (client) => {
    const { refresh_token } = await login(client)
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(client, refresh_token, KEY)))
    expect(new Set(answers.map((answer) => answer.json().refresh_token)).size).toBe(1)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  },
)

test('a proof is spent once by a refresh that has to decide again, since another was first', async () => {
  const { refresh_token } = await login('public, opaque')
  const { store } = server.harness
  const { issue } = store
  let isFirst = true
  store.issue = async (write) => {
    if (!isFirst) return await issue(write)
    isFirst = false
    // What another request with a proof of its own does at this moment.
    expect((await refresh('public, opaque', refresh_token, KEY)).status).toBe(200)
    return 'lost'
  }
  const answer = await refresh('public, opaque', refresh_token, KEY)
  expect([answer.status, server.harness.entries.at(-1)?.note]).toEqual([200, 'dpop, replayed'])
})

test('of two keys that refresh at once with a secret one has the tokens, and the other none of them', async () => {
  const { refresh_token } = await login('opaque')
  const keys = [KEY, OTHER_KEY, KEY, OTHER_KEY]
  const answers = await Promise.all(keys.map((key) => refresh('opaque', refresh_token, key)))
  const answered = answers.flatMap((answer, index) => (answer.status === 200 ? [keys[index]] : []))
  expect(answered).toHaveLength(2)
  expect(new Set(answered).size).toBe(1)
})

test.each(ALL)('a refresh token that is kept stays bound as it was (%s)', async (client) => {
  await start({ refresh: 'keep' })
  const { refresh_token } = await login(client)
  const isPublic = client.startsWith('public')
  for (const key of [KEY, OTHER_KEY, null, KEY]) {
    const answer = await refresh(client, refresh_token, key)
    const isGood = !isPublic || key === KEY
    expect([key, answer.status]).toEqual([key, isGood ? 200 : 400])
    if (!isGood) continue
    const { access_token, refresh_token: same } = answer.json()
    expect(same).toBe(refresh_token)
    expect(await boundTo(access_token)).toBe(key === null ? undefined : await thumbprintOf(key))
  }
})

test('a client that needs proofs needs one to refresh as well', async () => {
  const { refresh_token } = await login('opaque', null)
  const client = await server.harness.store.findClient('main', 'opaque')
  if (client !== null) await server.harness.store.updateClient({ ...client, dpopBoundAccessTokens: true })
  const refused = await refresh('opaque', refresh_token, null)
  expect([refused.json().error, server.lastReason()]).toEqual(['invalid_dpop_proof', 'dpop_proof_missing'])
  expect((await refresh('opaque', refresh_token, KEY)).json().token_type).toBe('DPoP')
})
