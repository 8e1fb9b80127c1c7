import type { Case, CheckedSurface } from './case.ts'
import { NEWSTORE_CASES } from './newstore-cases.ts'
import { SPREE_CASES } from './spree-cases.ts'

/** What is asked of a server that has a surface, in this order. The first one succeeds with good credentials. */
export const CASES: Readonly<Record<CheckedSurface, readonly Case[]>> = {
  newstore: NEWSTORE_CASES,
  spree: SPREE_CASES,
}

export const CHECKED_SURFACES: readonly CheckedSurface[] = ['newstore', 'spree']
