/**
 * Makes the fixture of the schema as it is now: `node test/stores/migrations/make-fixture.ts NAME`, with the name of
 * the last step. To be run once for every release that changes the schema; what is there is never made again.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump } from './dump.ts'
import { fill, open } from './installation.ts'

const name = process.argv[2] ?? ''
const target = join(import.meta.dirname, 'fixtures', name)
if (name === '' || existsSync(`${target}.sql`)) throw new Error('Name a step that has no fixture yet.')
const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-fixture-'))
const path = join(directory, 'mintkeeper.db')
const harness = await open(path, 0)
const tokens = await fill(harness)
await harness.store.close()
writeFileSync(`${target}.sql`, dump(path))
writeFileSync(`${target}.json`, `${JSON.stringify(tokens, null, 2)}\n`)
rmSync(directory, { recursive: true })
