const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** A value that must never be printed: every way of turning it into text gives `[secret]`, but `reveal()`. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Each call is a place to check in review. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [INSPECT](): string {
    return '[secret]'
  }
}
