import type { ImportMark, KnownRow } from '../../store/imported-rows.ts'

interface Marked {
  readonly mark: ImportMark
  /** Of the row, as the import has left it. */
  readonly version: number
}

/** What imports have said of the rows of one kind, by their keys. */
export interface ImportMarks<Row extends { readonly version: number }> {
  set(key: string, mark: ImportMark, version: number): void
  /** The row has a new version, which is no change of what an import has said. */
  keep(key: string): void
  delete(key: string): void
  known(key: string, row: Row): KnownRow<Row>
}

export function createImportMarks<Row extends { readonly version: number }>(): ImportMarks<Row> {
  const marks = new Map<string, Marked>()
  return {
    set: (key, mark, version) => void marks.set(key, { mark, version }),
    keep(key) {
      const marked = marks.get(key)
      if (marked !== undefined) marks.set(key, { ...marked, version: marked.version + 1 })
    },
    delete: (key) => void marks.delete(key),
    known(key, row) {
      const marked = marks.get(key)
      return { row, mark: marked?.mark ?? null, isUntouched: marked?.version === row.version }
    },
  }
}
