import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../embed/program.ts'
import type { Document } from './execute.ts'

/** The README and the guides. */
export const DOCUMENTS: readonly Document[] = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs', 'guide')).map((name) => `docs/guide/${name}`),
].map(readDocument)

/** Guides whose commands need a PostgreSQL server: see `guides.test.ts`. */
export const ON_POSTGRES = {
  spree: readDocument('docs/guide/move-a-spree-store.md'),
  newstore: readDocument('docs/guide/move-off-newstore.md'),
  passwords: readDocument('docs/guide/retire-the-password-grant.md'),
}

/** By its path in the checkout. */
function readDocument(name: string): Document {
  return { name, text: readFileSync(join(ROOT, name), 'utf8') }
}
