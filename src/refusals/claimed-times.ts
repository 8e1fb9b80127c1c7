import type { JwtClaims } from '../protocol/jwt.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { Finding } from '../store/findings.ts'

/** The times in a JWT beside ours: where they differ, a clock is wrong. */
export function claimedTimes(
  what: 'assertion' | 'proof',
  { iat, exp, nbf }: JwtClaims,
  now: EpochSeconds,
): Finding {
  return {
    finding: 'assertion_times',
    what,
    now,
    iat: timeOf(iat),
    exp: timeOf(exp),
    nbf: timeOf(nbf),
  }
}

/** Null for what is no time that a clock could have shown. */
function timeOf(value: unknown): EpochSeconds | null {
  return typeof value === 'number' && value > 0 && value < 253_402_300_800 ? Math.floor(value) : null
}
