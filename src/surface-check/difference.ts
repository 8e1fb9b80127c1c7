import type { Answer } from './case.ts'

/** What one server answered, and what must be known to read it. */
export interface Side {
  readonly answer: Answer
  /** What must not be shown, wherever it stands. */
  readonly secrets: readonly string[]
  /** Tokens of earlier answers, and which they are: `login.refresh_token`. */
  readonly tokens: ReadonlyMap<string, string>
}

export interface Sides {
  /** The old server. */
  readonly against: Side
  /** Mintkeeper. */
  readonly here: Side
}

/** One thing that is not the same. Neither text holds a secret. */
export interface Difference {
  /** `missing`: only the old server has it; `extra`: only Mintkeeper. */
  readonly kind: 'status' | 'missing' | 'extra' | 'type' | 'value' | 'shape' | 'order'
  /** `status code`, `header pragma`, `expires_in`, `key order`, `access_token claim sub`, … */
  readonly field: string
  /** Null: it is not there. */
  readonly against: string | null
  readonly here: string | null
}

/** What is compared of members whose value another rule decides. */
export interface CompareOptions {
  /** Whether `expires_in` is what is left, so that seconds make no difference. */
  readonly countsDown: boolean
  /** Headers that are not compared either, in lower case. */
  readonly ignoredHeaders: readonly string[]
}
