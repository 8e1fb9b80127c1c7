import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One bash that is told one script after another, and remembers its variables, functions and servers. */
export interface Shell {
  /**
   * What the script prints, on both streams, as at a terminal. Rejects with `ScriptFailed` at its first failing command,
   * also one that bash itself passes over, as `echo "$(false)"`, and for what bash only warns of.
   */
  run(script: Script): Promise<string>
  /** Ends it, and what it has left running. */
  close(): Promise<void>
}

export interface Script {
  readonly text: string
  /** The file it stands in, and on which line of it, from 1: bash counts lines as that file does. */
  readonly name: string
  readonly line: number
}

export class ScriptFailed extends Error {
  /** Of the command that failed, in the file of the script. */
  readonly line: number
  /** By the script until then. */
  readonly printed: string

  constructor(message: string, line: number, printed: string) {
    super(message)
    this.line = line
    this.printed = printed
  }
}

const ENDED = 'ended\n'

/** A command takes seconds. One that takes this long waits for something that does not come. */
const PATIENCE_MS = 60_000

/** `files` is a directory of the shell's own, which no script looks into. */
export function startShell(cwd: string, files: string, env: NodeJS.ProcessEnv): Shell {
  const [output, failures] = [join(files, 'output'), join(files, 'failures')]
  const child = spawn('bash', ['--noprofile', '--norc', '-Eeuo', 'pipefail', '-s'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
    // A group of its own, with all that it starts.
    detached: true,
  })
  child.stdin.on('error', () => {})
  child.stdin.write(preludeOf(failures))
  const exited = once(child, 'exit')

  /** Of the commands that have failed within one another, the outermost comes last. */
  function failedLine(): number | null {
    const lines = existsSync(failures) ? readFileSync(failures, 'utf8').trim().split('\n') : []
    return lines.length === 0 ? null : Number(lines.at(-1))
  }

  return {
    async run({ text, name, line }) {
      const file = join(files, name)
      writeFileSync(file, `${'\n'.repeat(line - 1)}${text}`)
      rmSync(failures, { force: true })
      // A file, for a server that is left in the background holds no pipe open then.
      child.stdin.write(`. '${file}' < /dev/null > '${output}' 2>&1; printf '${ENDED.trim()}\\n'\n`)
      const timeout = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), PATIENCE_MS)
      const [said] = await Promise.race([once(child.stdout, 'data'), exited])
      clearTimeout(timeout)
      const printed = readFileSync(output, 'utf8').replaceAll(file, name)
      const failedAt = failedLine()
      if (String(said) === ENDED) {
        const warnedAt = saidLine(name, printed, 'warning: ')
        if (failedAt !== null) throw new ScriptFailed('fails unheard', failedAt, printed)
        if (warnedAt !== null) throw new ScriptFailed('bash warns', warnedAt, printed)
        return printed
      }
      const code = child.exitCode
      const message = code === null ? `does not end within ${PATIENCE_MS / 1000} s` : `exits with ${code}`
      throw new ScriptFailed(message, failedAt ?? saidLine(name, printed) ?? line, printed)
    },
    async close() {
      child.stdin.end()
      await exited
    },
  }
}

/** Servers in the background end with the shell, however it ends. */
function preludeOf(failures: string): string {
  return `
trap 'echo "$LINENO" >> "${failures}"' ERR
trap 'kill $(jobs -p) 2> /dev/null || true; wait' EXIT
`
}

/** Of what is no command that failed, such as a variable that is not set, bash itself says where, and then `what`. */
function saidLine(name: string, printed: string, what = ''): number | null {
  const [, line] = new RegExp(`^${RegExp.escape(name)}: line (\\d+): ${what}`, 'm').exec(printed) ?? []
  return line === undefined ? null : Number(line)
}
