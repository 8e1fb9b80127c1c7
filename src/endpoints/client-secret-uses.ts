import type { EpochSeconds } from '../protocol/time.ts'
import type { ClientSecretUse, ClientSecretUseStore } from '../store/client-secret-uses.ts'

/** When each client secret was used last, and by whom. No request waits for that, or writes it. */
export interface ClientSecretUses {
  /** Costs next to nothing: `source` is asked once a second and secret. */
  note(secret: UsedSecret, now: EpochSeconds, source: () => string | null): void
  /**
   * Saves what was noted, one write at a time: asked while one is underway, it resolves with that one. Never rejects:
   * what could not be saved is kept for the next time.
   */
  write(): Promise<void>
  /**
   * The last write. Waits for one that is underway, and saves what was noted meanwhile unless that has failed: whoever
   * ends does not wait twice for a database that does not answer.
   */
  end(): Promise<void>
}

export type UsedSecret = Pick<ClientSecretUse, 'tenant' | 'client' | 'secret'>

export interface ClientSecretUsesOptions {
  readonly store: Pick<ClientSecretUseStore, 'saveClientSecretUses'>
  readonly onFailure?: (cause: unknown) => void
}

/** Secrets that are noted between two writes, a quarter of a kilobyte each. With more, the next write is at once. */
const MOST = 10_000

type Noted = { -readonly [Column in keyof ClientSecretUse]: ClientSecretUse[Column] }

export function createClientSecretUses(options: ClientSecretUsesOptions): ClientSecretUses {
  const { store, onFailure = () => {} } = options
  /** By the id of the secret, which another client's may have as well where somebody else has chosen it. */
  let noted = new Map<string, Noted[]>()
  let count = 0
  /** Resolves with whether everything could be saved. */
  let underway: Promise<boolean> | null = null

  function find({ tenant, client, secret }: UsedSecret): Noted | undefined {
    return noted.get(secret)?.find((use) => use.client === client && use.tenant === tenant)
  }

  function add(use: Noted): void {
    if (count >= MOST && underway === null) void write()
    // The database is behind: the next use of the secret is noted, or the one after.
    if (count >= MOST) return
    noted.set(use.secret, [...(noted.get(use.secret) ?? []), use])
    count += 1
  }

  async function save(): Promise<boolean> {
    const uses = [...noted.values()].flat()
    noted = new Map()
    count = 0
    try {
      if (uses.length > 0) await store.saveClientSecretUses(uses)
      return true
    } catch (cause) {
      for (const use of uses) if (find(use) === undefined) add(use)
      onFailure(cause)
      return false
    }
  }

  function write(): Promise<boolean> {
    underway ??= save().finally(() => {
      underway = null
    })
    return underway
  }

  return {
    note({ tenant, client, secret }, now, source) {
      const known = find({ tenant, client, secret })
      if (known === undefined) add({ tenant, client, secret, usedAt: now, usedFrom: source() })
      else if (known.usedAt < now) {
        known.usedAt = now
        known.usedFrom = source()
      }
    },
    async write() {
      await write()
    },
    async end() {
      if (underway === null || (await underway)) await write()
    },
  }
}
