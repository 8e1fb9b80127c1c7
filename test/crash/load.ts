import { randomBytes } from 'node:crypto'
import type { Api } from './api.ts'
import type { Action, Answered, Fact, Outcome, Surface } from './facts.ts'
import type { Journal } from './journal.ts'
import { accountOf, type Chain, learn, type Model } from './model.ts'
import type { RandomBelow } from './random.ts'

const SURFACES: readonly Surface[] = ['spree', 'standard', 'newstore']
const ALGORITHMS = ['ES256', 'RS256'] as const

export interface Load {
  readonly api: Api
  readonly journal: Journal
  /** What the workers know. The checker has a model of its own, made from the journal. */
  readonly model: Model
  readonly random: RandomBelow
  /** The server's clock, in seconds. */
  readonly now: () => number
}

/** Expiry is not looked at so close to it. Seconds. */
const MARGIN = 30

export function isExpired({ expiresAt }: Answered, { now }: Pick<Load, 'now'>): boolean {
  return expiresAt < now() + MARGIN
}

/** One thing after the other, until no answer comes: then the server is gone. How many answers came. */
export async function work(worker: number, load: Load): Promise<number> {
  for (let answers = 0; ; answers++) {
    try {
      await act(worker, choose(worker, load), load)
    } catch {
      return answers
    }
  }
}

function choose(worker: number, load: Load): Action {
  const { model, random } = load
  const { disabled } = accountOf(model, worker)
  if (disabled === true) return { kind: 'enable' }
  const chains = [...model.chains.values()].filter((chain) => chain.worker === worker && isUsable(chain))
  const chain = chains.length === 0 ? undefined : chains[random(chains.length)]
  const dice = random(100)
  if (dice < 3) return { kind: 'disable' }
  if (dice < 6) return { kind: 'secret', secret: randomBytes(32).toString('base64url') }
  if (dice < 7 && worker === 0) return { kind: 'rotate-keys' }
  if (dice < 20) return { kind: 'single', format: dice % 2 === 0 ? 'jwt' : 'opaque' }
  if (dice < 25) {
    const single = [...model.singles.values()].find((each) => each.worker === worker && each.life === 'live')
    if (single !== undefined) return { kind: 'revoke', of: single.id, token: 'access' }
  }
  if (chain === undefined || dice < 35) return { kind: 'login', surface: SURFACES[random(3)] ?? 'spree' }
  if (dice < 42) return revocationOf(chain, dice % 2 === 0, load)
  if (dice < 45 && chain.spent.length > 1) return { kind: 'reuse', of: chain.id }
  if (dice < 60 && !isExpired(chain.latest, load)) return { kind: 'introspect', of: chain.id }
  return { kind: 'refresh', of: chain.id }
}

/** An access token that has expired is dead already: then its revocation does nothing to the refresh token. */
export function revocationOf(chain: Chain, isWhole: boolean, load: Load): Action {
  const token = isWhole || isExpired(chain.latest, load) ? 'refresh' : 'access'
  return { kind: 'revoke', of: chain.id, token }
}

function isUsable({ life, refreshing }: Chain): boolean {
  return life === 'live' && !refreshing
}

/** Notes what is going to be done, does it, and notes what came of it. Throws if no answer comes. */
export async function act(worker: number, action: Action, load: Load): Promise<Outcome> {
  const { journal, model } = load
  const fact: Fact = { id: journal.intend(worker, action), worker, action, outcome: null }
  try {
    const outcome = await send(worker, action, load)
    journal.conclude(fact.id, outcome)
    learn(model, { ...fact, outcome })
    return outcome
  } catch (error) {
    learn(model, fact)
    throw error
  }
}

async function send(worker: number, action: Action, { api, model, random }: Load): Promise<Outcome> {
  const { secret } = accountOf(model, worker)
  switch (action.kind) {
    case 'login':
      return await api.login(worker, action.surface, secret)
    case 'single':
      return await api.single(worker, action.format, secret)
    case 'refresh': {
      const { surface, latest } = chainOf(model, action.of)
      return await api.refresh(worker, surface, latest.refresh ?? '', secret)
    }
    case 'reuse': {
      const { surface, spent } = chainOf(model, action.of)
      return await api.refresh(worker, surface, spent[0] ?? '', secret)
    }
    case 'revoke': {
      const single = model.singles.get(action.of)
      if (single !== undefined) {
        const surface = single.format === 'jwt' ? 'jwt' : 'spree'
        return await api.revoke(worker, surface, single.token.access, secret)
      }
      const { surface, latest } = chainOf(model, action.of)
      return await api.revoke(worker, surface, tokenOf(latest, action.token), secret)
    }
    case 'introspect': {
      const isActive = await api.isActive(chainOf(model, action.of).latest.access)
      return isActive ? { kind: 'done', tokens: null } : { kind: 'refused', status: 200, body: 'inactive' }
    }
    case 'disable':
    case 'enable':
      return await api.disableUser(worker, action.kind === 'disable')
    case 'secret':
      return await api.setSecret(worker, action.secret)
    case 'rotate-keys':
      return await api.rotateKeys(ALGORITHMS[random(ALGORITHMS.length)] ?? 'ES256')
  }
}

function tokenOf({ access, refresh }: Answered, which: 'access' | 'refresh'): string {
  return which === 'access' ? access : (refresh ?? access)
}

function chainOf(model: Model, id: number): Chain {
  const chain = model.chains.get(id)
  if (chain === undefined) throw new Error(`there is no chain ${id}`)
  return chain
}
