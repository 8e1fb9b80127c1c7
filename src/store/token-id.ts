import type { TokenKey } from './rows.ts'

/** 36^5: what is below has five digits at most. */
const LOW = 60_466_176

/** What people call a row of tokens: its key in base 36. With it nobody can make the token. */
export function tokenId(key: TokenKey): string {
  const high = Math.floor(key / LOW)
  // Of integers below 2^31 the text is made five times as fast.
  return high === 0 ? key.toString(36) : high.toString(36) + (key % LOW).toString(36).padStart(5, '0')
}
