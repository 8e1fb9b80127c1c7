import { afterEach, beforeEach, expect, test } from 'vitest'
import { CONFIGURATION, createWorkplace, post, type Workplace } from '../cli/workplace.ts'

const SYNC = { grant_type: 'client_credentials', client_id: 'sync' }
const SECRET = 'canary-secret-of-the-sync-client-0123456789'
const REFUSED = 200
const ANSWERED = 30

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
})
afterEach(() => place.remove())

/** What a server writes to its log while many requests are refused, and some are not. */
async function linesOf(level: string) {
  const server = await place.serve(['--admin-port', '0', '--log-level', level])
  const url = `${server.url}/oauth/token`
  for (let count = 0; count < REFUSED; count++) await post(url, { ...SYNC, client_secret: 'wrong' })
  for (let count = 0; count < ANSWERED; count++) await post(url, { ...SYNC, client_secret: SECRET })
  server.child.kill('SIGTERM')
  const { stdout } = await server.ended
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return {
    size: stdout.length,
    refused: lines.filter(({ outcome, msg }) => msg === 'request' && outcome === 'invalid_client'),
    answered: lines.filter(({ outcome }) => outcome === 'ok'),
    counts: lines.filter(({ msg }) => msg === 'refusals'),
  }
}

test('T173 a server that refuses many requests writes a few of them, and counts the rest to the last', async () => {
  const { refused, answered, counts } = await linesOf('info')
  const suppressed = counts.reduce((sum, line) => sum + line.suppressed, 0)
  expect(answered).toHaveLength(ANSWERED)
  expect(refused.length + suppressed).toBe(REFUSED)
  expect(refused.length).toBeLessThanOrEqual(10 * (counts.length + 1))
  expect(counts[0]).toMatchObject({ reason: 'wrong_client_secret', source: '127.0.0.1' })
})

test('T173 at the level debug every one is written', async () => {
  const { refused, answered, counts } = await linesOf('debug')
  expect([refused.length, answered.length, counts.length]).toEqual([REFUSED, ANSWERED, 0])
})
