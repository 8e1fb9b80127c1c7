import type { EpochSeconds } from '../protocol/time.ts'

/** When a client last authenticated with one of its secrets. */
export interface ClientSecretUse {
  readonly tenant: string
  readonly client: string
  /** Its id. */
  readonly secret: string
  readonly usedAt: EpochSeconds
  /** Whom the request came from (`sourceOf`); null: nobody knows. */
  readonly usedFrom: string | null
}

/** Uses of secrets are kept apart from clients, because a change of a client has every node read it again. */
export interface ClientSecretUseStore {
  /**
   * Keeps the latest use of each secret, whoever else tells of it. Leaves out those of secrets that are gone. No two
   * uses may be of the same secret. If it throws, some may be kept; it may be done again.
   */
  saveClientSecretUses(uses: readonly ClientSecretUse[]): Promise<void>
  /** Of all clients whose ids are in a range, both ends included. */
  listClientSecretUses(tenant: string, first: string, last: string): Promise<readonly ClientSecretUse[]>
}
