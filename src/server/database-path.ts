/** The path of an SQLite database; null: it is none. */
export function filePathOf(database: string): string | null {
  return database.startsWith('sqlite:') ? database.slice('sqlite:'.length) : null
}

/** Where the master key of an SQLite database is that the server makes for itself. */
export function keyFileOf(databasePath: string): string {
  return `${databasePath}.key`
}
