/**
 * A small number (0 to 65535) for each of many ids, at two bytes an id, where ids are numbers that were given one after
 * the other: a million users in a `Map` would take fifty times as much.
 */
export interface IdTable {
  /** 0 for an id that has none. */
  get(id: number): number
  set(id: number, value: number): void
}

const PAGE = 1024

export function createIdTable(): IdTable {
  const pages = new Map<number, Uint16Array>()
  return {
    get: (id) => pages.get(Math.floor(id / PAGE))?.[id % PAGE] ?? 0,
    set(id, value) {
      const number = Math.floor(id / PAGE)
      const page = pages.get(number) ?? new Uint16Array(PAGE)
      page[id % PAGE] = value
      pages.set(number, page)
    },
  }
}
