/**
 * Writes the pages of docs/reference/ that are generated from the code. With `--check` it writes nothing, and fails
 * if a page is not what the code says.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { renderAdminApiReference } from '../src/admin/reference.ts'
import { renderCliReference } from './reference/cli.ts'
import { renderConfigurationReference } from './reference/configuration.ts'
import { renderErrorsReference } from './reference/errors.ts'
import { renderMetricsReference } from './reference/metrics.ts'
import { renderRoutesReference } from './reference/routes.ts'

/** A page a line: its path from the root of the repository, and what renders it. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/admin-api.md': renderAdminApiReference,
  'docs/reference/cli.md': renderCliReference,
  'docs/reference/configuration.md': renderConfigurationReference,
  'docs/reference/errors.md': renderErrorsReference,
  'docs/reference/metrics.md': renderMetricsReference,
  'docs/reference/routes.md': renderRoutesReference,
}

/** The pages under `root` that are not what they should be. */
export function findStalePages(root: string): readonly string[] {
  return Object.entries(PAGES)
    .filter(([page, render]) => readPage(join(root, page)) !== render())
    .map(([page]) => page)
}

function writePages(root: string): void {
  for (const [page, render] of Object.entries(PAGES)) {
    mkdirSync(dirname(join(root, page)), { recursive: true })
    writeFileSync(join(root, page), render())
  }
}

function readPage(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  if (process.argv.includes('--check')) {
    const stale = findStalePages(root)
    if (stale.length > 0) {
      process.stderr.write(`Stale: ${stale.join(', ')}. Run: node scripts/generate-reference.ts\n`)
      process.exitCode = 1
    }
  } else writePages(root)
}
