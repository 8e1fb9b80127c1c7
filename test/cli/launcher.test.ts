import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorkplace, LAUNCHER, type Workplace } from './workplace.ts'

/** Has a process believe that it runs on an old Node. */
const OLD = {
  NODE_OPTIONS: `--import=data:text/javascript,Object.defineProperty(process,'version',{value:'v20.1.0'})`,
}

/** Not that of the tests. */
const NO_COMPILE_CACHE = { NODE_COMPILE_CACHE: '' }

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
})
afterEach(() => place.remove())

/** A copy of the launcher in a checkout or package that is not there otherwise; its path. */
function launcherIn(root: string): string {
  mkdirSync(place.path(`${root}/bin`), { recursive: true })
  place.write(`${root}/package.json`, '{ "type": "module" }')
  cpSync(LAUNCHER, place.path(`${root}/bin/mintkeeper`))
  return place.path(`${root}/bin/mintkeeper`)
}

/** Puts a file that says what it is asked to into a place that does not exist yet. */
function plant(name: string, text: string, mode?: number): string {
  mkdirSync(dirname(place.path(name)), { recursive: true })
  return place.write(name, text, mode)
}

describe('bin/mintkeeper', () => {
  it('runs under whatever Node the machine has', async () => {
    const { code, stdout, stderr } = await place.start(LAUNCHER, ['init', '--json']).ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ file: 'mintkeeper.yaml' })
  })

  it('reads standard input, and exits as the command does', async () => {
    place.write('mintkeeper.yaml', 'tenants: [{ id: a, issuer: "https://a.example/" }]\n')
    expect((await place.start(LAUNCHER, ['apply']).ended).code).toBe(0)
    const created = await place.start(LAUNCHER, ['user', 'create', 'joe', '--password-stdin'], {
      input: 'canary-of-the-launcher',
    }).ended
    expect(created.code).toBe(0)
    expect((await place.start(LAUNCHER, ['user', 'show', 'nobody']).ended).code).toBe(1)
    expect((await place.start(LAUNCHER, ['nonsense']).ended).code).toBe(2)
    expect((await place.start(LAUNCHER, ['apply', 'none.yaml']).ended).code).toBe(78)
  })

  it('serves, and passes SIGTERM on', async () => {
    place.write('mintkeeper.yaml', 'tenants: [{ id: a, hosts: [localhost], issuer: "https://a.example/" }]\n')
    const server = place.start(LAUNCHER, ['serve', '--port', '0', '--admin-port', '0'])
    await server.said(/"msg":"listening"/)
    server.child.kill('SIGTERM')
    const { code, signal, stdout } = await server.ended
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    expect(stdout).toContain('"msg":"stopped"')
  })
})

