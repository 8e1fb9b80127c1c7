/**
 * A process that writes tokens as fast as it can until it is killed. What was confirmed it notes in a file, which
 * survives the process, and tells its parent now and then.
 * Arguments: path of the database, path of the notes.
 */
import { openSync, writeSync } from 'node:fs'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { NOW, successorOf, tokenRow, write } from './conformance/fixture.ts'

const [path = '', notes = ''] = process.argv.slice(2)
const file = openSync(notes, 'a')
const store = await openSqliteStore({ path, clock: Date.now })
let confirmed = 0

function note(line: string): void {
  writeSync(file, `${line}\n`)
  confirmed += 1
  if (confirmed % 50 === 0) process.stdout.write('.')
}

async function work(): Promise<never> {
  for (;;) {
    const first = tokenRow(store.nextKey())
    await store.issue(write({ row: first }))
    note(`issued ${first.key}`)
    const second = successorOf(first, store.nextKey())
    await store.issue(write({ spend: { key: first.key, now: NOW }, row: second }))
    note(`spent ${first.key} ${second.key}`)
    if (second.key % 3 === 0) {
      await store.revokeFamily(first.key, NOW)
      note(`revoked ${first.key} ${second.key}`)
    }
  }
}

await Promise.all(Array.from({ length: 16 }, work))
