import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { loadMasterKey } from '../../crypto/master-key.ts'
import { markerOf } from '../../stores/sqlite/marker.ts'
import { databaseFile, masterKeyFile } from '../database-files.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** The files: who may read them, and whether they go together. */
export function checkFiles(config: Config, configurationFile: string | null): readonly Check[] {
  const database = databaseFile(config)
  return [
    ...(configurationFile === null ? [] : [checkMode('configuration file', configurationFile, warn)]),
    ...(database === null ? [] : checkDatabaseFiles(database, masterKeyFile(config))),
  ]
}

function checkDatabaseFiles(database: string, keyFile: string | null): readonly Check[] {
  const directory = checkDirectory(dirname(resolve(database)))
  const files = [database, `${database}-wal`, `${database}-shm`].filter((file) => existsSync(file))
  const modes = files.map((file) => checkMode('database file', file, warn))
  const missing = existsSync(database) ? [] : [checkMissing(database, keyFile)]
  return [directory, ...missing, ...modes, ...(keyFile === null ? [] : checkKeyFile(database, keyFile))]
}

function checkMissing(database: string, keyFile: string | null): Check {
  if (keyFile !== null && existsSync(keyFile)) {
    return fail(
      'database file',
      `${database} is gone, but its key is there: restore it from a backup; to begin anew, remove the key file too`,
    )
  }
  if (existsSync(markerOf(database))) {
    return fail(
      'database file',
      `${database} is gone, but was made: restore it from a backup; to begin anew, remove ${markerOf(database)}`,
    )
  }
  return warn('database file', `${database} is not there yet: the server makes it when it starts`)
}

function checkKeyFile(database: string, file: string): readonly Check[] {
  if (!existsSync(file)) {
    if (!existsSync(database)) return []
    return [fail('master key', `${file} is not there, and no other is configured: restore it from a backup`)]
  }
  try {
    loadMasterKey({ file })
  } catch (thrown) {
    return [fail('master key', thrown instanceof Error ? thrown.message : String(thrown))]
  }
  return [checkMode('master key', file, fail)]
}

function checkDirectory(directory: string): Check {
  const found = nearestThatExists(directory)
  try {
    accessSync(found, constants.W_OK | constants.X_OK)
    return ok('data directory', directory)
  } catch {
    return fail('data directory', `${found} can not be written: give it to the user that the server runs as`)
  }
}

function nearestThatExists(directory: string): string {
  return existsSync(directory) ? directory : nearestThatExists(dirname(directory))
}

/** Secrets are for the owner only. Windows has no such modes. */
function checkMode(name: string, file: string, open: typeof warn): Check {
  const mode = statSync(file).mode & 0o777
  if ((mode & 0o077) === 0 || process.platform === 'win32') return ok(name, file)
  return open(name, `${file} can be used by others (mode ${mode.toString(8)}): chmod 600 ${file}`)
}
