import { readFileSync } from 'node:fs'

/** The version of this package; the file is at the same distance from the sources and from what is built of them. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return String(version)
}
