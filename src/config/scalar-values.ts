import { expected, leafOf } from './option.ts'
import { quote } from './text-values.ts'

const YEAR = 31_536_000

/** The longest any token may live, ten years: beyond it a number is a mistake (milliseconds, 2^31). Seconds. */
const MAX_LIFETIME = 10 * YEAR

function wholeNumber(minimum: number, maximum: number, unit: string, note = '') {
  const range = `a whole number${unit} from ${minimum} to ${maximum}${note}`
  return leafOf<number>((value) => {
    if (!isScalar(value)) return expected(range, value)
    if (Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum) return null
    return `must be ${range}, not ${quote(value)}`
  })
}

/** How long a token lives. Refuses 0, fractions, text such as `1h`, and more than ten years. */
export const lifetime = wholeNumber(1, MAX_LIFETIME, ' of seconds', ' (ten years)')

/** How long a spent refresh token is answered with its successor; 0: not at all. */
export const reuseWindow = wholeNumber(0, 3600, ' of seconds', ' (an hour)')

/** Seconds between two runs of something; 0: never. */
export const interval = wholeNumber(0, 86_400, ' of seconds', ' (a day)')
export const retentionDays = wholeNumber(0, 3650, ' of days', ' (ten years)')

/** A year with the month before it can be compared with the same month; ten years are enough for anybody. */
export const usageDays = wholeNumber(0, 3650, ' of days', ' (ten years)')

/** Integrators ask within days; what is kept of refused requests is of no use to anybody after a quarter. */
export const refusalDays = wholeNumber(0, 90, ' of days')

/** One to read, one to write, one to listen, at least. */
export const connectionCount = wholeNumber(3, 1000, '')

/** Long enough for a busy database, short enough that nobody has given up. */
export const databaseTimeout = wholeNumber(1, 60, ' of seconds')

/** Longer than any load balancer needs, shorter than what whoever stops servers waits before it kills them. */
export const drainTime = wholeNumber(0, 300, ' of seconds', ' (five minutes)')

/** Long enough for an integration that logs in for every request; what is in memory should be gone soon. */
export const passwordCacheTime = wholeNumber(0, 300, ' of seconds', ' (five minutes)')

/** Requests a second, of a tenant or of a client. */
export const requestRate = wholeNumber(1, 1_000_000, ' of requests a second')

/** Passwords hashed at once: as many as libuv can have threads. */
export const hashConcurrency = wholeNumber(1, 1024, '')

/** Passwords that wait: whoever is behind ten thousand has given up long before. */
export const hashQueueLength = wholeNumber(1, 10_000, '')

/** Of one user, within a quarter of an hour. More than 100 would be no limit (NIST SP 800-63B §5.2.2). */
export const failuresPerUser = wholeNumber(0, 100, '')

/** Of all users from one address, within a day. */
export const failuresPerSource = wholeNumber(0, 1_000_000, '')

/** Whoever logs in has given up after a minute; so has what stands in between. */
export const upstreamTimeout = wholeNumber(1, 60, ' of seconds')

/** Requests that wait for another server at a time. */
export const upstreamConcurrency = wholeNumber(1, 1000, '')

export const upstreamFailures = wholeNumber(1, 1000, '')
export const upstreamPause = wholeNumber(1, 3600, ' of seconds', ' (an hour)')

/** A TCP port. 0 is allowed; what it means is the option's business. */
export const port = wholeNumber(0, 65_535, '')

export const trueOrFalse = leafOf<boolean>((value) => {
  if (typeof value === 'boolean') return null
  return isScalar(value) ? `must be true or false, not ${quote(value)}` : expected('true or false', value)
})

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
