/** T174: nobody who sends requests decides how many series there are. */
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { SURFACES } from '../../src/surfaces/index.ts'
import { measured, SECRET } from './measured.ts'
import { definitionOf, readSeries, type Series } from './series.ts'

const REQUESTS = 10_000

const PATHS = SURFACES.flatMap(({ prefix, routes }) => [prefix, ...routes.flatMap(({ paths }) => paths)])
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'BREW']
const GRANTS = ['password', 'client_credentials', 'refresh_token']

/** Something nobody has sent before, and that breaks a line of text where it is not escaped. */
function unheardOf(): string {
  const text = randomBytes(6).toString('hex')
  return [text, `"} 1\n${text}`, `\\${text}`, `é${text}`, `__proto__${text}`][text.charCodeAt(0) % 5] ?? text
}

function pick<T>(of: readonly T[], index: number): T {
  return of[index % of.length] as T
}

function hostile(index: number) {
  const words = unheardOf()
  const known = pick(PATHS, index).replace('{tenant}', index % 3 === 0 ? 'dodici' : encodeURIComponent(words))
  const url = [known, known, `${known}/${words}`, `/${words}`, `${known}?token=${words}`][index % 5] ?? known
  const fields: Record<string, string> = {
    grant_type: index % 2 === 0 ? pick(GRANTS, index) : words,
    username: index % 7 === 0 ? 'ann' : words,
    password: index % 14 === 0 ? 'right' : words,
    client_id: index % 3 === 0 ? 'shop' : words,
    client_secret: index % 6 === 0 ? SECRET : words,
    ...{ refresh_token: words, token: words, scope: words, [words]: words },
  }
  const headers: Record<string, string> = {
    ...{ 'x-request-id': words, traceparent: words, 'user-agent': words },
    'content-type': index % 4 === 0 ? words : 'application/x-www-form-urlencoded',
    ...(index % 5 === 0 && { authorization: `Bearer ${words}` }),
    ...(index % 11 === 0 && { host: words }),
  }
  const method = index % 9 === 0 ? words : index % 2 === 0 ? 'POST' : pick(METHODS, index)
  return { method, url, headers, body: new URLSearchParams(fields).toString() }
}

test(`T174 after ${REQUESTS} hostile requests every label has a value of its closed set`, async () => {
  const { send, metrics } = await measured()
  const sizes: number[] = []
  const statuses = new Set<number>()
  for (let index = 0; index < REQUESTS; index++) {
    const { method, url, body, headers } = hostile(index)
    statuses.add((await send(method, url, body, headers)).status)
    if (index % (REQUESTS / 2) === REQUESTS / 2 - 1) sizes.push((await metrics.text()).length)
  }
  expect([...statuses].sort()).toEqual(expect.arrayContaining([200, 400, 401, 404, 405]))
  const series = readSeries(await metrics.text())
  expect(outsiders(series)).toEqual([])
  // All there is to be seen was seen in the first half: beside longer numbers nothing came.
  const [half = 0, whole = 0] = sizes
  expect(whole).toBeLessThan(half * 1.1)
  expect(series.length).toBeLessThan(1000)
  const requests = series.filter(({ name }) => name === 'mintkeeper_requests_total')
  expect(requests.reduce((sum, { value }) => sum + value, 0)).toBe(REQUESTS)
  expect(requests.length).toBeGreaterThan(30)
})

/** Label values that nobody has declared. */
function outsiders(series: readonly Series[]): readonly string[] {
  return series.flatMap((each) => {
    const definition = definitionOf(each)
    if (definition === undefined) return [each.name]
    return Object.entries(each.labels)
      .filter(([label, value]) => {
        if (label === 'le') return value !== '+Inf' && !definition.buckets.includes(Number(value))
        return definition.labels[label]?.includes(value) !== true
      })
      .map(([label, value]) => `${each.name} ${label} ${value}`)
  })
}
