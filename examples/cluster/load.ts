/** What integrations do all day, and a record of every token they were given. */
import { setTimeout as sleep } from 'node:timers/promises'

const TILL = basic('till', 'example-only-secret-of-the-till-0123456789')
const ORDERS_API = basic('orders-api', 'example-only-secret-of-the-orders-api-01234')
const LOGIN = {
  grant_type: 'password',
  username: 'till@example.com',
  password: 'example-only-password-of-the-till',
}

/** Between two rounds of a client; without it there would be more tokens than one wants to wait for the check of. */
const PAUSE_MS = 20

/** How long clients may wait for their last answer. */
const RECOVERY_MS = 15_000

/** What has happened, to all clients together. */
export interface Ledger {
  /** Access tokens that were answered with 200, and the refresh token each client has in the end. */
  readonly acknowledged: Set<string>
  /** Refresh tokens that bought a successor. */
  readonly spent: Set<string>
  /** Tokens that the cluster denied while the load ran, though they had been given by it. */
  readonly denied: Set<string>
  /** Requests by what the client saw: a status, or `broken` for a connection that ended without an answer. */
  readonly answers: Map<string, number>
  /** Requests without an answer, or with one of 500 and more, by the phase they failed in. */
  readonly failures: Map<string, number>
  /** Refreshes whose answer was lost, and which the client asked for once more. */
  askedAgain: number
}

export interface Load {
  readonly ledger: Ledger
  /** What failures are counted under from now on. */
  phase: string
  /** Resolves when every client has the answer to its last request. */
  stop(): Promise<void>
}

/** The clients begin at once, each with connections that it keeps. */
export function startLoad(url: string, clients: number): Load {
  const ledger: Ledger = {
    acknowledged: new Set(),
    spent: new Set(),
    denied: new Set(),
    answers: new Map(),
    failures: new Map(),
    askedAgain: 0,
  }
  const state = { stopping: false, giveUpAt: Number.POSITIVE_INFINITY }
  const load: Load = {
    ledger,
    phase: 'before',
    async stop() {
      state.stopping = true
      state.giveUpAt = performance.now() + RECOVERY_MS
      await running
    },
  }

  async function send(
    path: string,
    authorization: string,
    form: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const answer = await post(`${url}${path}`, authorization, form)
    count(ledger.answers, answer === null ? 'broken' : `${answer.status}`)
    if (answer === null || answer.status >= 500) count(ledger.failures, load.phase)
    return answer
  }

  async function introspect(token: string): Promise<void> {
    const answer = await send('/oauth/introspect', ORDERS_API, { token })
    if (answer?.status === 200 && answer.json.active !== true) ledger.denied.add(token)
  }

  async function askForToken(): Promise<void> {
    const answer = await send('/oauth/token', TILL, { grant_type: 'client_credentials' })
    if (answer?.status !== 200) return
    ledger.acknowledged.add(answer.json.access_token)
    // By way of another node, most likely.
    await introspect(answer.json.access_token)
  }

  /** Who waits for an answer when the load ends gets one, or the cluster has failed. */
  function refuseToGoOn(): void {
    if (state.giveUpAt < performance.now()) throw new Error('The cluster does not recover.')
  }

  /** Its refresh token. Asks until it has one. */
  async function logIn(): Promise<string> {
    for (;;) {
      const answer = await send('/oauth/token', TILL, LOGIN)
      if (answer?.status === 200) return answer.json.refresh_token
      refuseToGoOn()
      await sleep(50)
    }
  }

  /** The successor of a refresh token. A client that got no answer may ask again: it is given the same one. */
  async function refresh(refreshToken: string): Promise<string> {
    for (;;) {
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
      const answer = await send('/oauth/token', TILL, form)
      if (answer?.status === 200) {
        ledger.acknowledged.add(answer.json.access_token)
        ledger.spent.add(refreshToken)
        return answer.json.refresh_token
      }
      if (answer?.status === 400) {
        ledger.denied.add(refreshToken)
        return await logIn()
      }
      refuseToGoOn()
      ledger.askedAgain++
      await sleep(50)
    }
  }

  async function client(): Promise<void> {
    let refreshToken = await logIn()
    while (!state.stopping) {
      await askForToken()
      refreshToken = await refresh(refreshToken)
      await sleep(PAUSE_MS)
    }
    ledger.acknowledged.add(refreshToken)
  }

  const running = Promise.all(Array.from({ length: clients }, client))
  return load
}

/** What a node says about tokens; each of them must be as expected. Returns those that are not. */
export async function findWrong(
  url: string,
  tokens: Iterable<string>,
  expected: 'active' | 'inactive',
): Promise<readonly string[]> {
  const rest = [...tokens]
  const wrong: string[] = []
  async function ask(): Promise<void> {
    for (let token = rest.pop(); token !== undefined; token = rest.pop()) {
      const answer = await post(`${url}/oauth/introspect`, ORDERS_API, { token })
      if (answer?.status !== 200) throw new Error(`${url} does not answer: ${answer?.status ?? 'broken'}`)
      if (answer.json.active !== (expected === 'active')) wrong.push(token)
    }
  }
  await Promise.all(Array.from({ length: 16 }, ask))
  return wrong
}

// biome-ignore lint/suspicious/noExplicitAny: what is in an answer depends on what was asked
type Answer = { readonly status: number; readonly json: any } | null

/** Null: there was no answer. */
async function post(
  url: string,
  authorization: string,
  form: Readonly<Record<string, string>>,
): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { Authorization: authorization },
      body: new URLSearchParams(form),
    })
    const text = await response.text()
    return { status: response.status, json: response.ok ? JSON.parse(text) : null }
  } catch {
    return null
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}
