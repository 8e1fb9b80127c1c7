/** Queues side by side, of which each in its turn gives one. */
export interface Lanes<T> {
  push(lane: string | null, item: T): void
  /** The first of the lane whose turn it is, which is last afterwards; undefined: all are empty. */
  shift(): T | undefined
  /** Of all lanes. */
  size(): number
  sizeOf(lane: string | null): number
}

/** Lanes come into being with their first item, behind all others, and end with their last. */
export function createLanes<T>(): Lanes<T> {
  /** None is empty; in the order of their turns, as a Map keeps it. */
  const lanes = new Map<string | null, T[]>()
  let size = 0

  return {
    push(name, item) {
      const lane = lanes.get(name)
      if (lane === undefined) lanes.set(name, [item])
      else lane.push(item)
      size++
    },
    shift() {
      for (const [name, lane] of lanes) {
        const item = lane.shift()
        lanes.delete(name)
        if (lane.length > 0) lanes.set(name, lane)
        size--
        return item
      }
      return undefined
    },
    size: () => size,
    sizeOf: (name) => lanes.get(name)?.length ?? 0,
  }
}
