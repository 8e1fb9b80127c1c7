import { expect, test } from 'vitest'
import { createProgressBar, progressText, rateOf } from '../../src/cli/import/progress-bar.ts'
import { SILENT_TERMINAL } from '../../src/cli/terminal.ts'

test('a progress bar tells how much is done, how many rows, and how fast', () => {
  expect(progressText(1_234_567, 0.5, 100)).toBe(
    '[############------------]  50 %  1,234,567 rows  12,346 rows/s',
  )
  expect(progressText(0, 0, 0)).toBe('[------------------------]   0 %  0 rows  0 rows/s')
  expect(progressText(2000, 1, 2)).toBe('[########################] 100 %  2,000 rows  1,000 rows/s')
  expect(progressText(2000, null, 2)).toBe('2,000 rows  1,000 rows/s')
  expect(rateOf(5, 0)).toBe(5)
})

function watched(isWatched: boolean) {
  const written: string[] = []
  let nowMs = 0
  const terminal = { ...SILENT_TERMINAL, isWatched, note: (text: string) => void written.push(text) }
  const bar = createProgressBar(terminal, () => nowMs)
  return { bar, written, wait: (ms: number) => (nowMs += ms) }
}

test('it is drawn over itself on a terminal, not too often, and leaves nothing', () => {
  const { bar, written, wait } = watched(true)
  bar.show(100, 0.1)
  wait(199)
  bar.show(200, 0.2)
  wait(1)
  bar.show(1000, 0.9)
  bar.clear()
  expect(written).toHaveLength(4)
  expect(written[0]).toMatch(/^\r\[##-+\] {2}10 % {2}100 rows/)
  expect(written[1]).toMatch(/^\r\[#+--\] {2}90 % {2}1,000 rows {2}5,000 rows\/s$/)
  expect(written[2]?.trim()).toBe('')
  expect(written[2]?.length).toBeGreaterThanOrEqual(written[1]?.length ?? 0)
  expect(written[3]).toBe('\r')
})

test('it is not drawn where nobody watches', () => {
  const { bar, written } = watched(false)
  bar.show(100, 0.1)
  bar.clear()
  expect(written).toEqual([])
})
