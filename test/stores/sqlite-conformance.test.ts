import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { describeStore } from './conformance.ts'

const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-conformance-'))
afterAll(() => rmSync(directory, { recursive: true }))

let files = 0
describeStore('SQLite', (clock) => openSqliteStore({ path: join(directory, `${files++}.db`), clock }))
