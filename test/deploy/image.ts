/** Plays the Dockerfile without Docker: what its steps make, in directories, and run as the image would be. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../embed/program.ts'
import { commandOf, environmentOf, readDockerfile, type Stage, textsOf } from './dockerfile.ts'

const run = promisify(execFile)
const STAGES = readDockerfile(readFileSync(join(ROOT, 'deploy', 'Dockerfile'), 'utf8'))
export const IMAGE = STAGES.at(-1) as Stage

/** Null: the image can be run here. */
export function whyNotHere(): string | null {
  if (process.platform !== 'linux') return 'not on Linux'
  if (process.getuid?.() !== 0) return 'needs root, to make a root file system'
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' })
    return null
  } catch {
    return 'mounts are not allowed here'
  }
}

/** Makes the root file system of the image in a directory, but for the base's own files. */
export async function buildImage(directory: string): Promise<string> {
  const [build, dependencies] = [join(directory, 'build-stage'), join(directory, 'dependencies-stage')]
  const image = join(directory, 'image')
  const [buildStage, dependencyStage] = STAGES as [Stage, Stage]
  copyAll(buildStage, join(build, 'build'), {})
  // In place of `npm ci`: what the lock file says is there already.
  symlinkSync(join(ROOT, 'node_modules'), join(build, 'build', 'node_modules'))
  const compile = textsOf(buildStage, 'RUN').at(-1) ?? ''
  await run('sh', ['-c', compile.replace(/^node/, `'${process.execPath}'`)], { cwd: join(build, 'build') })
  copyAll(dependencyStage, join(dependencies, 'app'), {})
  copyProductionPackages(join(dependencies, 'app'))
  copyAll(IMAGE, image, { build, dependencies })
  return image
}

/** Carries out the `COPY` instructions of a stage. From the context only what is not ignored can be copied. */
function copyAll(stage: Stage, to: string, stages: Readonly<Record<string, string>>): void {
  for (const text of textsOf(stage, 'COPY')) {
    const words = text.split(' ')
    const from = /^--from=(.*)$/.exec(words[0] ?? '')?.[1]
    const [sources, target] = [words.slice(from === undefined ? 0 : 1, -1), words.at(-1) ?? '']
    for (const source of sources) {
      const origin = from === undefined ? fromContext(source) : join(stages[from] ?? '', source)
      const name = target.endsWith('/') ? source : ''
      cpSync(origin, join(to, target, name), { recursive: true, verbatimSymlinks: true })
    }
  }
}

function fromContext(source: string): string {
  const ignored = readFileSync(join(ROOT, 'deploy', 'Dockerfile.dockerignore'), 'utf8').split('\n')
  if (!ignored.includes(`!${source}`)) throw new Error(`.dockerignore keeps ${source} from the build`)
  return join(ROOT, source)
}

/** What `npm ci --omit=dev` installs, by the lock file. */
function copyProductionPackages(to: string): void {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>
  }
  for (const [path, { dev, devOptional }] of Object.entries(packages)) {
    const origin = join(ROOT, path)
    // Optional ones are for other machines.
    if (path === '' || dev === true || devOptional === true || !existsSync(origin)) continue
    cpSync(origin, join(to, path), {
      recursive: true,
      filter: (file) => !file.slice(origin.length).includes('/node_modules'),
    })
  }
}

export interface Container {
  /** Its own log and messages. */
  output(): string
  /** What the image's health check says. */
  healthCheck(): Promise<number | null>
  /** Resolves with its exit code. */
  stop(): Promise<number | null>
}

/**
 * Runs the image: its user, environment, working directory and command; everything read-only but /data. Files are
 * given by their path within, as a mount would.
 */
export async function runImage(
  image: string,
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): Promise<Container> {
  const user = textsOf(IMAGE, 'USER').at(-1) ?? ''
  const [uid = 0, gid = 0] = user.split(':').map(Number)
  const node = dirname(process.execPath)
  for (const path of ['data', 'dev', 'proc', 'usr', 'lib', 'lib64', 'node']) {
    mkdirSync(join(image, path), { recursive: true })
  }
  chownSync(join(image, 'data'), uid, gid)
  chmodSync(join(image, 'data'), 0o700)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(image, path)), { recursive: true })
    writeFileSync(join(image, path), text)
  }
  const environment = { ...environmentOf(IMAGE), ...env, PATH: '/node' }
  const command = [...commandOf(IMAGE, 'ENTRYPOINT'), ...commandOf(IMAGE, 'CMD')]
  const within = [
    'chroot',
    `--userspec=${user}`,
    image,
    '/usr/bin/env',
    '-i',
    '-C',
    textsOf(IMAGE, 'WORKDIR').at(-1) ?? '/',
  ]
  const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const child = spawn(
    'unshare',
    // One process from here on: what is sent a signal is the server.
    ['--mount', 'sh', '-ec', MOUNTS, image, node, ...within, ...assignments, ...command],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  const exited = once(child, 'exit')
  const collect = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stderr.on('data', collect)
  const listening = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      collect(chunk)
      if (/"plane":"control"/.test(output)) resolve()
    })
    void exited.then(([code]) => reject(new Error(`The image ended with ${code}:\n${output}`)))
  })
  await listening
  return {
    output: () => output,
    async healthCheck() {
      const [, ...args] = commandOf(IMAGE, 'HEALTHCHECK')
      const check = spawn(process.execPath, args, { env: environment, stdio: 'ignore' })
      const [code] = await once(check, 'exit')
      return code
    },
    async stop() {
      child.kill('SIGTERM')
      const [code] = await exited
      return code
    },
  }
}

/** $0: the image, $1: where node is; the rest is the command. The base's own files are those of this machine. */
const MOUNTS = `
mount --make-rprivate /
mount --bind "$0" "$0"
for path in usr lib lib64; do if [ -d "/$path" ]; then mount --bind -o ro "/$path" "$0/$path"; fi; done
mount --bind "$1" "$0/node"; mount -o remount,bind,ro "$0/node"
mount --bind /dev "$0/dev"; mount -o remount,bind,ro "$0/dev"
mount --bind -o ro /proc "$0/proc"
mount --bind "$0/data" "$0/data"
mount -o remount,bind,ro "$0"
shift
exec "$@"
`
