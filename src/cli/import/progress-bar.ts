import type { Terminal } from '../terminal.ts'

const WIDTH = 24

/** How often it is drawn at most. */
const EVERY_MS = 200

export interface ProgressBar {
  /** `done`: from 0 to 1; null: nobody knows how much there is. */
  show(rows: number, done: number | null): void
  /** Leaves the line empty. */
  clear(): void
}

/** A line on the terminal that is drawn over and over; nothing if nobody watches. */
export function createProgressBar(
  terminal: Terminal,
  nowMs: () => number = () => performance.now(),
): ProgressBar {
  const startMs = nowMs()
  let shownMs = Number.NEGATIVE_INFINITY
  let length = 0

  function draw(text: string): void {
    terminal.note(`\r${text.padEnd(length)}`)
    length = text.length
  }

  return {
    show(rows, done) {
      const now = nowMs()
      if (!terminal.isWatched || now - shownMs < EVERY_MS) return
      shownMs = now
      draw(progressText(rows, done, (now - startMs) / 1000))
    },
    clear() {
      if (length === 0) return
      draw('')
      terminal.note('\r')
    },
  }
}

export function progressText(rows: number, done: number | null, seconds: number): string {
  const rate = `${numberText(rows)} rows  ${numberText(rateOf(rows, seconds))} rows/s`
  if (done === null) return rate
  const filled = Math.round(done * WIDTH)
  const percent = `${Math.floor(done * 100)} %`.padStart(5)
  return `[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${percent}  ${rate}`
}

export function rateOf(rows: number, seconds: number): number {
  return seconds <= 0 ? rows : Math.round(rows / seconds)
}

/** 1,234,567 */
export function numberText(value: number): string {
  return value.toLocaleString('en-US')
}
