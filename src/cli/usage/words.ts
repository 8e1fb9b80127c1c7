import type { UsageOfAll, UsageResource } from '../../admin/operations/usage.ts'
import { DAY_SECONDS } from '../../admin/operations/usage-trend.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { timeText } from '../time-text.ts'

/** `12 345`. */
export function countText(count: number): string {
  return count.toLocaleString('en').replaceAll(',', ' ')
}

/** `2026-01-31`, UTC. */
export function dayText(time: EpochSeconds): string {
  return timeText(time).slice(0, 10)
}

/** Who calls, as people know it. */
export function callerText({ user, username, client, clientName }: UsageResource): string {
  const ofClient = client === null ? null : `client ${clientName ?? client}`
  if (user === null) return ofClient ?? 'nobody known'
  const ofUser = username ?? user
  return ofClient === null ? ofUser : `${ofUser} (${ofClient})`
}

/** What there is to do about a caller; empty: nothing. */
export function remarksOf(caller: UsageResource): readonly string[] {
  const { use, surface, deprecated, successor, asksEachTime, tokensPerLife } = caller
  return [
    ...(deprecated ? [use === 'password' ? 'password grant' : `legacy surface ${surface}`] : []),
    ...(successor === null
      ? []
      : [`has the client ${successor.client} already (${BECAUSE[successor.because]})`]),
    ...(asksEachTime ? [`keeps no token: ${countText(tokensPerLife)} in the life of one`] : []),
  ]
}

const BECAUSE = { migrated: 'migrated', newstore_id: 'same newstore_id', name: 'same name' } as const

/** `-10 a day`. */
export function slopeText({ slope }: Pick<UsageOfAll, 'slope'>): string {
  if (slope === null) return 'too early to tell'
  const rounded = Math.abs(slope) >= 10 ? Math.round(slope) : Math.round(slope * 10) / 10
  if (rounded === 0) return 'stays'
  return `${rounded > 0 ? '+' : '-'}${countText(Math.abs(rounded))} a day`
}

/** Whether anybody succeeded in the last seven whole days, or today, which no trend counts yet. */
export function isHeardOf(
  { lastWeek, days }: Pick<UsageOfAll, 'lastWeek' | 'days'>,
  until: EpochSeconds,
): boolean {
  return lastWeek > 0 || days.some(({ day, succeeded }) => succeeded > 0 && day + DAY_SECONDS > until)
}

export function zeroText(use: Pick<UsageOfAll, 'zeroOn' | 'lastWeek' | 'days'>, until: EpochSeconds): string {
  if (!isHeardOf(use, until)) return 'silent'
  return use.zeroOn === null ? 'not in sight' : dayText(use.zeroOn)
}
