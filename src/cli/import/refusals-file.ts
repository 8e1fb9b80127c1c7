import { closeSync, openSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { reasonOf } from '../../config/secret-files.ts'
import type { ChangedHere, Refused } from '../../import/import.ts'
import { CommandFailed } from '../failure.ts'

export interface RefusalsFile {
  add(refused: Refused | ChangedHere): void
  close(): void
}

/** The refusals of one run, and what was changed here as well, a JSON object a line: what, where, and why not. It replaces that of an earlier run. */
export function openRefusalsFile(path: string): RefusalsFile {
  const file = attempt(() => openSync(resolve(path), 'w', 0o600))
  return {
    add({ of, place, reason }) {
      attempt(() => writeSync(file, `${JSON.stringify({ kind: of, place, reason })}\n`))
    },
    close: () => closeSync(file),
  }

  function attempt<T>(work: () => T): T {
    try {
      return work()
    } catch (thrown) {
      throw new CommandFailed(`The refusals can not be written to ${path} (${reasonOf(thrown)}).`)
    }
  }
}
