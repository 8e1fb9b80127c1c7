/** How well two kinds of requests can be told apart by their times. */
export interface Auc {
  /** The probability that one of the class takes longer than one of the reference, ties counting half; 0.5: not at all. */
  readonly value: number
  /** Within which that lies with 95 % confidence. */
  readonly low: number
  readonly high: number
}

/**
 * The area under the ROC curve, with the standard error of Hanley and McNeil ("The meaning and use of the area under a
 * receiver operating characteristic (ROC) curve", 1982).
 */
export function aucOf(times: readonly number[], reference: readonly number[]): Auc {
  const sorted = reference.toSorted((one, other) => one - other)
  const wins = times.reduce((sum, time) => sum + (below(sorted, time) + belowOrAt(sorted, time)) / 2, 0)
  const [n, m] = [times.length, reference.length]
  const value = wins / (n * m)
  const square = value ** 2
  const ofTwoTimes = value / (2 - value) - square
  const ofTwoReferences = (2 * square) / (1 + value) - square
  const variance = (value * (1 - value) + (n - 1) * ofTwoTimes + (m - 1) * ofTwoReferences) / (n * m)
  const reach = 1.96 * Math.sqrt(variance)
  return { value, low: Math.max(0, value - reach), high: Math.min(1, value + reach) }
}

/** How many of a sorted list are less than a number. */
function below(sorted: readonly number[], limit: number): number {
  return firstThat(sorted, (one) => one >= limit)
}

function belowOrAt(sorted: readonly number[], limit: number): number {
  return firstThat(sorted, (one) => one > limit)
}

/** The index of the first for which something holds, as it does for all behind it. */
function firstThat(sorted: readonly number[], holds: (one: number) => boolean): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (holds(sorted[middle] as number)) to = middle
    else from = middle + 1
  }
  return from
}
