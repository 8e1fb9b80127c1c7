/** One thing a configuration lists, and what became of it. Holds no secrets. */
export interface ItemReport {
  /** Where it is listed within its tenant: `users[0]`; empty: the tenant itself. */
  readonly path: string
  readonly kind: 'tenant' | 'user' | 'client'
  readonly id: string
  /** The user name or the client's name. */
  readonly name: string | null
  readonly outcome: 'created' | 'updated' | 'unchanged'
  /** The fields that were updated. */
  readonly fields: readonly string[]
}

/** What there is to do about one thing a configuration lists. */
export interface Change {
  readonly report: ItemReport
  /** Null: it is as listed. */
  readonly write: (() => Promise<void>) | null
}

/** The names of the members that differ. */
export function changesOf(known: object, listed: object): readonly string[] {
  const before = new Map(Object.entries(known))
  return Object.entries(listed)
    .filter(([name, value]) => !sameJson(before.get(name), value))
    .map(([name]) => name)
}

/** Whether two JSON values are equal; the order of members does not count, and a member without a value is none. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const names = Object.keys({ ...one, ...other })
  const [first, second] = [new Map(Object.entries(one)), new Map(Object.entries(other))]
  return names.every((name) => sameJson(first.get(name), second.get(name)))
}
