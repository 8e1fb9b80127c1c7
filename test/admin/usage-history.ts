import type { Store } from '../../src/store/store.ts'
import type { Usage, UsageFact, UsageKey } from '../../src/store/usage.ts'

export const DAY = 86_400

/** Somebody who names this is not to be believed, nor shown as it is. */
export const HOSTILE_AGENT = `</script><img src=x onerror="alert(1)">&'\``

/** Calls on the days before one, at one hour of the day each: the last number is yesterday's. */
function past(
  today: number,
  key: UsageKey,
  calls: readonly number[],
  more: { readonly hour?: number; readonly failed?: number; readonly facts?: readonly UsageFact[] } = {},
): Usage {
  const { hour = 9, failed = 0, facts = [] } = more
  return {
    tenant: 'dodici',
    ...key,
    hours: calls.flatMap((succeeded, index) => {
      const at = (today - calls.length + index) * DAY + hour * 3600
      if (succeeded === 0) return []
      return [{ hour: at, succeeded, failed, firstAt: at + 1, lastAt: at + 2, expiresIn: 3600 }]
    }),
    facts,
  }
}

/** A number for each day. */
export function each(days: number, of: (day: number) => number): readonly number[] {
  return Array.from({ length: days }, (_, day) => of(day))
}

/**
 * Three integrations and the machine that one of them will be: `batch` asks for a token on every call, and falls by 10
 * calls a day; `robot` is silent already; `app` lives on the legacy surface, by refresh tokens.
 */
export async function addHistory(store: Store, now: number): Promise<void> {
  const today = Math.floor(now / DAY)
  const lastAt = now - 3600
  const fact = (name: UsageFact['fact'], value: string, calls = 1): UsageFact => ({
    fact: name,
    value,
    calls,
    lastAt,
  })
  const login = { surface: 'newstore', use: 'password', client: null } as const
  await store.addUsage([
    past(
      today,
      { ...login, user: 'u-batch' },
      each(28, (day) => 560 - 10 * day),
      {
        facts: [
          fact('agent', HOSTILE_AGENT, 9),
          fact('source', '192.0.2.7', 9),
          fact('scope', 'write read'),
          fact('scope', 'read'),
        ],
      },
    ),
    past(
      today,
      { ...login, user: 'u-robot' },
      each(28, (day) => (day < 10 ? 2 : 0)),
      { hour: 3 },
    ),
    past(today, { ...login, user: null }, [0], {}),
    past(
      today,
      { surface: 'spree', use: 'refresh_token', user: 'u-app', client: null },
      each(20, () => 5),
      {
        hour: 23,
        failed: 1,
        facts: [fact('refusal', 'refresh_token_expired', 20)],
      },
    ),
    past(
      today,
      { surface: 'standard', use: 'client_credentials', user: null, client: 'batch-client' },
      each(28, (day) => 10 * day),
    ),
  ])
}
