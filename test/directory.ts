import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new directory, which goes with the test, unless with something else. */
export function newDirectory(whenOver: (remove: () => void) => void = onTestFinished): string {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-'))
  whenOver(() => rmSync(directory, { recursive: true }))
  return directory
}
