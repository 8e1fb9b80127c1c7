import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Load, LoadOutcome, LoadTool } from './load.ts'

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url))

/** wrk with one thread; null if it is not installed. */
export function findWrk(): LoadTool | null {
  const { stdout, error } = spawnSync('wrk', ['-v'], { encoding: 'utf8' })
  if (error !== undefined) return null
  return { name: stdout.split('[')[0]?.trim() ?? 'wrk', run }
}

async function run(port: number, load: Load): Promise<LoadOutcome> {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-wrk-'))
  try {
    const job = join(directory, 'load.lua')
    const values = load.values === null ? null : join(directory, 'values')
    const output = load.collect === null ? null : join(directory, 'output')
    if (values !== null) writeFileSync(values, (load.values ?? []).join('\n'))
    if (output !== null) writeFileSync(output, '')
    const { method, path, headers, body } = load
    const member = load.collect ?? load.carry
    writeFileSync(job, `return ${luaOf({ method, path, headers, body, member, values, output })}`)
    const { stdout, stderr } = await promisify(execFile)('wrk', [
      ...['--threads', '1', '--connections', `${load.connections}`, '--duration', `${load.seconds}s`],
      // It gives no request up: what is late counts as late.
      ...['--timeout', '60s'],
      ...['--script', SCRIPT, `http://127.0.0.1:${port}`, '--', job],
    ])
    if (stderr !== '') throw new Error(`wrk says: ${stderr}`)
    const { microseconds, p50, p99, p999, ...rest } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
    return {
      ...rest,
      seconds: microseconds / 1e6,
      p50: p50 / 1000,
      p99: p99 / 1000,
      p999: p999 / 1000,
      collected: output === null ? [] : readFileSync(output, 'utf8').split('\n').slice(0, -1),
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A table of Lua. JSON's texts are Lua's, as long as they are ASCII. */
function luaOf(members: Readonly<Record<string, unknown>>): string {
  const known = Object.entries(members).filter(([, value]) => value !== null)
  return `{ ${known
    .map(
      ([name, value]) =>
        `["${name}"] = ${typeof value === 'string' ? JSON.stringify(value) : luaOf({ ...(value as object) })}`,
    )
    .join(', ')} }`
}
