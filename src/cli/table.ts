/** A column of a table for people. */
export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string
  readonly align?: 'right'
}

/** Rows in columns under their titles; `none` if there are no rows. Ends with a line end. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], none: string): string {
  if (rows.length === 0) return `${none}\n`
  const head = columns.map(({ title }) => title.toUpperCase())
  const body = rows.map((row) => columns.map((column) => printable(column.value(row))))
  const widths = columns.map((_, index) => Math.max(...[head, ...body].map((cells) => widthOf(cells[index]))))
  return [head, ...body]
    .map((cells) => {
      const padded = cells.map((cell, index) => {
        const padding = ' '.repeat((widths[index] ?? 0) - widthOf(cell))
        return columns[index]?.align === 'right' ? padding + cell : cell + padding
      })
      return `${padded.join('  ').trimEnd()}\n`
    })
    .join('')
}

/** Names and values, one pair a line; what is null is left out. Ends with a line end. */
export function card(entries: readonly (readonly [name: string, value: string | null])[]): string {
  const shown = entries.flatMap(([name, value]) => (value === null ? [] : [{ name, value }]))
  const width = Math.max(0, ...shown.map(({ name }) => widthOf(name)))
  return shown
    .map(
      ({ name, value }) =>
        `${`${name}${' '.repeat(width - widthOf(name))}  ${printable(value)}`.trimEnd()}\n`,
    )
    .join('')
}

/** Text without anything that moves a cursor, hides or turns round: names come from anybody. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
}

/** The same of a text that has lines, which it keeps. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

function widthOf(text: string | undefined): number {
  return text === undefined ? 0 : [...text].length
}
