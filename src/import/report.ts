import { IMPORT_KINDS, type ImportKind } from './import.ts'

/** What became of the rows of one kind. */
export interface KindReport {
  /** All that were found; the sum of the others. */
  readonly found: number
  /** Written; in a dry run, what would be. */
  readonly imported: number
  /** There already, and brought to what the source says by now; of tokens: revoked. In a dry run, what would be. */
  readonly updated: number
  /** There already, from an earlier run or because somebody made them, and as the source has them or had them then. */
  readonly known: number
  /** There already, and changed since both here and in the source: left as they are, and listed with the refusals. */
  readonly changedHere: number
  /** How many need not come, by the reason. */
  readonly leftOut: Readonly<Record<string, number>>
  /** Listed in the file of refusals. */
  readonly refused: number
}

export type ImportReport = Readonly<Record<ImportKind, KindReport>>

/** Counts while an import runs. */
export interface Tally {
  imported(kind: ImportKind, count: number): void
  updated(kind: ImportKind, count: number): void
  known(kind: ImportKind, count: number): void
  changedHere(kind: ImportKind): void
  leftOut(kind: ImportKind, reason: string): void
  refused(kind: ImportKind): void
  /** As of now. */
  report(): ImportReport
  /** Rows of all kinds, as of now. */
  rows(): number
}

interface Counts {
  imported: number
  updated: number
  known: number
  changedHere: number
  refused: number
  readonly leftOut: Map<string, number>
}

export function createTally(): Tally {
  const counts = byKind<Counts>(() => ({
    imported: 0,
    updated: 0,
    known: 0,
    changedHere: 0,
    refused: 0,
    leftOut: new Map(),
  }))
  let rows = 0
  function add(kind: ImportKind, outcome: Exclude<keyof Counts, 'leftOut'>, count: number): void {
    counts[kind][outcome] += count
    rows += count
  }
  return {
    imported: (kind, count) => add(kind, 'imported', count),
    updated: (kind, count) => add(kind, 'updated', count),
    known: (kind, count) => add(kind, 'known', count),
    changedHere: (kind) => add(kind, 'changedHere', 1),
    refused: (kind) => add(kind, 'refused', 1),
    leftOut(kind, reason) {
      const { leftOut } = counts[kind]
      leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1)
      rows += 1
    },
    rows: () => rows,
    report: () => byKind((kind) => reportOf(counts[kind])),
  }
}

function reportOf({ leftOut, ...counts }: Counts): KindReport {
  const unneeded = [...leftOut.values()].reduce((sum, count) => sum + count, 0)
  const found = Object.values(counts).reduce((sum, count) => sum + count, unneeded)
  return { found, ...counts, leftOut: Object.fromEntries(leftOut) }
}

function byKind<T>(make: (kind: ImportKind) => T): Record<ImportKind, T> {
  return Object.fromEntries(IMPORT_KINDS.map((kind) => [kind, make(kind)])) as Record<ImportKind, T>
}
