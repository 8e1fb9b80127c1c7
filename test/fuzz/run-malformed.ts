/** Bytes on connections that end with them, each judged by all that comes back. */
import type { Duplex } from 'node:stream'
import { plainCaseOf } from './case.ts'
import { choiceOf } from './choice.ts'
import { written } from './draft.ts'
import { lastWords } from './lane.ts'
import { malformed } from './malformed.ts'
import type { Numbers } from './run.ts'
import type { TargetServer } from './target-server.ts'
import { INSIDES } from './verdict.ts'

/** Answers how often which status was seen. Fails with the number of the request. */
export async function runMalformed(
  { stock, world, crashes }: TargetServer,
  { seed, first, count }: Numbers,
  connect: () => Duplex,
): Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>()
  for (let number = first; number < first + count; number++) {
    const choice = choiceOf(~seed, number)
    const { draft, expected } = await plainCaseOf(choice, choice.percent(50), stock)
    const bytes = malformed(written(draft), expected === 'granted', choice)
    const said = await lastWords(connect(), bytes)
    const statuses = [...said.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => status ?? '')
    for (const status of statuses.length === 0 ? ['none'] : statuses)
      seen.set(status, (seen.get(status) ?? 0) + 1)
    const wrong =
      crashes.length > 0 ||
      statuses.some((status) => status >= '500') ||
      world.secrets.some((secret) => said.includes(secret)) ||
      (expected === 'refused' && /"(?:access|refresh)_token":"|"active":true/.test(said)) ||
      (statuses.includes('400') && INSIDES.test(said.replaceAll('\r\n', ' ')))
    if (!wrong) continue
    const name = `malformed request ${number} of FUZZ_SEED=${seed}, ${expected}`
    throw new Error(`${name}\n${JSON.stringify(bytes.toString('latin1')).slice(0, 3000)}\n${said}`, {
      cause: crashes[0],
    })
  }
  return seen
}
