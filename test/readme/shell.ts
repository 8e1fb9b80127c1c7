import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** One bash that is told one script after another, and remembers its variables and functions. */
export interface Shell {
  /** What the script prints; rejects with both of its streams if a command of it fails. */
  run(script: string): Promise<string>
  close(): Promise<void>
}

const END = '== end of script =='

export function startShell(cwd: string, env: NodeJS.ProcessEnv): Shell {
  const child = spawn('bash', ['--noprofile', '--norc', '-eu', '-o', 'pipefail', '-s'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  let look = () => {}
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    look()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const ended = once(child, 'close')

  return {
    async run(script) {
      output = ''
      errors = ''
      const finished = new Promise<void>((resolve) => {
        look = () => {
          if (output.includes(END)) resolve()
        }
      })
      child.stdin.write(`${script}\nprintf '\\n%s\\n' '${END}'\n`)
      await Promise.race([
        finished,
        ended.then(([code]) => {
          throw new Error(`exit code ${code} of:\n${script}\n${output}\n${errors}`)
        }),
      ])
      return output.slice(0, output.indexOf(END)).trim()
    },
    async close() {
      child.stdin.end()
      await ended
    },
  }
}
