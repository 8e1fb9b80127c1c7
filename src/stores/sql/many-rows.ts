import {
  changeReturning,
  type Operation,
  type SqlDriver,
  type SqlRow,
  type SqlValue,
  select,
} from './operation.ts'

/** So many at once, or half of that, and so on: a dozen different texts, which databases prepare and keep. */
const MOST = 256

/**
 * Runs a statement for many tuples of values, with place holders for as many as there are: `text('(?, ?), (?, ?)')`.
 * All rows that it returns.
 */
export function* changeMany(
  text: (tuples: string) => string,
  tuples: readonly (readonly SqlValue[])[],
): Operation<readonly SqlRow[]> {
  return yield* inParts(tuples, (part) => changeReturning(text(placeHoldersOf(part)), ...part.flat()))
}

/** As `changeMany`, for a query. */
export function* selectMany(
  text: (tuples: string) => string,
  tuples: readonly (readonly SqlValue[])[],
): Operation<readonly SqlRow[]> {
  return yield* inParts(tuples, (part) => select(text(placeHoldersOf(part)), ...part.flat()))
}

function* inParts(
  tuples: readonly (readonly SqlValue[])[],
  run: (part: readonly (readonly SqlValue[])[]) => Operation<readonly SqlRow[]>,
): Operation<readonly SqlRow[]> {
  const rows: SqlRow[] = []
  for (const part of partsOf(tuples)) rows.push(...(yield* run(part)))
  return rows
}

function* partsOf<Tuple>(tuples: readonly Tuple[]): Generator<readonly Tuple[]> {
  for (let start = 0, size = MOST; start < tuples.length; start += size) {
    while (size > tuples.length - start) size /= 2
    yield tuples.slice(start, start + size)
  }
}

/** As `selectMany`, of what is committed. The parameters `before` come before the tuples. */
export async function readMany(
  driver: SqlDriver,
  text: (tuples: string) => string,
  before: readonly SqlValue[],
  tuples: readonly (readonly SqlValue[])[],
): Promise<readonly SqlRow[]> {
  const rows: SqlRow[] = []
  for (const part of partsOf(tuples))
    rows.push(...(await driver.read(text(placeHoldersOf(part)), [...before, ...part.flat()])))
  return rows
}

function placeHoldersOf(tuples: readonly (readonly SqlValue[])[]): string {
  const one = `(${tuples[0]?.map(() => '?').join(', ')})`
  return tuples.map(() => one).join(', ')
}

/**
 * Takes rows in turns, so that no two of one turn have a name in common: what becomes of the first is known before the
 * second is looked at. The turns keep the order of the rows, and so does each in itself.
 */
export function inTurns<Row>(rows: readonly Row[], namesOf: (row: Row) => readonly string[]): Row[][] {
  const turns: Row[][] = []
  const lastTurnOf = new Map<string, number>()
  for (const row of rows) {
    const names = namesOf(row)
    const turn = Math.max(-1, ...names.map((name) => lastTurnOf.get(name) ?? -1)) + 1
    for (const name of names) lastTurnOf.set(name, turn)
    if (turn === turns.length) turns.push([])
    turns[turn]?.push(row)
  }
  return turns
}
