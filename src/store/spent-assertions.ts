import type { EpochSeconds } from '../protocol/time.ts'

/** A JWT that is good once: an assertion by which a client has authenticated (RFC 7523 §3), or a DPoP proof (RFC 9449 §4). */
export interface SpentAssertion {
  readonly tenant: string
  /** The client's id; of a proof the thumbprint of its key. */
  readonly signer: string
  /** Of its `jti`, which may be of any length and characters; of a proof after `dpop:`. */
  readonly digest: string
  /** From when on it is refused for its age. */
  readonly expiresAt: EpochSeconds
}

/** Assertions and proofs work once. `purge` deletes those that have expired. */
export interface SpentAssertionStore {
  /**
   * Spends an assertion; true if it was not spent before. Of many who try at once, on whatever nodes, one does. What was
   * spent stays so whatever becomes of the client.
   */
  spendAssertion(assertion: SpentAssertion): Promise<boolean>
}
