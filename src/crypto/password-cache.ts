import type { Clock, Seconds } from '../protocol/time.ts'
import { sameBytes } from './digest.ts'
import { createKeyedDigest } from './keyed-digest.ts'
import { createLatestEntries } from './latest-entries.ts'
import type { Random } from './random.ts'

/** A password, and what it was compared with. */
export interface ComparedPassword {
  /** Whose password it is, and as of which change of the user. */
  readonly holder: string
  readonly hash: string
  readonly password: string
}

/**
 * Remembers for a short time which passwords were right, so that not every login has to be hashed slowly.
 *
 * It holds no password and no hash of one, but a keyed digest, of which the key was drawn by this process and is
 * nowhere else. Who reads the memory of the process has both, and can try passwords a hundred thousand times faster
 * than against argon2id: that is the price, and why there is no cache unless it is asked for.
 */
export interface PasswordCache {
  /**
   * Whether exactly this was remembered, and not too long ago. Takes the same time whichever password it is;
   * one microsecond of it is spent even if the holder (null) is not to be found.
   */
  knows(compared: Omit<ComparedPassword, 'holder'> & { readonly holder: string | null }): boolean
  /** Remembers what was just found right, in the place of what the holder had. Being asked for prolongs nothing. */
  remember(compared: ComparedPassword): void
}

export interface PasswordCacheOptions {
  /** How long a password is remembered. */
  readonly seconds: Seconds
  readonly clock: Clock
  readonly random: Random
  /** How many holders are remembered at least, the latest; at most twice as many. About 300 bytes each. */
  readonly holders?: number
}

interface Entry {
  readonly digest: Uint8Array
  readonly rememberedAtMs: number
}

export function createPasswordCache(options: PasswordCacheOptions): PasswordCache {
  const { seconds, clock, random, holders = 10_000 } = options
  const lifeMs = seconds * 1000
  const keyedDigest = createKeyedDigest(random.bytes(32))
  const entries = createLatestEntries<Entry>(holders)
  let isTimed = false

  function digestOf(holder: string, hash: string, password: string): Uint8Array {
    // As JSON, so that no part can run over into the next.
    return Buffer.from(keyedDigest(JSON.stringify([holder, hash, password])), 'latin1')
  }

  /** Not even what nobody asks for stays in memory for more than twice its life. The timer ends with the last entry. */
  function forgetOld(): void {
    entries.forgetOld()
    isTimed = !entries.isEmpty()
    if (isTimed) setTimeout(forgetOld, lifeMs).unref()
  }

  return {
    knows({ holder, hash, password }) {
      const digest = digestOf(holder ?? '', hash, password)
      const entry = holder === null ? undefined : entries.get(holder)
      if (entry === undefined) return false
      const ageMs = clock() - entry.rememberedAtMs
      // A clock that was put back makes nothing younger.
      return ageMs >= 0 && ageMs < lifeMs && sameBytes(entry.digest, digest)
    },
    remember({ holder, hash, password }) {
      entries.set(holder, { digest: digestOf(holder, hash, password), rememberedAtMs: clock() })
      if (!isTimed) setTimeout(forgetOld, lifeMs).unref()
      isTimed = true
    },
  }
}
