import type { Seconds } from '../protocol/time.ts'
import type { Store } from '../store/store.ts'

/** The longest life of the tokens that each key signed. */
export interface TokenLives {
  /** Whether a token of this life is nothing new: to be asked before each signature, and costs nothing. */
  covers(kid: string, life: Seconds): boolean
  /** Notes a life in the store, unless one as long is there. */
  note(tenant: string, kid: string, life: Seconds): Promise<void>
  /** Notes again what this process has noted, should another one have written over it. */
  repeat(tenant: string, kid: string): Promise<void>
  /** At least a day: lives up to that are not noted. */
  longest(tenant: string, kid: string): Promise<Seconds>
}

/** Nearly all tokens live shorter, and a retired key stays published for as long in any case. */
const A_DAY: Seconds = 86_400

export function createTokenLives(store: Pick<Store, 'findFact' | 'saveFact'>): TokenLives {
  const noted = new Map<string, Seconds>()
  const covered = (kid: string) => noted.get(kid) ?? A_DAY

  async function longest(tenant: string, kid: string): Promise<Seconds> {
    return Math.max(A_DAY, Number(await store.findFact(factName(tenant, kid))))
  }

  async function note(tenant: string, kid: string, life: Seconds): Promise<void> {
    if ((await longest(tenant, kid)) < life) await store.saveFact(factName(tenant, kid), String(life))
    noted.set(kid, Math.max(life, covered(kid)))
  }

  return {
    covers: (kid, life) => life <= covered(kid),
    note,
    repeat: async (tenant, kid) => (noted.has(kid) ? await note(tenant, kid, covered(kid)) : undefined),
    longest,
  }
}

function factName(tenant: string, kid: string): string {
  return `longest_token_life/${tenant}/${kid}`
}
