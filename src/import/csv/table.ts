import { ImportFailed } from '../import.ts'
import type { SourceFile } from '../source-file.ts'
import { fieldsOf, splitCsv } from './records.ts'

/** A row by the names of its columns, or why it is none; what is empty is not there. */
export type CsvRow = { readonly place: string } & (
  | { readonly fields: ReadonlyMap<string, string> }
  | { readonly problem: string }
)

/** The columns a table may have. */
export interface CsvColumns {
  readonly names: readonly string[]
  /** What a name may begin with besides: `claims.`. */
  readonly prefixes: readonly string[]
  /** Of which it must have one, each. */
  readonly required: readonly (readonly string[])[]
}

/** The rows under a header. Throws `ImportFailed` for a header with other columns than there are. */
export async function* readCsv(file: SourceFile, columns: CsvColumns, label: string): AsyncIterable<CsvRow> {
  let header: readonly string[] | null = null
  for await (const { line, content } of splitCsv(file.chunks())) {
    if ('text' in content && content.text === '\r') continue
    const place = `${label}line ${line}`
    const values =
      'text' in content
        ? (fieldsOf(content.text) ?? 'has quotes that are not as RFC 4180 has them')
        : content.problem
    if (header === null) header = headerOf(values, columns, place)
    else if (typeof values === 'string') yield { place, problem: values }
    else if (values.length !== header.length)
      yield { place, problem: `has ${values.length} fields for ${header.length} columns` }
    else yield { place, fields: rowOf(header, values) }
  }
  if (header === null) throw new ImportFailed(`The file is empty: its first line must name the columns.`)
}

function headerOf(
  values: readonly string[] | string,
  { names, prefixes, required }: CsvColumns,
  place: string,
): readonly string[] {
  if (typeof values === 'string') throw new ImportFailed(`The header, ${place}, ${values}.`)
  const header = values.map((value) => value.trim())
  const known = [...names, ...prefixes.map((prefix) => `${prefix}NAME`)].join(', ')
  const isKnown = (name: string) =>
    names.includes(name) || prefixes.some((prefix) => name.startsWith(prefix) && name !== prefix)
  const unknown = header.filter((name) => !isKnown(name)).map((name) => JSON.stringify(name.slice(0, 40)))
  if (unknown.length > 0) {
    throw new ImportFailed(
      `The header, ${place}, has columns that are not known: ${unknown.join(', ')}. There are: ${known}. They are separated by commas.`,
    )
  }
  const twice = header.find((name, index) => header.indexOf(name) !== index)
  if (twice !== undefined) throw new ImportFailed(`The header, ${place}, has the column ${twice} twice.`)
  const lacking = required.find((any) => !any.some((name) => header.includes(name)))
  if (lacking !== undefined)
    throw new ImportFailed(`The header, ${place}, has no column ${lacking.join(' or ')}.`)
  return header
}

function rowOf(header: readonly string[], values: readonly string[]): ReadonlyMap<string, string> {
  const filled = header.map((name, index) => [name, values[index] ?? ''] as const)
  return new Map(filled.filter(([, value]) => value !== ''))
}
