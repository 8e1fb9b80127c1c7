/** T173: who is refused many times a second does not fill the disk, and hides nobody else. */
import { beforeEach, describe, expect, test } from 'vitest'
import { createLog, type RequestEntry } from '../../src/log/log.ts'
import { type LimitedLog, limitRefusals } from '../../src/log/refusal-limit.ts'
import { OAuthError } from '../../src/protocol/errors.ts'

const ENTRY: RequestEntry = {
  ...{ requestId: '9287978a-6641-410e-b7db-102c22a4f392', tenant: 'main', surface: 'standard' },
  ...{ endpoint: 'token', grant: 'password', client: 'shop', user: 'ann', source: '192.0.2.1' },
  ...{ status: 400, outcome: 'invalid_grant', reason: 'wrong_password', note: null, durationMs: 0.125 },
  cause: undefined,
}
const OK: RequestEntry = { ...ENTRY, status: 200, outcome: 'ok', reason: null }
const FAILURE: RequestEntry = { ...ENTRY, status: 500, outcome: 'server_error', reason: 'unexpected' }

interface Line {
  readonly [name: string]: unknown
}

let written: string[]
let scheduled: { callback: () => void; delayMs: number }[]
let log: LimitedLog

beforeEach(() => {
  written = []
  scheduled = []
  log = limitRefusals(createLog('info', { write: (text) => void written.push(text) }), {
    schedule: (callback, delayMs) => void scheduled.push({ callback, delayMs }),
  })
})

function send(times: number, change: (index: number) => Partial<RequestEntry> = () => ({})): void {
  for (let index = 0; index < times; index++) log.request({ ...ENTRY, ...change(index) })
}

function lines(msg: string): readonly Line[] {
  return written.map((text) => JSON.parse(text)).filter((line) => line.msg === msg)
}

function endOfSecond(): void {
  for (const { callback } of scheduled.splice(0)) callback()
}

describe('T173 refusals', () => {
  test('the first ten of a second are written, and how many others there were', () => {
    send(1000)
    expect(lines('request')).toHaveLength(10)
    expect(scheduled.map(({ delayMs }) => delayMs)).toEqual([1000])
    endOfSecond()
    expect(written).toHaveLength(11)
    expect(lines('refusals')).toEqual([
      {
        ...{ level: 'info', time: expect.any(String), msg: 'refusals', outcome: 'invalid_grant' },
        ...{ reason: 'wrong_password', source: '192.0.2.1', suppressed: 990 },
      },
    ])
  })

  test('each second begins anew, and nothing is told of one in which all was written', () => {
    send(10)
    endOfSecond()
    expect(lines('refusals')).toEqual([])
    expect(scheduled).toEqual([])
    send(11)
    expect(lines('request')).toHaveLength(20)
    endOfSecond()
    expect(lines('refusals')).toMatchObject([{ suppressed: 1 }])
  })

  test('what succeeds is always written, and sets no timer', () => {
    for (let count = 0; count < 1000; count++) log.request(OK)
    expect(lines('request')).toHaveLength(1000)
    expect(scheduled).toEqual([])
  })

  test('one source hides no other, and one reason no other', () => {
    send(1000)
    send(1, () => ({ source: '198.51.100.7' }))
    send(1, () => ({ reason: 'unknown_client', outcome: 'invalid_client' }))
    expect(lines('request').slice(10)).toMatchObject([
      { source: '198.51.100.7', reason: 'wrong_password' },
      { source: '192.0.2.1', reason: 'unknown_client' },
    ])
  })

  test('the 2^64 addresses of one network are one source', () => {
    send(1000, (index) => ({ source: `2001:db8:0:7::${index.toString(16)}` }))
    endOfSecond()
    expect(written).toHaveLength(11)
    expect(lines('refusals')).toMatchObject([{ source: '2001:db8:0:7::/64', suppressed: 990 }])
  })

  test('of many sources a hundred are written, and one line counts the others', () => {
    send(100_000, (index) => ({ source: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` }))
    endOfSecond()
    expect(lines('request')).toHaveLength(100)
    expect(lines('refusals')).toMatchObject([{ source: null, suppressed: 99_900 }])
  })

  test('every request was written or is counted, whatever comes', () => {
    send(5000, (index) => ({
      source: `10.0.0.${index % 37}`,
      reason: ['wrong_password', 'unknown_user', 'unknown_client'][index % 3] ?? null,
      status: index % 11 === 0 ? 503 : 400,
      cause: index % 11 === 0 ? new Error(`cause ${index % 7}`) : undefined,
    }))
    endOfSecond()
    const counted = lines('refusals')
    const suppressed = counted.reduce((sum, line) => sum + Number(line.suppressed), 0)
    expect(lines('request').length + suppressed).toBe(5000)
    expect(written.length).toBeLessThan(1000)
  })

  test('what is left is told at the end of the process', () => {
    send(12)
    log.flush()
    expect(lines('refusals')).toMatchObject([{ suppressed: 2 }])
    endOfSecond()
    expect(lines('refusals')).toHaveLength(1)
  })

  test('nothing that a client says is in the line that counts', () => {
    const text = '\r\n{"forged":1}\u001b[31m'
    send(20, () => ({ client: text, user: text, grant: 'password' }))
    endOfSecond()
    expect(written.at(-1)).toMatch(/^[\x20-\x7e]*\n$/)
    expect(written.at(-1)).not.toContain('forged')
  })
})

describe("T173 the server's own failures", () => {
  const failing = (index: number): Partial<RequestEntry> => ({
    ...FAILURE,
    cause: new Error('outer', { cause: new Error(`disk ${index}`) }),
  })

  test('of one cause are ten lines and a count, which tells the cause again', () => {
    send(1000, () => ({ ...FAILURE, cause: new Error('the disk is full') }))
    endOfSecond()
    expect(lines('request')).toHaveLength(10)
    expect(lines('refusals')).toMatchObject([
      { level: 'error', reason: 'unexpected', suppressed: 990, error: { message: 'the disk is full' } },
    ])
  })

  test('of another cause are told, however many came before', () => {
    for (let index = 0; index < 300; index++) send(20, () => failing(index))
    const causes = new Set(lines('request').map((line) => JSON.stringify(line.error)))
    expect(causes.size).toBe(300)
    expect(lines('request').length).toBeLessThan(400)
  })

  test('are bounded though each has another cause', () => {
    send(20_000, failing)
    endOfSecond()
    expect(lines('request')).toHaveLength(1000)
    expect(lines('refusals')).toMatchObject([{ suppressed: 19_000 }])
  })

  test('are no reason to forget who floods a queue', () => {
    const busy = { status: 503, outcome: 'temporarily_unavailable' as const, reason: 'hash_queue_share' }
    send(50, () => busy)
    send(1, () => ({ ...busy, source: '198.51.100.7' }))
    endOfSecond()
    expect(lines('request').map(({ source }) => source)).toEqual([
      ...Array(10).fill('192.0.2.1'),
      '198.51.100.7',
    ])
    expect(lines('refusals')).toMatchObject([{ level: 'error', source: '192.0.2.1', suppressed: 40 }])
  })
})

test('T173 other lines are written as they are', () => {
  for (let count = 0; count < 100; count++) {
    log.info('info')
    log.warn('warn')
    log.error('error', new OAuthError('server_error', 'unexpected'))
  }
  expect(written).toHaveLength(300)
})
