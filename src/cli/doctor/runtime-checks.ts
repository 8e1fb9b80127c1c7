import { requireSqliteVersion } from '../../stores/sqlite/connection.ts'
import { type Check, fail, ok } from './check.ts'

/** `engines` of package.json. */
const OLDEST_NODE = 24

/** Before this, nothing of this program existed; after the other, token keys run out. Milliseconds. */
const PLAUSIBLE_TIME: readonly [number, number] = [Date.UTC(2026, 0, 1), Date.UTC(2089, 0, 1)]

/** Node, the SQLite inside it, and the clock. */
export function checkRuntime(nowMs: number): readonly Check[] {
  return [checkNode(process.version), checkSqlite(process.versions.sqlite ?? 'none'), checkClock(nowMs)]
}

function checkNode(version: string): Check {
  const major = Number.parseInt(version.slice(1), 10)
  if (major >= OLDEST_NODE) return ok('Node.js', version)
  return fail('Node.js', `${version} is too old: install ${OLDEST_NODE} or newer`)
}

function checkSqlite(version: string): Check {
  try {
    requireSqliteVersion(version)
    return ok('SQLite', version)
  } catch (thrown) {
    return fail('SQLite', thrown instanceof Error ? thrown.message : String(thrown))
  }
}

function checkClock(nowMs: number): Check {
  const [earliest, latest] = PLAUSIBLE_TIME
  const text = new Date(nowMs).toISOString()
  if (nowMs > earliest && nowMs < latest) return ok('clock', text)
  return fail('clock', `${text} can not be: set the clock, and keep it right with NTP`)
}
