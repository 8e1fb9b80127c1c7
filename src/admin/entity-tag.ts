import { invalid } from './operations/admin-error.ts'
import type { Expectation } from './operations/operations.ts'

const STRONG = /^"(\d{1,15})"$/

/** The entity tag of a version (RFC 9110 §8.8.3). */
export function entityTag(version: number): string {
  return `"${version}"`
}

/**
 * What an `If-Match` expects (RFC 9110 §13.1.1): nothing without one and with `*`. A weak tag and one that is not
 * ours match no version. Refuses a list of tags with `invalid`: there is one current version only.
 */
export function expectationOf(ifMatch: string | undefined): Expectation {
  if (ifMatch === undefined || ifMatch === '*') return {}
  if (/",/.test(ifMatch)) {
    throw invalid('request', [{ path: 'If-Match', message: 'must be one entity tag' }])
  }
  const [, version] = STRONG.exec(ifMatch) ?? []
  return { version: version === undefined ? NO_VERSION : Number(version) }
}

/** No resource has it: they count from 1. */
const NO_VERSION = -1
