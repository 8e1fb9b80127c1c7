/** What must be true, as far as the facts say. */
import type { Answered, Fact, SubjectId, Surface } from './facts.ts'

/** `unknown`: its end was asked for, and nobody knows whether it came. */
export type Life = 'live' | 'dead' | 'unknown'

/** A login: one refresh token after the other. */
export interface Chain {
  readonly id: SubjectId
  readonly worker: number
  readonly surface: Surface
  latest: Answered
  /** The refresh tokens before the latest, oldest first. */
  readonly spent: string[]
  life: Life
  /** What was asked of it when it became unknown ends all of it, and not the latest issue alone. */
  endsWhole: boolean
  /** A refresh was sent, and nobody knows what became of it. */
  refreshing: boolean
}

/** A token of a client, with nothing to refresh it. */
export interface Single {
  readonly id: SubjectId
  readonly worker: number
  readonly format: 'jwt' | 'opaque'
  readonly token: Answered
  life: Life
}

export interface Account {
  disabled: boolean | 'unknown'
  /** Of the worker's client. */
  secret: string
  /** What may be the secret, if the last change of it was done. */
  candidate: string | null
  readonly oldSecrets: string[]
}

export interface Model {
  readonly chains: Map<SubjectId, Chain>
  readonly singles: Map<SubjectId, Single>
  readonly accounts: readonly Account[]
  /** Answers that must not have been given. */
  readonly violations: string[]
}

export function createModel(secrets: readonly string[]): Model {
  return {
    chains: new Map(),
    singles: new Map(),
    accounts: secrets.map((secret) => ({ disabled: false, secret, candidate: null, oldSecrets: [] })),
    violations: [],
  }
}

/** Notes a fact. Facts of one worker come in the order in which they happened. */
export function learn(model: Model, fact: Fact): void {
  const { outcome, action } = fact
  const { violations } = model
  if (outcome === null) learnUnknown(model, fact)
  else if (outcome.kind === 'refused' && action.kind !== 'reuse') {
    violations.push(`${describeFact(fact)} was refused: ${outcome.status} ${outcome.body}`)
  } else if (outcome.kind === 'done' && action.kind === 'reuse') {
    violations.push(`${describeFact(fact)} was answered, though its successor had been used`)
  } else if (outcome.kind !== 'unavailable') {
    // Of what was unavailable nothing was kept.
    learnDone(model, fact, outcome.kind === 'done' ? outcome.tokens : null)
  }
}

function learnDone(model: Model, { id, worker, action }: Fact, tokens: Answered | null): void {
  const account = accountOf(model, worker)
  switch (action.kind) {
    case 'login':
      if (tokens !== null) model.chains.set(id, newChain(id, worker, action.surface, tokens))
      break
    case 'single':
      if (tokens !== null) {
        model.singles.set(id, { id, worker, format: action.format, token: tokens, life: 'live' })
      }
      break
    case 'refresh': {
      const chain = model.chains.get(action.of)
      if (chain === undefined || tokens === null) break
      if (chain.latest.refresh !== null && tokens.refresh !== chain.latest.refresh) {
        chain.spent.push(chain.latest.refresh)
      }
      chain.latest = tokens
      chain.refreshing = false
      break
    }
    case 'revoke':
    case 'reuse':
      setLife(model, action.of, 'dead')
      break
    case 'disable':
      account.disabled = true
      for (const chain of model.chains.values()) {
        if (chain.worker === worker) chain.life = 'dead'
      }
      break
    case 'enable':
      account.disabled = false
      break
    case 'secret':
      account.oldSecrets.push(account.secret)
      account.secret = action.secret
      account.candidate = null
      break
    case 'introspect':
    case 'rotate-keys':
      break
  }
}

function learnUnknown(model: Model, { worker, action }: Fact): void {
  switch (action.kind) {
    case 'refresh': {
      const chain = model.chains.get(action.of)
      if (chain !== undefined) chain.refreshing = true
      break
    }
    case 'revoke':
    case 'reuse': {
      setLife(model, action.of, 'unknown')
      const chain = model.chains.get(action.of)
      if (chain !== undefined) chain.endsWhole = action.kind === 'reuse' || action.token === 'refresh'
      break
    }
    case 'disable':
    case 'enable':
      accountOf(model, worker).disabled = 'unknown'
      break
    case 'secret':
      accountOf(model, worker).candidate = action.secret
      break
    case 'login':
    case 'single':
    case 'introspect':
    case 'rotate-keys':
      break
  }
}

function setLife(model: Model, id: SubjectId, life: Life): void {
  const subject = model.chains.get(id) ?? model.singles.get(id)
  // What is dead stays dead, whatever else was asked.
  if (subject !== undefined && subject.life !== 'dead') subject.life = life
}

function newChain(id: SubjectId, worker: number, surface: Surface, latest: Answered): Chain {
  return {
    ...{ id, worker, surface, latest, spent: [], life: 'live' },
    ...{ endsWhole: true, refreshing: false },
  }
}

export function accountOf(model: Model, worker: number): Account {
  const account = model.accounts[worker]
  if (account === undefined) throw new Error(`there is no worker ${worker}`)
  return account
}

function describeFact({ id, worker, action }: Fact): string {
  return `fact ${id} (worker ${worker}: ${JSON.stringify(action)})`
}
