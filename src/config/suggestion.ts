/** Longer words are nobody's typing mistake, and comparing them costs the square of their length. */
const MAX_WORD = 64

/**
 * The known word that `word` most likely was meant to be, or null: a few letters differ, or one of the two is the
 * other's beginning. Case, `-` and `_` do not count. `tolerance` is how many letters may differ.
 */
export function findSuggestion(
  word: string,
  known: readonly string[],
  tolerance = Math.max(1, Math.floor(word.length / 3)),
): string | null {
  if (word.length > MAX_WORD) return null
  let best: string | null = null
  let bestDistance = tolerance + 1
  for (const candidate of known) {
    const distance = distanceOf(plain(word), plain(candidate))
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

function distanceOf(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  const isBeginning = shorter >= 3 && a.slice(0, shorter) === b.slice(0, shorter)
  return isBeginning && a !== b ? 1 : editDistance(a, b)
}

/** `, did you mean "hosts"?`, or what is known at all. */
export function suggest(word: string, known: readonly string[]): string {
  const suggestion = findSuggestion(word, known)
  return suggestion === null ? ` (known: ${known.join(', ')})` : `, did you mean "${suggestion}"?`
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '')
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let distance = Math.min(replaced, at(last, j) + 1, at(row, j - 1) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, at(beforeLast, j - 2) + 1)
      }
      row.push(distance)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
