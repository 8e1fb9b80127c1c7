/** Why something can not come; the message reads on from its place, and never holds a secret. */
export class Unreadable extends Error {}

/** What it made, or why it could not. Any other error than `Unreadable` is a bug, and is thrown. */
export function readable<T extends object>(make: () => T): T | string {
  try {
    return make()
  } catch (thrown) {
    if (thrown instanceof Unreadable) return thrown.message
    throw thrown
  }
}
