import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { REASONS } from '../../src/diagnosis/reasons.ts'

const SOURCE = join(import.meta.dirname, '..', '..', 'src')
/** Where refusals of the token plane are made. */
const FOLDERS = ['protocol', 'crypto', 'grants', 'endpoints', 'surfaces', 'http']
const WORD = /'([a-z][a-z0-9]*(?:_[a-z0-9]+)*)'/g

/** Throws if a reason of the source has no meaning in the list, or one in the list is not in the source. */
export function requireEveryReason(): void {
  const text = FOLDERS.flatMap((folder) =>
    readdirSync(join(SOURCE, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(SOURCE, folder, name), 'utf8')),
  ).join('\n')
  const used = reasonsIn(text)
  const missing = [...used].filter((reason) => !Object.hasOwn(REASONS, reason))
  const gone = Object.keys(REASONS).filter((reason) => !used.has(reason))
  if (missing.length > 0) throw new Error(`src/diagnosis/reasons.ts lacks ${missing.join(', ')}`)
  if (gone.length > 0) throw new Error(`no source has ${gone.join(', ')} of src/diagnosis/reasons.ts`)
}

function reasonsIn(text: string): Set<string> {
  const found = new Set<string>(['password_in_query'])
  // The second argument, which may be an expression; the functions that make a refusal of a reason alone; eligibility.
  for (const [, , argument = ''] of text.matchAll(/new OAuthError\(\s*'(\w+)',\s*([^,{]*?)\s*[,)]/g)) {
    for (const [, word = ''] of argument.replaceAll(/=== '\w+'/g, '').matchAll(WORD)) found.add(word)
  }
  for (const [, word = ''] of text.matchAll(/\b(?:refused|malformed)\([^'()]*'(\w+)'/g)) found.add(word)
  for (const [, word = ''] of text.matchAll(/return '((?:user|client|revoked|upstream)_\w+)'/g))
    found.add(word)
  for (const [, words = ''] of text.matchAll(/const reason = ([^\n]+)/g)) {
    for (const [, word = ''] of words.matchAll(WORD)) found.add(word)
  }
  return found
}
