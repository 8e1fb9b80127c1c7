/** What came of a request, and what is wrong with it. */
import { expect } from 'vitest'
import { createLog, type RequestEntry } from '../../src/log/log.ts'
import { expectErrorShape, expectPlainHeaders } from './answer.ts'
import type { Case } from './case.ts'
import type { Draft } from './draft.ts'
import type { Answer } from './lane.ts'
import { CLIENTS, type HeldToken, type Stock } from './stock.ts'
import type { TargetServer } from './target-server.ts'
import type { World } from './world.ts'

/** Of traces, of files, of SQL. */
export const INSIDES =
  /\n|\bat \S+ \(|node:|node_modules|\.ts\b|\/(?:src|etc|tmp|work|home)\/|SELECT |INSERT |SQLITE|Error:/

/** Throws whatever is wrong; answers whether the request got what it asked for. */
export async function judge(
  { draft, expected }: Case,
  answer: Answer | null,
  entries: readonly RequestEntry[],
  { stock, world, published }: TargetServer,
): Promise<boolean> {
  if (answer === null) throw new Error('no answer')
  expect(answer.status).toBeLessThan(500)
  const entry = entries[0]
  if (entry === undefined) {
    // Node's own word, or that of the edge, on what is no request.
    expect([expected, draft.form, answer.body]).toEqual([
      expect.stringMatching(/^(?:refused|either)$/),
      expect.stringMatching(/^(?:odd|broken)$/),
      '',
    ])
  } else expectWellFormed(draft, answer, entry, entries.length)
  expectNothingTold(draft, answer, entries, world)
  const granted = await isGranted(draft, answer, stock)
  if (expected !== 'either') expect(granted ? 'granted' : 'refused').toBe(expected)
  if (expected === 'granted') expectSame(draft, answer, published)
  const { about } = draft
  if (expected === 'refused' && about !== null && mustLive(draft, about, stock)) {
    expect(await stock.lives(about), `${about.kind} token of ${about.client} lives`).toBe(true)
  }
  return granted
}

/** Metadata and keys are the same for everybody (T140), whatever proxies they say they come through. */
function expectSame({ operation }: Draft, { status, body }: Answer, published: Map<string, string>): void {
  expect(status).toBe(200)
  if (operation.endpoint !== 'metadata' && operation.endpoint !== 'jwks') return
  expect(body).toBe(published.get(operation.path) ?? body)
  published.set(operation.path, body)
}

function expectWellFormed(draft: Draft, answer: Answer, entry: RequestEntry, entries: number): void {
  expect(entries).toBe(1)
  expect(entry.status).toBe(answer.status)
  expectPlainHeaders(answer, entry)
  // RFC 9110 §9.3.2: no answer to HEAD has a body.
  if (draft.method === 'HEAD') return
  if (answer.status >= 400) expectErrorShape(answer, entry)
  const documented = entry.endpoint === draft.operation.endpoint && entry.surface === draft.operation.surface
  const isDocumented = documented ? draft.operation.answers.get(answer.status) : undefined
  if (isDocumented === undefined || answer.headers['Content-Type']?.startsWith('text/')) return
  if (!isDocumented(JSON.parse(answer.body))) throw new Error(JSON.stringify(isDocumented.errors))
}

/** Nothing of what is secret, and nothing of what was sent as one; no insides of the server. */
function expectNothingTold(
  draft: Draft,
  { status, headers, body }: Answer,
  entries: readonly RequestEntry[],
  { secrets }: World,
): void {
  const lines: string[] = []
  const log = createLog('trace', { write: (line: string) => void lines.push(line) })
  for (const entry of entries) log.request(entry)
  const logged = lines.join('')
  const seen = logged + JSON.stringify(headers)
  for (const secret of secrets) {
    if (body.includes(secret) || seen.includes(secret)) throw new Error(`told: ${secret}`)
  }
  for (const sent of sentSecrets(draft)) {
    // A refresh token that is kept is answered again.
    if (seen.includes(sent) || (status !== 200 && body.includes(sent))) throw new Error(`told again: ${sent}`)
  }
  if (status !== 200 && INSIDES.test(body)) throw new Error('the answer tells of the inside')
}

const SECRETS = new Set(['password', 'client_secret', 'token', 'refresh_token'])

const IDS = new Set(CLIENTS.map(({ id }) => id))

function sentSecrets({ pairs, basic, bearer }: Draft): readonly string[] {
  const texts = pairs.flatMap(([name, value]) =>
    SECRETS.has(name) && typeof value === 'string' ? [value] : [],
  )
  // What is short, or a word, may be in any text; an id that somebody takes for a secret is in logs.
  return [...texts, basic?.secret ?? '', bearer ?? ''].filter(
    (text) => text.length > 16 && /\d/.test(text) && !IDS.has(text),
  )
}

async function isGranted(draft: Draft, { status, body }: Answer, stock: Stock): Promise<boolean> {
  if (/"(?:access|refresh)_token":/.test(body) && !body.includes('"openapi"')) return true
  if (draft.operation.endpoint === 'revocation') {
    return draft.about !== null && status === 200 && !(await stock.lives(draft.about))
  }
  if (draft.operation.endpoint === 'introspection') return /"active": ?true/.test(body)
  return draft.operation.endpoint !== 'token' && status === 200
}

/** Tokens that are used are spent by that; those that are kept, and those made to be revoked, live. */
function mustLive({ operation }: Draft, about: HeldToken, stock: Stock): boolean {
  if (operation.endpoint === 'revocation') return true
  return operation.endpoint === 'token' && stock.kept.includes(about)
}
