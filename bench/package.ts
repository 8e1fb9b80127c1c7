import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What `npm run build` needs. */
const SOURCES = ['bin', 'src', 'package.json', 'tsconfig.json', 'tsconfig.build.json']

/** Builds the package as npm would install it below a directory; the path of its program. */
export function installPackage(directory: string): string {
  const build = join(directory, 'build')
  for (const name of SOURCES) cpSync(join(ROOT, name), join(build, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(build, 'node_modules'))
  // The compiler tells what is wrong on its standard output.
  execFileSync('npm', ['run', 'build'], { cwd: build, stdio: ['ignore', process.stderr, process.stderr] })
  rmSync(join(build, 'src'), { recursive: true })
  const installed = join(directory, 'node_modules', 'mintkeeper')
  mkdirSync(dirname(installed), { recursive: true })
  renameSync(build, installed)
  return join(installed, 'bin', 'mintkeeper')
}
