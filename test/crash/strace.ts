/** Looks at a process from outside, and makes its system calls fail: https://strace.io. Linux only. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** Calls that write to a file, or flush it. */
export const DISK_CALLS = 'pwrite64,fsync,fdatasync'

/** Why the tests that need strace can not run here; null: they can. */
export async function whyNoStrace(): Promise<string | null> {
  if (process.platform !== 'linux') return 'strace is a program of Linux'
  if (spawnSync('strace', ['--version']).status !== 0) return 'strace is not installed'
  const sleeper = spawn('sleep', ['30'])
  try {
    const tracer = await attach(sleeper.pid ?? 0, ['-e', 'trace=none'])
    await tracer.detach()
    return null
  } catch (error) {
    return `strace may not look at processes (${error instanceof Error ? error.message : String(error)})`
  } finally {
    sleeper.kill('SIGKILL')
  }
}

export interface Tracer {
  /** What was seen so far, a line a call. */
  lines(): readonly string[]
  /** The process goes on as if nothing had been. */
  detach(): Promise<void>
}

/** Attaches to all threads of a process. Resolves when it sees them. */
export async function attach(pid: number, args: readonly string[]): Promise<Tracer> {
  const tracer = spawn('strace', ['-f', '-yy', '-s', '64', ...args, '-p', String(pid)])
  let said = ''
  tracer.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await attached(tracer, () => said)
  return {
    lines: () => said.split('\n'),
    async detach() {
      if (tracer.exitCode !== null || tracer.signalCode !== null) return
      const gone = once(tracer, 'exit')
      tracer.kill('SIGINT')
      await gone
    },
  }
}

async function attached(tracer: ChildProcess, said: () => string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const look = () => {
      if (/strace: Process \d+ attached/.test(said())) resolve()
    }
    tracer.stderr?.on('data', look)
    tracer.once('error', reject)
    tracer.once('exit', () => reject(new Error(said().trim().split('\n').at(-1))))
  })
}

/** One system call, as strace tells it. */
export interface SystemCall {
  readonly name: string
  /** What its file descriptor is: a path, or an address. */
  readonly target: string
  readonly text: string
}

const CALL = /^(?:\[pid +\d+\] )?(\w+)\(\d+<((?:[^<>]|<->|->)*)>/

/** The calls that have a file descriptor, in the order in which they began. */
export function callsOf(lines: readonly string[]): readonly SystemCall[] {
  return lines.flatMap((text) => {
    const [, name, target] = CALL.exec(text) ?? []
    return name === undefined || target === undefined ? [] : [{ name, target, text }]
  })
}
