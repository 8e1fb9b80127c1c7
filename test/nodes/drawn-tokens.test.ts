import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { newFile } from './nodes.ts'

const PROCESSES = 4
const EACH = 250_000
const SELECTOR_LENGTH = 9

test('T030 a million tokens of four processes are a million, of 160 random bits at least', async () => {
  const { path } = newFile()
  const children = Array.from({ length: PROCESSES }, () => {
    const script = join(import.meta.dirname, 'draw-tokens.ts')
    const child = spawn(process.execPath, [script, path, String(EACH)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    return { child, lines: createInterface({ input: child.stdout }) }
  })
  await Promise.all(children.map(({ lines }) => once(lines, 'line')))
  const tokens = new Set<string>()
  const selectors = new Set<string>()
  const ids = new Set<string>()
  const read = children.map(async ({ child, lines }) => {
    child.stdin.write('go\n')
    for await (const line of lines) {
      const [token = '', id = ''] = line.split(' ')
      tokens.add(token)
      selectors.add(token.slice(0, SELECTOR_LENGTH))
      ids.add(id)
    }
  })
  await Promise.all(read)
  const million = PROCESSES * EACH
  expect([tokens.size, selectors.size, ids.size]).toEqual([million, million, million])

  // Each character after the selector takes all of its 64 values, as often as chance has it.
  let [sample] = tokens
  const places = (sample ?? '').length - SELECTOR_LENGTH
  expect(places * 6).toBeGreaterThanOrEqual(160)
  const counts = Array.from({ length: places }, () => new Map<string, number>())
  let seen = 0
  for (sample of tokens) {
    if (++seen > 100_000) break
    for (let place = 0; place < places; place++) {
      const character = sample.charAt(SELECTOR_LENGTH + place)
      counts[place]?.set(character, (counts[place]?.get(character) ?? 0) + 1)
    }
  }
  for (const count of counts) {
    expect(count.size).toBe(64)
    // 1562 are expected of each, give or take 40: ten times that never happens.
    for (const often of count.values()) expect(Math.abs(often - 100_000 / 64)).toBeLessThan(400)
  }
}, 120_000)
