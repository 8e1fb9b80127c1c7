/** Queues side by side, of which each in its turn gives one. */
export interface Lanes<T> {
  push(lane: string | null, item: T): void
  /** The first of the lane whose turn it is, which is last afterwards; undefined: all are empty. */
  shift(): T | undefined
  /** Takes out all items of which something is true, wherever they wait. */
  takeOut(isMeant: (item: T) => boolean): readonly T[]
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
    takeOut(isMeant) {
      const taken: T[] = []
      for (const [name, lane] of lanes) {
        const left: T[] = []
        for (const item of lane) (isMeant(item) ? taken : left).push(item)
        if (left.length === 0) lanes.delete(name)
        // In its place: what is set anew keeps its turn.
        else lanes.set(name, left)
      }
      size -= taken.length
      return taken
    },
    size: () => size,
    sizeOf: (name) => lanes.get(name)?.length ?? 0,
  }
}
