import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { newDirectory } from '../directory.ts'
import { describeStore } from './conformance.ts'

const directory = newDirectory(afterAll)

let files = 0
describeStore('SQLite', (clock) => openSqliteStore({ path: join(directory, `${files++}.db`), clock }))
