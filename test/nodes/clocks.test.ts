/** Clocks that jump while the server runs, and servers whose clocks differ. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { endOfTokens } from '../../src/admin/operations/end-of-tokens.ts'
import type { Operations } from '../../src/admin/operations/operations.ts'
import { purgeExpired } from '../../src/admin/operations/purge.ts'
import { revokeTokens, revokeTokensBefore } from '../../src/admin/operations/tokens.ts'
import type { UserRow } from '../../src/store/rows.ts'
import {
  type Answer,
  firstNode,
  isActive,
  login,
  NOW,
  type Node,
  newFile,
  PASSWORD,
  refresh,
  revoke,
  startNode,
  tenantOf,
  token,
} from './nodes.ts'

const MINUTE = 60
const HOUR = 3600
const DAY = 86_400

function operationsOf({ services }: Node): Operations {
  const { store, clock, random, passwords, logins } = services
  return { store, clock, random, passwords, logins }
}

/** A server with a user whose tokens are opaque, and a client whose own tokens are JWTs. */
async function startOne(settings = {}, file = newFile()): Promise<Node> {
  const node = await firstNode(file, settings, 'jwt')
  await node.user({ username: 'ann', password: PASSWORD })
  return node
}

async function machine(node: Node): Promise<string> {
  const answer = await token(node, { grant_type: 'client_credentials' })
  expect(answer.status).toBe(200)
  return answer.json().access_token
}

async function ann({ store }: Node): Promise<UserRow> {
  const user = await store.findUserByLogin('main', 'ann')
  if (user === null) throw new Error('there is no such user')
  return user
}

async function expectAll(node: Node, texts: readonly string[], active: boolean): Promise<void> {
  for (const text of texts) expect(await isActive(node, text)).toBe(active)
}

function tokensOf(...answers: readonly Answer[]): readonly string[] {
  return answers.flatMap(({ access_token, refresh_token }) => [access_token, refresh_token])
}

describe.each([
  ['an hour', HOUR],
  ['a day', DAY],
])('T190 a clock that jumps by %s', (_what, jump) => {
  it('back ends no token and no refresh, and new tokens are good at once', async () => {
    const node = await startOne()
    const answer = await login(node, 'ann')
    const jwt = await machine(node)
    node.advance(-jump)
    await expectAll(node, [...tokensOf(answer), jwt], true)
    const refreshed = await refresh(node, answer.refresh_token)
    expect(refreshed.status).toBe(200)
    await expectAll(
      node,
      [...tokensOf(refreshed.json(), await login(node, 'ann')), await machine(node)],
      true,
    )
  })

  it('back revives nothing that was revoked, spent or ended, and nothing that expired longer ago', async () => {
    const node = await startOne({ expiresIn: HOUR })
    const revoked = await login(node, 'ann')
    await revoke(node, revoked.refresh_token)
    const spent = await login(node, 'ann')
    const second: Answer = (await refresh(node, spent.refresh_token)).json()
    await refresh(node, second.refresh_token)
    const expired = await login(node, 'ann')
    node.advance(jump + 2 * HOUR)
    const ended = await login(node, 'ann')
    await revokeTokens(operationsOf(node), 'main', { user: (await ann(node)).id })
    node.advance(-jump)
    await expectAll(node, [...tokensOf(revoked, spent, ended), expired.access_token], false)
    for (const { refresh_token } of [revoked, ended, spent]) {
      // Of the spent one the successor was spent, too: its window does not open again.
      expect((await refresh(node, refresh_token)).status).toBe(400)
    }
  })

  it('back leaves nobody out whose tokens were ended while it ran ahead', async () => {
    const node = await startOne()
    node.advance(jump)
    await revokeTokens(operationsOf(node), 'main', { user: (await ann(node)).id, client: 'shop' })
    await revokeTokensBefore(operationsOf(node), 'main', 'now')
    node.advance(-jump)
    const answer = await login(node, 'ann')
    await expectAll(node, [...tokensOf(answer), await machine(node)], true)
    expect((await refresh(node, answer.refresh_token)).status).toBe(200)
    // The next end is later than all of that.
    const known = await ann(node)
    expect(await endOfTokens(operationsOf(node), 'user', known)).toBeGreaterThan(known.tokensValidAfter)
  })

  it('ahead and back has nothing deleted that is of use: tokens, keys and denials', async () => {
    const file = newFile()
    const node = await startOne({ expiresIn: HOUR }, file)
    const answer = await login(node, 'ann')
    const [jwt, denied] = [await machine(node), await machine(node)]
    await revoke(node, denied)
    expect((await node.services.keys.rotate('main', 'ES256', { force: true })).kind).toBe('rotated')
    // The retired key is to go a day and a minute later.
    node.advance(jump + 2 * MINUTE)
    await purgeExpired(operationsOf(node))
    node.advance(-jump - 2 * MINUTE)
    // Another one has nothing in memory.
    for (const each of [node, await startNode(file, tenantOf({ expiresIn: HOUR }))]) {
      await expectAll(each, [...tokensOf(answer), jwt], true)
      await expectAll(each, [denied], false)
    }
    expect((await refresh(node, answer.refresh_token)).status).toBe(200)
  })
})

