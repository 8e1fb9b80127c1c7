/** T133: of arbitrary requests, why each was refused is found out and told, and nothing of what it said is kept. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { listRefusals } from '../../src/admin/operations/refusals.ts'
import { decodeBody } from '../../src/http/edges/body.ts'
import { fuzzedRequest } from './request-arbitrary.ts'
import { SEED } from './seed.ts'
import { MARKER, sourceOf } from './target.ts'
import { CLIENT, createWorld, PASSWORD, SPREE_PASSWORD } from './world.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 4000)

test('T133 each refusal is examined without a mistake, and keeps nothing of what was sent', async () => {
  const { harness } = await createWorld()
  let refused = 0
  for (const [index, request] of fc
    .sample(fuzzedRequest(await createWorld()), { numRuns: RUNS, seed: SEED })
    .entries()) {
    await harness.app.handle(
      {
        ...{ method: request.method, url: request.url },
        headers: {
          get: (name) => (Object.hasOwn(request.headers, name) ? (request.headers[name] ?? null) : null),
        },
        text: async () => decodeBody([request.body]),
      },
      { host: request.host, source: sourceOf(index) },
    )
    if (harness.entries.at(-1)?.outcome !== 'ok') refused += 1
    if (index % 100 === 0) await harness.writeRefusals()
  }
  await harness.writeRefusals()
  const { items } = await listRefusals(harness.services as never, null, { before: null, limit: RUNS })
  expect(await harness.store.listRefusalsLeftOut('any', 10)).toEqual([])
  expect([items.length >= refused, refused > RUNS / 2]).toEqual([true, true])
  const facts = new Set(items.flatMap(({ diagnosis }) => diagnosis.facts.map(({ fact }) => fact)))
  expect(facts.size).toBeGreaterThan(20)
  for (const { request, ...item } of items) {
    // Where it was sent to, and what it says it is, is kept as it was said.
    const { host, userAgent, ...rest } = request
    const text = JSON.stringify({ ...item, request: rest }).replaceAll(host ?? MARKER, '')
    for (const secret of [MARKER, PASSWORD, SPREE_PASSWORD, CLIENT.secret]) expect(text).not.toContain(secret)
  }
})