describe('under a Node that is too old, it', () => {
  it('says what is missing and what to do', async () => {
    const launcher = launcherIn('checkout')
    const { code, stdout, stderr } = await place.start(launcher, ['--version'], { env: OLD }).ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('needs Node.js 24 or newer; this is v20.1.0')
    expect(stderr).toContain(`cd ${place.path('checkout')} && npm ci`)
  })

  it('does not take one of the checkout that is too old as well', async () => {
    const launcher = launcherIn('checkout')
    plant('checkout/node_modules/node/bin/node', '#!/bin/sh\necho v22.0.0\n', 0o755)
    const { code, stderr } = await place.start(launcher, ['--version'], { env: OLD }).ended
    expect(code).toBe(1)
    expect(stderr).toContain('needs Node.js 24 or newer')
  })

  it.each(['node/bin/node', '.bin/node'])('starts again with node_modules/%s', async (node) => {
    const launcher = launcherIn('checkout')
    plant(`checkout/node_modules/${node}`, NEW_NODE, 0o755)
    const { code, stdout } = await place.start(launcher, ['exit', 'a b', '--c'], { env: OLD }).ended
    expect({ code, stdout }).toEqual({ code: 7, stdout: `${launcher}|exit|a b|--c|` })
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'passes %s on, and exits as the other does',
    async (signal) => {
      const launcher = launcherIn('checkout')
      plant('checkout/node_modules/node/bin/node', NEW_NODE, 0o755)
      const launched = place.start(launcher, ['wait'], { env: OLD })
      await launched.said(/ready/)
      launched.child.kill(signal)
      expect(await launched.ended).toMatchObject({
        code: 9,
        signal: null,
        stdout: expect.stringContaining(`got ${signal}`),
      })
    },
  )

  it('dies of the signal that the other died of', async () => {
    const launcher = launcherIn('checkout')
    plant('checkout/node_modules/node/bin/node', NEW_NODE, 0o755)
    expect(await place.start(launcher, ['die'], { env: OLD }).ended).toMatchObject({
      code: null,
      signal: 'SIGKILL',
    })
  })
})

/** Stands for a Node that is new enough: says what it was started with, and does as it is told. */
const NEW_NODE = `#!/bin/sh
if [ "$1" = --version ]; then echo v26.0.0; exit; fi
case $2 in
  exit) printf '%s|' "$@"; exit 7;;
  die) kill -KILL $$;;
  wait)
    for signal in TERM INT HUP; do trap "echo got SIG$signal; exit 9" $signal; done
    echo ready
    while :; do sleep 0.05; done;;
esac
`

describe('as a package, it', () => {
  it('runs what was built, although the sources are there: Node runs no TypeScript in a package', async () => {
    const launcher = launcherIn('node_modules/mintkeeper')
    plant('node_modules/mintkeeper/dist/cli/main.js', `console.log('built', ...process.argv.slice(2))`)
    plant('node_modules/mintkeeper/src/cli/main.ts', `console.log('source')`)
    const { code, stdout } = await place.start(process.execPath, [launcher, 'a'], { env: NO_COMPILE_CACHE })
      .ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'built a\n' })
    // Nothing is written into what npm has installed.
    expect(readdirSync(place.path('node_modules/mintkeeper')).sort()).toEqual([
      ...['bin', 'dist', 'package.json', 'src'],
    ])
  })

  it('runs what was built where there are no sources', async () => {
    const launcher = launcherIn('unpacked')
    plant('unpacked/dist/cli/main.js', `console.log('built')`)
    expect((await place.start(process.execPath, [launcher]).ended).stdout).toBe('built\n')
  })

  it('says so if nothing was built', async () => {
    const launcher = launcherIn('node_modules/mintkeeper')
    const { code, stderr } = await place.start(process.execPath, [launcher]).ended
    expect(code).toBe(1)
    expect(stderr).toContain('dist/cli/main.js is missing')
  })
})

describe('in a checkout, it', () => {
  it('runs the sources, not what was built of older ones', async () => {
    const launcher = launcherIn('checkout')
    plant('checkout/dist/cli/main.js', `console.log('built')`)
    plant('checkout/src/cli/main.ts', `const text: string = 'source'\nconsole.log(text)`)
    expect((await place.start(process.execPath, [launcher]).ended).stdout).toBe('source\n')
  })

  it('keeps what was compiled of them, if it can', async () => {
    const launcher = launcherIn('checkout')
    plant('checkout/src/cli/main.ts', `console.log('source')`)
    const run = async () => await place.start(process.execPath, [launcher], { env: NO_COMPILE_CACHE }).ended
    expect(await run()).toMatchObject({ code: 0, stdout: 'source\n', stderr: '' })
    expect(existsSync(place.path('checkout/node_modules/.cache/mintkeeper'))).toBe(true)
    rmSync(place.path('checkout/node_modules'), { recursive: true })
    place.write('checkout/node_modules', 'no directory')
    expect(await run()).toMatchObject({ code: 0, stdout: 'source\n', stderr: '' })
  })

  it('asks for npm ci if a dependency is not there', async () => {
    const launcher = launcherIn('checkout')
    plant('checkout/src/cli/main.ts', `import 'no-such-package'`)
    const { code, stderr } = await place.start(process.execPath, [launcher]).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /Cannot find package 'no-such-package'[^\n]*\nInstall what it needs: cd .*checkout && npm ci\n$/,
    )
  })
})
