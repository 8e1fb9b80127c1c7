import type { Spread } from './figures.ts'

/** How long a server takes to its first answer with an existing database, and what it needs then. */
export interface StartUp {
  readonly program: string
  /** From the start of the process to the first token. */
  readonly milliseconds: Spread
  /** Once it has nothing to do. */
  readonly idleMegabytes: Spread
}
