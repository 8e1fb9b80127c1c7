import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Report } from '../../bench/report.ts'
import { newDirectory } from '../directory.ts'

test('a quick run of one request measures it next to the bare server', { timeout: 60_000 }, async () => {
  const file = join(newDirectory(), 'results.json')
  const only = 'Mintkeeper, SQLite: standard refresh, rotate, opaque'
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, '../../bench/main.ts'),
    ...['--quick', '--connections', '4', '--only', only, '--json', file],
  ])
  const report: Report = JSON.parse(readFileSync(file, 'utf8'))
  expect(report.limits).toEqual([])
  expect(report.startUps).toEqual([])
  expect(report.requests.map(({ setup, request }) => `${setup}: ${request}`)).toEqual([only])
  const [row] = report.requests
  for (const spread of [row?.perSecond, row?.cpuMicroseconds, row?.ratio.perCpuSecond, row?.rssMegabytes]) {
    expect(spread?.median).toBeGreaterThan(0)
  }
  const reached = report.targets.filter(({ perSecond }) => perSecond !== null)
  expect(reached.map(({ operation }) => operation)).toEqual(['refresh, rotate'])
  expect(stdout).toContain('| refresh, rotate | at least 0.42 × bare `node:http` | 0.')
})
