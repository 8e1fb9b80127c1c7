import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { CONFIGURATION, createWorkplace, LAUNCHER, NODE } from '../cli/workplace.ts'

const SERVE = [LAUNCHER, 'serve', '--port', '0', '--admin-port', '0']
const TELL = pathToFileURL(join(import.meta.dirname, 'tell-young-generation.ts')).href

it('the young generation of V8 is as small after a start as before, and grows when the server works', async () => {
  const place = workplace()
  const server = place.start(NODE, SERVE, { env: { NODE_OPTIONS: `--import=${TELL}` } })
  await server.said(/"msg":"listening"/)
  server.child.kill('SIGUSR2')
  const [, told = ''] = await server.said(/^young (.*)\n/m)
  const { before, after } = JSON.parse(told)
  expect(before).toBeLessThan(4)
  expect(after).toBeGreaterThan(2 * before)
})

it('what a start has left is collected before the first request, and given back', async () => {
  const server = workplace().start(NODE, ['--trace-gc', ...SERVE])
  const [before = ''] = await server.said(/^.*"msg":"listening"/s)
  expect(before).toMatch(/Mark-Compact \(reduce\)/)
})

function workplace() {
  const place = createWorkplace()
  onTestFinished(() => place.remove())
  place.write('mintkeeper.yaml', CONFIGURATION)
  return place
}
