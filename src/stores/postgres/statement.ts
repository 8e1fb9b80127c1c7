/** A statement as PostgreSQL is sent it. */
export interface PreparedText {
  /** Of the prepared statement, the same on every connection; null: it is not worth preparing. */
  readonly name: string | null
  /** With `$1`, `$2`, … for the `?` of the dialect. */
  readonly text: string
}

/** These are sent once, and some have the name of a partition in them. */
const UNREPEATED = /^(alter|create|drop|lock|set) /

/** Translates the statements of `../sql/`, each once: there are a few dozen of them, and none is made of input. */
export function createTranslation(): (sql: string) => PreparedText {
  const known = new Map<string, PreparedText>()
  return (sql) => {
    let prepared = known.get(sql)
    if (prepared === undefined) {
      if (UNREPEATED.test(sql)) return { name: null, text: sql }
      const text = numbered(sql)
      prepared = { name: nameOf(text), text }
      known.set(sql, prepared)
    }
    return prepared
  }
}

/**
 * Made of the text alone: an older pooler may lead us to a session where another node has prepared its statements, and
 * then one name must never mean two of them. 2 × 32 bits of FNV-1a keep some dozens apart.
 */
function nameOf(text: string): string {
  return `mintkeeper_${fnv1a(text, 0x811c9dc5)}${fnv1a(text, 0x01000193)}`
}

function fnv1a(text: string, basis: number): string {
  let hash = basis
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0).toString(16).padStart(8, '0')
}

function numbered(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}
