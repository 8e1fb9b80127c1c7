/**
 * The write was not done and nothing of it was kept; only where the way to a database server was lost in the middle of
 * the commit, nobody knows. The answer is 503, never 200.
 */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreUnavailable'
  }
}

/** The database can not be used as it is. The message is for the operator: what is wrong, and what to do. */
export class DatabaseRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DatabaseRefused'
  }
}

/** Somebody else changed the row since it was read, or the name is taken. */
export class StoreConflict extends Error {
  readonly kind: 'exists' | 'changed'

  constructor(kind: 'exists' | 'changed', message: string) {
    super(message)
    this.name = 'StoreConflict'
    this.kind = kind
  }
}
