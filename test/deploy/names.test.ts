/** What the files of deploy/ say of Mintkeeper is true: its variables, flags, ports, paths and times. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROBE_PATHS } from '../../src/admin/probes.ts'
import { loadConfig } from '../../src/config/load.ts'
import {
  environmentName,
  fileFlagName,
  flagName,
  PROCESS_OPTION_NAMES,
  PROCESS_OPTIONS,
  processOption,
} from '../../src/config/process-options.ts'
import { ROOT } from '../embed/program.ts'

const DEPLOY = join(ROOT, 'deploy')
const FILES = readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' })
  .filter((name) => statSync(join(DEPLOY, name)).isFile() && !name.startsWith('compose/secrets/'))
  .map((name) => ({ name, text: readFileSync(join(DEPLOY, name), 'utf8') }))

const VARIABLES = [
  'MINTKEEPER_CONFIG',
  ...PROCESS_OPTION_NAMES.map(environmentName),
  ...PROCESS_OPTION_NAMES.filter((name) => processOption(name).fromFile !== 'never').map(
    (name) => `${environmentName(name)}_FILE`,
  ),
]
const FLAGS = ['--config', ...PROCESS_OPTION_NAMES.flatMap((name) => [flagName(name), fileFlagName(name)])]
const PATHS: readonly string[] = PROBE_PATHS

describe.each(FILES)('deploy/$name', ({ text }) => {
  it('names only variables that exist', () => {
    for (const [name] of text.matchAll(/\bMINTKEEPER_\w+/g)) expect(VARIABLES).toContain(name)
  })

  it('starts the server with flags that exist', () => {
    for (const [, flags = ''] of text.matchAll(/bin\/mintkeeper serve (.*)$/gm)) {
      for (const [flag] of flags.matchAll(/--[\w-]+/g)) expect(FLAGS).toContain(flag)
    }
  })

  it('asks the control plane only for what it has', () => {
    for (const [path] of text.matchAll(/\/(healthz|readyz|livez|health|ready|metrics)\b/g)) {
      expect(PATHS).toContain(path)
    }
  })

  it('has the default ports', () => {
    const ports = [PROCESS_OPTIONS.port.fallback, PROCESS_OPTIONS.adminPort.fallback]
    for (const [, port] of text.matchAll(/(?<![\d.])(80\d\d)(?![\d.])/g))
      expect(ports).toContain(Number(port))
  })
})

it('there are files, with variables', () => {
  const names = FILES.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['Dockerfile', 'compose/compose.yaml']))
  const used = FILES.flatMap(({ text }) => [...text.matchAll(/\bMINTKEEPER_\w+/g)].map(([name]) => name))
  expect(new Set(used).size).toBeGreaterThan(6)
})

it('the configuration of the Compose file is accepted without a warning', () => {
  const { text } = FILES.find(({ name }) => name === 'compose/mintkeeper.yaml') ?? { text: '' }
  const readFile = () => 'a-secret-of-more-than-32-characters'
  expect(loadConfig({ text, env: {}, readFile }).warnings).toEqual([])
})
