/** A statement as PostgreSQL is sent it. */
export interface PreparedText {
  /** Of the prepared statement, the same on every connection; null: it is not worth preparing. */
  readonly name: string | null
  /** With `$1`, `$2`, … for the `?` of the dialect. */
  readonly text: string
}

/** These are sent once, and some have the name of a partition in them. */
const UNREPEATED = /^(create|drop|lock|set) /

/** Translates the statements of `../sql/`, each once: there are a few dozen of them, and none is made of input. */
export function createTranslation(): (sql: string) => PreparedText {
  const known = new Map<string, PreparedText>()
  return (sql) => {
    let prepared = known.get(sql)
    if (prepared === undefined) {
      if (UNREPEATED.test(sql)) return { name: null, text: sql }
      prepared = { name: `mintkeeper_${known.size + 1}`, text: numbered(sql) }
      known.set(sql, prepared)
    }
    return prepared
  }
}

function numbered(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}
