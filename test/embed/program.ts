/** Runs whole programs, as their users do, and waits for what they print. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listen } from '../listen.ts'

export const ROOT = join(import.meta.dirname, '..', '..')

export interface RunningProgram {
  /** Everything it has printed, on both streams, as soon as the pattern is in it. */
  output(pattern: RegExp): Promise<string>
  /** Its exit code, when it has ended by itself. Rejects with its output if that is not 0. */
  ended(): Promise<number | null>
  /** Asks it to stop; its exit code. */
  stop(): Promise<number | null>
}

export interface ProgramOptions {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd: string
  /** The program is taken to run when it has printed this. */
  readonly until: RegExp
}

/** Starts a TypeScript program under this very Node; rejects with its output if it ends before it has started. */
export async function startProgram({ args, env, cwd, until }: ProgramOptions): Promise<RunningProgram> {
  const imports = fileURLToPath(new URL('./mintkeeper-from-source.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', imports, ...args], {
    cwd,
    env: { ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const waiting = new Set<() => void>()
  const read = (chunk: Buffer) => {
    output += chunk.toString()
    for (const look of waiting) look()
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)

  function printed(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!pattern.test(output)) return
        waiting.delete(look)
        resolve(output)
      }
      waiting.add(look)
      look()
      child.once('close', (code) => reject(new Error(`${args.join(' ')} ended with ${code}:\n${output}`)))
      child.once('error', reject)
    })
  }

  await printed(until)
  return {
    output: printed,
    async ended() {
      if (child.exitCode === null) await once(child, 'close')
      if (child.exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${child.exitCode}:\n${output}`)
      return child.exitCode
    },
    stop: () => stop(child),
  }
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const [code] = await ended
  return code
}

/** What the tests' own runner sets would change what programs print. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, FORCE_COLOR: __, ...rest } = process.env
  return { ...rest, NO_COLOR: '1' }
}

/** A port that was free a moment ago, for programs that have to be told one. */
export async function findFreePort(): Promise<number> {
  const { origin, close } = await listen(createServer())
  await close()
  return Number(new URL(origin).port)
}

export interface TemporaryDirectory {
  readonly path: string
  remove(): void
}

export function createTemporaryDirectory(): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), 'mintkeeper-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
