import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { reasonOf } from '../config/secret-files.ts'
import type { ClientJwks } from '../protocol/client-jwks.ts'
import { CommandFailed } from './failure.ts'

/** The JSON of a file that should hold a JWK Set; the operations look whether it does. Throws `CommandFailed`. */
export function readJwks(file: string): ClientJwks {
  const path = resolve(file)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new CommandFailed(`--jwks names a file that can not be read: ${path} (${reasonOf(thrown)}).`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new CommandFailed(
      `--jwks names a file that is no JSON: ${path}. It must hold a JWK Set (RFC 7517 §5).`,
    )
  }
}
