/** Many requests, one after the other, each judged at once. */
import { expect } from 'vitest'
import type { RequestEntry } from '../../src/log/log.ts'
import { type Case, caseOf } from './case.ts'
import { choiceOf } from './choice.ts'
import { OPERATIONS } from './documents.ts'
import { written } from './draft.ts'
import { honestDraft } from './honest-draft.ts'
import { type Answer, createLane } from './lane.ts'
import type { TargetServer } from './target-server.ts'
import { judge } from './verdict.ts'

export interface Numbers {
  readonly seed: number
  readonly first: number
  readonly count: number
}

/** How often what was answered how; the names are for people, and for lists of what must have been there. */
export type Tally = Map<string, number>

/** Fails with the number of the request and all that is needed to repeat it. */
export async function runCases(
  server: TargetServer,
  { seed, first, count }: Numbers,
  tally: Tally,
  connect = server.connect,
): Promise<void> {
  const { stock, world } = server
  const { entries } = world.harness
  const lane = createLane(connect)
  for (let number = first; number < first + count; number++) {
    const tried = await caseOf(seed, number, stock)
    entries.length = 0
    const bytes = written(tried.draft)
    let answer: Answer | null = null
    try {
      answer = await lane.exchange(bytes, tried.draft.method)
      // What is asked to judge it is logged as well.
      const own = [...entries]
      if (server.crashes.length > 0) throw server.crashes[0]
      const granted = await judge(tried, answer, own, server)
      note(tally, tried, answer, own[0], granted)
    } catch (cause) {
      throw new Error(report(seed, number, tried, bytes, answer), { cause })
    }
  }
  lane.close()
  await expectKept(server)
}

/** Requests of every kind as the documents have them, which must succeed whatever came before. */
export async function runHonest(server: TargetServer, seed: number, connect = server.connect): Promise<void> {
  const lane = createLane(connect)
  const { stock, world } = server
  for (const [index, operation] of OPERATIONS.entries()) {
    for (let number = 0; number < 10; number++) {
      const draft = await honestDraft(operation, stock, choiceOf(seed, 1000 * index + number))
      world.harness.entries.length = 0
      const answer = await lane.exchange(written(draft), draft.method)
      await judge({ draft, expected: 'granted' }, answer, [...world.harness.entries], server)
    }
  }
  lane.close()
  await expectKept(server)
}

/** Nothing that was sent has ended what honest clients hold. */
async function expectKept({ stock }: TargetServer): Promise<void> {
  for (const token of stock.kept) {
    expect(await stock.lives(token), `${token.kind} token of ${token.client} at ${token.surface}`).toBe(true)
  }
}

function report(
  seed: number,
  number: number,
  { draft, expected }: Case,
  bytes: Buffer,
  answer: Answer | null,
): string {
  return [
    `request ${number}: FUZZ_SEED=${seed} FUZZ_REQUEST=${number} npm test -- test/fuzz/documents.test.ts`,
    `${draft.operation.surface} ${draft.operation.endpoint}: ${draft.changes.join(', ') || 'as documented'}; ${expected}`,
    clip(JSON.stringify(bytes.toString('latin1'))),
    answer === null ? 'no answer' : clip(`${answer.status} ${JSON.stringify(answer.headers)} ${answer.body}`),
  ].join('\n')
}

function clip(text: string): string {
  return text.length <= 3000 ? text : `${text.slice(0, 3000)} ... (${text.length})`
}

function note(
  tally: Tally,
  { draft, expected }: Case,
  answer: Answer | null,
  entry: RequestEntry | undefined,
  granted: boolean,
): void {
  const { surface, endpoint } = draft.operation
  const code = /"error": ?"([a-z_]+)"/.exec(answer?.body ?? '')?.[1] ?? ''
  const names = [
    `${surface} ${endpoint} ${granted ? 'granted' : 'refused'}`,
    `${surface} ${endpoint} ${answer?.status} ${code}`.trim(),
    `expected ${expected}`,
    ...(entry?.grant == null ? [] : [`${surface} ${entry.grant} ${granted ? 'granted' : 'refused'}`]),
  ]
  for (const name of names) tally.set(name, (tally.get(name) ?? 0) + 1)
}
