import type { EpochSeconds } from '../protocol/time.ts'

/** An assertion by which a client has authenticated (RFC 7523 §3). */
export interface SpentAssertion {
  readonly tenant: string
  readonly clientId: string
  /** Of its `jti`, which may be of any length and characters. */
  readonly digest: string
  /** From when on it is refused for its age. */
  readonly expiresAt: EpochSeconds
}

/** Assertions of clients work once. `purge` deletes those that have expired. */
export interface SpentAssertionStore {
  /**
   * Spends an assertion; true if it was not spent before. Of many who try at once, on whatever nodes, one does. What was
   * spent stays so whatever becomes of the client.
   */
  spendAssertion(assertion: SpentAssertion): Promise<boolean>
}
