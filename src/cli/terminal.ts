import { text } from 'node:stream/consumers'
import type { Environment } from '../config/process-values.ts'

/** What a command touches of its process: the three streams and the environment. */
export interface Terminal {
  readonly env: Environment
  /** Data, and nothing else, on standard output. */
  out(text: string): void
  /** What is meant for people, on standard error. */
  note(text: string): void
  /** The whole of standard input. */
  read(): Promise<string>
  /** Whether somebody watches standard error. */
  readonly isWatched: boolean
}

/** The terminal of this process. A reader that goes away (`| head`) ends the process quietly. */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    env: process.env,
    out: (line) => void process.stdout.write(line),
    note: (line) => void process.stderr.write(line),
    read: () => text(process.stdin),
    isWatched: process.stderr.isTTY === true,
  }
}

/** For whoever only wants to know which commands there are. */
export const SILENT_TERMINAL: Terminal = {
  env: {},
  out: () => {},
  note: () => {},
  read: async () => '',
  isWatched: false,
}