it('T190 a clock that jumps ahead ends what expires, and a purge deletes it a day later', async () => {
  const node = await startOne({ expiresIn: HOUR, refreshExpiresIn: HOUR })
  const { access_token: text } = await login(node, 'ann')
  node.advance(HOUR)
  expect(await isActive(node, text)).toBe(false)
  expect(await purgeExpired(operationsOf(node))).toBe(0)
  node.advance(DAY)
  expect(await purgeExpired(operationsOf(node))).toBe(1)
})

describe('T190 servers whose clocks are five minutes apart', () => {
  async function startTwo() {
    const file = newFile()
    const ahead = await firstNode(file, { expiresIn: HOUR }, 'jwt')
    await ahead.user({ username: 'ann', password: PASSWORD })
    const behind = await startNode(file, tenantOf({ expiresIn: HOUR }), NOW - 5 * MINUTE)
    return { ahead, behind, both: [ahead, behind] }
  }

  it('accept the tokens and refreshes of each other, in turn', async () => {
    const { ahead, behind, both } = await startTwo()
    let answer = await login(ahead, 'ann')
    for (let turn = 0; turn < 6; turn++) {
      for (const node of both) await expectAll(node, tokensOf(answer), true)
      const refreshed = await refresh(turn % 2 === 0 ? behind : ahead, answer.refresh_token)
      expect([turn, refreshed.status]).toEqual([turn, 200])
      answer = refreshed.json()
    }
  })

  it('end a token at once on both, whoever revokes it', async () => {
    const { ahead, behind, both } = await startTwo()
    for (const [one, other] of [both, both.toReversed()] as const) {
      const answer = await login(one ?? ahead, 'ann')
      const jwt = await machine(one ?? ahead)
      await revoke(other ?? behind, answer.refresh_token)
      await revoke(other ?? behind, jwt)
      for (const node of both) {
        await expectAll(node, [...tokensOf(answer), jwt], false)
        expect((await refresh(node, answer.refresh_token)).status).toBe(400)
      }
    }
  })

  it('let a user in on both after all tokens were ended on the one that is ahead', async () => {
    const { ahead, behind, both } = await startTwo()
    const before = await login(behind, 'ann')
    await revokeTokens(operationsOf(ahead), 'main', { user: (await ann(ahead)).id })
    const answer = await login(behind, 'ann')
    for (const node of both) {
      await expectAll(node, tokensOf(before), false)
      await expectAll(node, tokensOf(answer), true)
    }
  })

  it('end what the other issued until then, once the difference is over', async () => {
    const { ahead, behind, both } = await startTwo()
    const before = await login(ahead, 'ann')
    for (const node of both) node.advance(5 * MINUTE)
    await revokeTokens(operationsOf(behind), 'main', { user: (await ann(behind)).id })
    for (const node of both) await expectAll(node, tokensOf(before), false)
  })

  it('differ by no more than that in what they take for expired', async () => {
    const { ahead, behind, both } = await startTwo()
    const { access_token: early } = await login(behind, 'ann')
    for (const node of both) node.advance(HOUR)
    for (const node of both) expect(await isActive(node, early)).toBe(false)
    const { access_token: late } = await login(ahead, 'ann')
    for (const node of both) node.advance(HOUR)
    expect([await isActive(ahead, late), await isActive(behind, late)]).toEqual([false, true])
    for (const node of both) node.advance(5 * MINUTE)
    expect(await isActive(behind, late)).toBe(false)
  })

  it('are not fooled by the purge of the one that is ahead', async () => {
    const { ahead, behind } = await startTwo()
    const answer = await login(behind, 'ann')
    await purgeExpired(operationsOf(ahead))
    expect((await refresh(behind, answer.refresh_token)).status).toBe(200)
  })
})

describe('T191 time is counted in UTC', () => {
  it.each([
    ['as summer time begins in Europe', 'Europe/Berlin', Date.UTC(2026, 2, 29, 0, 59, 50)],
    ['as it ends in America', 'America/New_York', Date.UTC(2026, 10, 1, 5, 59, 50)],
    ['at a new year, when leap seconds are put in', 'UTC', Date.UTC(2026, 11, 31, 23, 59, 50)],
    ['when 31 bits of seconds are over', 'Asia/Kathmandu', (2 ** 31 - 10) * 1000],
    ['in the year 2080', 'Pacific/Kiritimati', Date.UTC(2080, 1, 29)],
  ])('%s, in %s, a token lives as long as ever', async (_when, zone, timeMs) => {
    const before = process.env.TZ
    process.env.TZ = zone
    onTestFinished(() => {
      if (before === undefined) delete process.env.TZ
      else process.env.TZ = before
    })
    const node = await startOne({ expiresIn: HOUR })
    node.advance(timeMs / 1000 - NOW)
    const answer = await login(node, 'ann')
    const jwt = await machine(node)
    expect(JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
      iat: timeMs / 1000,
      exp: timeMs / 1000 + HOUR,
    })
    node.advance(HOUR - 1)
    await expectAll(node, [...tokensOf(answer), jwt], true)
    expect((await refresh(node, answer.refresh_token)).status).toBe(200)
    node.advance(1)
    await expectAll(node, [answer.access_token, jwt], false)
  })
})
