/** T084 on PostgreSQL: keys are rotated by all servers at once, while all sign. */
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import type { Mintkeeper } from '../../src/server.ts'
import { inTurns } from './nodes.ts'
import { onPostgres } from './postgres.ts'
import { configurationOf, get, post, startServer } from './servers.ts'

const installation = onPostgres()
/** Seconds after which verifiers know an announced key. */
const OVERLAP = 360
const ROUNDS = 12

interface Published {
  readonly at: number
  readonly keys: ReturnType<typeof createLocalJWKSet>
}

test('T084 a token verifies with any keys published an overlap before it, or later until it expires', async () => {
  const { url } = await installation.newDatabase()
  let now = 1_767_225_600
  const start = () => startServer(configurationOf(url), () => now * 1000)
  const servers = [await start(), await start(), await start()]
  const { store } = (servers[0] as Mintkeeper).services

  const published: Published[] = []
  async function publish(): Promise<void> {
    for (const server of servers) {
      const jwks = (await (await get(server, '/.well-known/jwks.json')).json()) as JSONWebKeySet
      published.push({ at: now, keys: createLocalJWKSet(jwks) })
    }
  }
  async function issue(server: Mintkeeper): Promise<string> {
    const response = await post(server, '/oauth/token', { grant_type: 'client_credentials' })
    expect(response.status).toBe(200)
    return ((await response.json()) as { readonly access_token: string }).access_token
  }

  const issued: string[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    await publish()
    now += OVERLAP
    const [outcomes, tokens] = await Promise.all([
      Promise.all(servers.map(({ services }) => services.keys.rotate('shop', 'RS256'))),
      Promise.all(inTurns(servers, 30).map(issue)),
    ])
    expect(outcomes.map(({ kind }) => kind)).toContain('rotated')
    issued.push(...tokens)
    // However many asked for it, it was rotated once.
    const keys = await store.listSigningKeys('shop')
    expect(keys).toHaveLength(2 + round)
    expect(keys.filter(({ state }) => state === 'active')).toHaveLength(1)
  }
  await publish()

  expect(new Set(issued.map((jwt) => decodeProtectedHeader(jwt).kid)).size).toBeGreaterThan(ROUNDS / 2)
  let verified = 0
  for (const jwt of issued) {
    const { iat = 0, exp = 0 } = decodeJwt(jwt)
    for (const { at, keys } of published) {
      // Its key was announced an overlap before it, and never earlier.
      if (at < iat - OVERLAP || at >= exp) continue
      await jwtVerify(jwt, keys, { currentDate: new Date(Math.max(at, iat) * 1000), typ: 'at+jwt' })
      verified += 1
    }
  }
  expect(verified).toBeGreaterThan(issued.length * 10)
})
