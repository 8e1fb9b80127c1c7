/** What a document says that a block prints, against what it has printed. */

/** Where the two part; null for an end of the text. */
export interface Difference {
  /** Counted from 0, in what the document says. */
  readonly line: number
  readonly said: string | null
  readonly printed: string | null
}

/**
 * Null if all of it was printed as the document says. There `…` stands for what varies: within a line for one character
 * or more, as a line for one line or more. Columns may be of other widths, as they are made for what stands in them.
 */
export function findDifference(said: string, printed: string): Difference | null {
  const [wanted, found] = [linesOf(said), linesOf(printed)]
  const text = `${found.join('\n')}\n`
  const longest = wanted.findLastIndex((_, index) => beginningOf(wanted.slice(0, index + 1)).test(text)) + 1
  if (longest === wanted.length && wholeOf(wanted).test(text)) return null
  const covered = beginningOf(wanted.slice(0, longest)).exec(text)?.[0] ?? ''
  const next = covered === '' ? 0 : covered.split('\n').length - 1
  return { line: longest, said: wanted[longest] ?? null, printed: found[next] ?? null }
}

function linesOf(text: string): readonly string[] {
  return text
    .replace(/^\s*\n/, '')
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd())
}

function beginningOf(lines: readonly string[]): RegExp {
  return new RegExp(`^${lines.map(patternOf).join('')}`)
}

function wholeOf(lines: readonly string[]): RegExp {
  return new RegExp(`${beginningOf(lines).source}$`)
}

/** Of a line and its end. */
function patternOf(line: string): string {
  if (line.trim() === '…') return '(?:.*\\n)+?'
  const parts = line.split('…').map((part) => part.split(/ {2,}/).map(RegExp.escape).join(' {2,}'))
  return `${parts.join('.+?')}\\n`
}
