/** Lines of requests are those that pino would write, and all that was told before the end of a process is there. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createLog, type RequestEntry } from '../../src/log/log.ts'

const ENTRY: RequestEntry = {
  ...{ requestId: '9287978a-6641-410e-b7db-102c22a4f392', tenant: 'main', surface: 'standard' },
  ...{ endpoint: 'token', grant: 'password', client: 'shop', user: 'ann', source: '192.0.2.1' },
  ...{ status: 200, outcome: 'ok', reason: null, note: null, durationMs: 0.125, cause: undefined },
}

const text = fc.option(fc.string({ unit: 'binary' }))

function written(write: (destination: { write(text: string): void }) => void): string {
  const lines: string[] = []
  write({ write: (line) => void lines.push(line) })
  return lines.join('').replace(/"time":"[^"]*"/, '"time":""')
}

test('T171 a request is told as pino tells it', () => {
  const words = fc.record({
    ...{ client: text, user: text, source: text, reason: text, note: text, tenant: text },
    durationMs: fc.double(),
    traceId: fc.option(fc.string(), { nil: undefined }),
  })
  fc.assert(
    fc.property(words, (changes) => {
      const entry: RequestEntry = { ...ENTRY, ...changes, cause: new Error('not told') }
      const { cause, ...fields } = entry
      const options = { base: null, formatters: { level: (level: string) => ({ level }) } }
      const timestamp = pino.stdTimeFunctions.isoTime
      const own = written((destination) => createLog('info', destination).request(entry))
      expect(own).toBe(
        written((destination) => pino({ ...options, timestamp }, destination).info(fields, 'request')),
      )
    }),
  )
})

test.each([
  'process.exit(3)',
  'process.exitCode = 3',
  "throw new Error('a bug')",
  'process.kill(process.pid)',
])('what was told before `%s` is written, in its order', (end) => {
  const module = join(import.meta.dirname, '..', '..', 'src', 'log', 'log.ts')
  const program = `
      import { createLog } from ${JSON.stringify(module)}
      const log = createLog('info')
      process.on('uncaughtException', () => process.exit(1))
      process.on('SIGTERM', () => process.exit(2))
      log.info('first')
      for (let count = 0; count < 1000; count++) log.request({ status: 200, count })
      log.error('last', new Error('x'))
      ${end}
    `
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program])
  const lines = String(stdout).trimEnd().split('\n')
  const told = lines.map((line) => JSON.parse(line)).map(({ msg, count }) => count ?? msg)
  expect(told).toEqual(['first', ...Array(1000).keys(), 'last'])
})
