/** A process that opens a database, issues some tokens, and prints their keys. Argument: path of the database. */
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { NOW, tokenRow, write } from './conformance/fixture.ts'

const store = await openSqliteStore({ path: process.argv[2] ?? '', clock: () => NOW * 1000 })
const keys = Array.from({ length: 500 }, () => store.nextKey())
for (let start = 0; start < keys.length; start += 50) {
  await Promise.all(keys.slice(start, start + 50).map((key) => store.issue(write({ row: tokenRow(key) }))))
}
await store.close()
process.stdout.write(JSON.stringify(keys))
