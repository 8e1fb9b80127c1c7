/**
 * T133, T130, T120 to T125: requests that the API documents allow, and what chance makes of them. `FUZZ_RUNS` and
 * `FUZZ_SEED` make it longer and another one; a failure names its request, which `FUZZ_REQUEST` sends alone.
 */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Listener, openListener } from '../../src/cli/serve/listener.ts'
import { SILENT_LOG } from '../../src/log/log.ts'
import { caseOf } from './case.ts'
import { OPERATIONS } from './documents.ts'
import { written } from './draft.ts'
import { type Numbers, runCases, runHonest, type Tally } from './run.ts'
import { runMalformed } from './run-malformed.ts'
import { SEED } from './seed.ts'
import { TARGETS } from './target.ts'
import { createTargetServer, type TargetServer } from './target-server.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 20_000)
const ONLY = process.env.FUZZ_REQUEST === undefined ? null : Number(process.env.FUZZ_REQUEST)

/** Requests to one server: it has to remember every token that it issued. */
const OF_ONE_SERVER = 20_000

describe('T133 requests of the API documents, and what chance makes of them', () => {
  const tally: Tally = new Map()

  test('get what they are entitled to and nothing else, and are refused in the shape of their surface (T130)', async () => {
    const numbers: Numbers[] = []
    for (let first = 0; first < RUNS; first += OF_ONE_SERVER) {
      numbers.push({ seed: SEED, first, count: Math.min(OF_ONE_SERVER, RUNS - first) })
    }
    for (const some of ONLY === null ? numbers : [{ seed: SEED, first: ONLY, count: 1 }]) {
      const server = await createTargetServer()
      await runCases(server, some, tally)
      await runHonest(server, SEED)
    }
  }, 0)

  // What few requests bring about may be missing from a short run.
  test.skipIf(ONLY !== null || RUNS < 20_000)('have every answer that is documented', () => {
    expect(DOCUMENTED.filter((name) => !tally.has(name))).toEqual([])
  })

  test.skipIf(ONLY !== null)('are right and wrong in equal parts', () => {
    for (const expected of ['granted', 'refused']) {
      expect(tally.get(`expected ${expected}`)).toBeGreaterThan(RUNS / 4)
    }
    expect(tally.get('expected either')).toBeLessThan(RUNS / 4)
  })

  test('are made for every endpoint of every surface', () => {
    const names = (targets: typeof TARGETS) =>
      new Set(targets.map(({ surface, endpoint }) => `${surface} ${endpoint}`))
    expect(names(OPERATIONS)).toEqual(names(TARGETS))
  })

  test('are the same for the same number', async () => {
    const { stock } = await createTargetServer()
    for (let number = 0; number < 200; number++) {
      const [one, other] = [await caseOf(SEED, number, stock), await caseOf(SEED, number, stock)]
      expect(other.draft.changes).toEqual(one.draft.changes)
      if (one.draft.operation.endpoint !== 'revocation')
        expect(written(other.draft)).toEqual(written(one.draft))
    }
  })
})

describe.skipIf(ONLY !== null)('T133 on a port', () => {
  let server: TargetServer
  let listener: Listener

  beforeAll(async () => {
    server = await createTargetServer()
    const options = { host: '127.0.0.1', port: 0, portFlag: '--port', log: SILENT_LOG }
    listener = await openListener(server.handler, options)
  })
  afterAll(() => listener.destroy())

  const reach = () => connect(listener.port, '127.0.0.1')

  test('requests are answered as in memory', async () => {
    await runCases(server, { seed: SEED + 1, first: 0, count: Math.ceil(RUNS / 10) }, new Map(), reach)
  }, 0)

  test('what is no HTTP is no more than refused, and honest requests are answered after it', async () => {
    const seen = await runMalformed(server, { seed: SEED, first: 0, count: Math.ceil(RUNS / 10) }, reach)
    expect([...seen.keys()]).toEqual(expect.arrayContaining(['200', '400', '401', '404', '431', 'none']))
    await runHonest(server, SEED, reach)
  }, 0)
})

/** Surface, endpoint, status and code, of all that a request alone can bring about. */
const DOCUMENTED: readonly string[] = [
  ...['200', '400', '403', '404', '405', '413'].map((status) => `newstore token ${status}`),
  ...['password', 'client_credentials', 'refresh_token'].flatMap((grant) =>
    ['spree', 'standard', 'realm'].map((surface) => `${surface} ${grant} granted`),
  ),
  ...['newstore password granted', 'newstore refresh_token granted', 'newstore metadata 200'],
  ...['spree', 'standard', 'realm'].flatMap((surface) => [
    `${surface} token 200`,
    ...['invalid_request', 'invalid_grant', 'invalid_scope', 'unsupported_grant_type'].map(
      (code) => `${surface} token 400 ${code}`,
    ),
    `${surface} token 401 invalid_client`,
    `${surface} token 413 invalid_request`,
    `${surface} token ${surface === 'spree' ? '401' : '400'} unauthorized_client`,
    ...['granted', 'refused', '200', '401 invalid_client'].flatMap((answer) => [
      `${surface} revocation ${answer}`,
      `${surface} introspection ${answer}`,
    ]),
  ]),
  ...['spree revocation 403 unauthorized_client', 'spree introspection 401 invalid_token'],
  ...['spree info 200', 'spree info 401 invalid_token'],
  ...['standard', 'realm'].flatMap((surface) => [
    `${surface} token 404 not_found`,
    `${surface} token 405 method_not_allowed`,
    `${surface} metadata 200`,
    `${surface} jwks 200`,
  ]),
]
