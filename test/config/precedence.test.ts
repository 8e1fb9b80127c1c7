import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import type { ProcessConfig } from '../../src/config/process-config.ts'
import { processFlags } from '../../src/config/process-flags.ts'
import {
  environmentName,
  PROCESS_OPTION_NAMES,
  type ProcessOptionName,
  processOption,
} from '../../src/config/process-options.ts'
import type { Environment, Flags } from '../../src/config/process-values.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { problemsOfFile } from './configurations.ts'

const key = (digit: string) => digit.repeat(64)

/** Two values of each option, neither the default: as the file has them, and as flags and variables do. */
const SAMPLES: { readonly [Name in ProcessOptionName]: readonly [unknown, string] } = {
  host: ['::1', '0.0.0.0'],
  port: [1, '2'],
  adminPort: [3, '0'],
  trustedProxies: [['10.0.0.0/8'], '192.0.2.1, 2001:db8::/32'],
  baseDomains: [['a.example'], 'b.example'],
  drainSeconds: [8, '9'],
  database: ['sqlite:a', 'postgres://u:p@h/d'],
  databaseConnections: [4, '5'],
  databaseTimeoutSeconds: [6, '7'],
  databaseStatements: ['unnamed', 'named'],
  databaseMigration: ['manual', 'automatic'],
  databaseListen: ['postgres://u:p@h/file', 'postgres://u:p@h/process'],
  defaultTenant: ['a', 'b'],
  logLevel: ['debug', 'silent'],
  masterKey: [key('a'), key('b')],
  adminToken: ['a-token-of-the-file', 'a-token-of-the-process'],
  purgeIntervalSeconds: [5, '0'],
  auditRetentionDays: [30, '0'],
  auditIssues: [false, 'true'],
  usageRetentionDays: [30, '0'],
  refusalRetentionDays: [30, '10'],
  passwordHashConcurrency: [2, '3'],
  passwordHashQueue: [20, '30'],
  loginFailuresPerUser: [5, '0'],
  loginFailuresPerSource: [50, '0'],
  trustedSources: [['10.0.0.0/8'], '192.0.2.1, 2001:db8::/32'],
  passwordCacheSeconds: [30, '0'],
}

const SECOND: Partial<Record<ProcessOptionName, unknown>> = {
  port: 2,
  adminPort: 0,
  drainSeconds: 9,
  databaseConnections: 5,
  databaseTimeoutSeconds: 7,
  purgeIntervalSeconds: 0,
  auditRetentionDays: 0,
  auditIssues: true,
  usageRetentionDays: 0,
  refusalRetentionDays: 10,
  passwordHashConcurrency: 3,
  passwordHashQueue: 30,
  loginFailuresPerUser: 0,
  loginFailuresPerSource: 0,
  trustedSources: ['192.0.2.1', '2001:db8::/32'],
  passwordCacheSeconds: 0,
  trustedProxies: ['192.0.2.1', '2001:db8::/32'],
  baseDomains: ['b.example'],
}

describe.each(PROCESS_OPTION_NAMES)('%s', (name) => {
  const [inFile, text] = SAMPLES[name]
  const { section, fromFile } = processOption(name)
  const file = JSON.stringify({
    tenants: [],
    ...(section === null ? { [name]: inFile } : { [section]: { [name]: inFile } }),
  })
  const variable = environmentName(name)
  const second = SECOND[name] ?? text
  const flags = fromFile === 'always' ? { [`${name}File`]: '/secret' } : { [name]: text }

  it('has its default without anything', () => {
    expect(optionOf(name, '{"tenants":[]}')).toEqual(processOption(name).fallback)
  })

  it('comes from the file', () => {
    expect(optionOf(name, file)).toEqual(inFile)
  })

  it('comes from the environment before the file', () => {
    expect(optionOf(name, file, { [variable]: text })).toEqual(second)
  })

  it('comes from a flag before the environment', () => {
    const other = Array.isArray(inFile) ? inFile.join(',') : String(inFile)
    expect(optionOf(name, file, { [variable]: other }, flags, text)).toEqual(second)
  })

  it('comes from the file if the variable is empty', () => {
    expect(optionOf(name, file, { [variable]: '' })).toEqual(inFile)
  })

  it('is refused in the file even if a variable counts', () => {
    const bad = file.replace(JSON.stringify(inFile), '{}')
    expect(problemsOfFile(bad, { env: { [variable]: text } })).toHaveLength(1)
  })
})

describe.each(PROCESS_OPTION_NAMES.filter((name) => processOption(name).fromFile !== 'never'))(
  '%s in a file',
  (name) => {
    const variable = `${environmentName(name)}_FILE`
    const [, text] = SAMPLES[name]

    it('is read from where the variable says', () => {
      expect(optionOf(name, 'tenants: []', { [variable]: '/secret' }, {}, `${text}\n`)).toBe(text)
    })

    it('is refused beside the variable itself', () => {
      const env = { [variable]: '/secret', [environmentName(name)]: text }
      expect(problemsOfFile('tenants: []', { env, readFile: () => text })).toEqual([
        `${variable}: must not be there beside ${environmentName(name)}`,
      ])
    })

    it('is refused if there is nothing in it', () => {
      expect(problemsOfFile('tenants: []', { env: { [variable]: '/secret' }, readFile: () => '\n' })).toEqual(
        [`${variable}: names an empty file: /secret`],
      )
    })
  },
)

describe('the environment', () => {
  it.each([
    [
      'MINTKEEPER_PROT',
      '1',
      'MINTKEEPER_PROT: is no variable of Mintkeeper, did you mean "MINTKEEPER_PORT"?',
    ],
    ['MINTKEEPER_PORT', '80a', 'MINTKEEPER_PORT: must be a whole number from 0 to 65535, not "80a"'],
    ['MINTKEEPER_PORT', '-1', 'MINTKEEPER_PORT: must be a whole number from 0 to 65535, not "-1"'],
    ['MINTKEEPER_PORT', '1e3', 'MINTKEEPER_PORT: must be a whole number from 0 to 65535, not "1e3"'],
    ['MINTKEEPER_ADMIN_TOKEN', 'hunter2', 'MINTKEEPER_ADMIN_TOKEN: must have 16 characters or more'],
    [
      'MINTKEEPER_TRUSTED_PROXIES',
      '10.0.0.1,me',
      'MINTKEEPER_TRUSTED_PROXIES: must be an IP address or network such as 10.0.0.0/8, not "me"',
    ],
  ])('%s=%s is refused', (name, value, problem) => {
    expect(problemsOfFile('tenants: []', { env: { [name]: value } })).toEqual([problem])
  })

  it.each([
    ['MINTKEEPER_PORT', 'tcp://10.0.0.7:8080'],
    ['MINTKEEPER_PORT_8080_TCP', 'tcp://10.0.0.7:8080'],
    ['MINTKEEPER_PORT_8080_TCP_ADDR', '10.0.0.7'],
    ['MINTKEEPER_SERVICE_HOST', '10.0.0.7'],
    ['MINTKEEPER_SERVICE_PORT_HTTP', '8080'],
    ['MINTKEEPER_ADMIN_PORT', 'tcp://10.0.0.8:8081'],
  ])('%s=%s, which Kubernetes sets, is ignored', (name, value) => {
    expect(loadConfig({ text: 'tenants: []', env: { [name]: value } }).config.server.port).toBe(8080)
  })

  it('names the file, if nothing else does', () => {
    const readFile = (path: string) => `tenants: []\nserver: { host: ${path} }`
    const env = { MINTKEEPER_CONFIG: 'environment.example' }
    expect(loadConfig({ env, readFile })).toMatchObject({
      file: 'environment.example',
      config: { server: { host: 'environment.example' } },
    })
    expect(loadConfig({ env, readFile, file: 'flag.example' }).file).toBe('flag.example')
    expect(loadConfig({ env: { MINTKEEPER_CONFIG: '' }, readFile })).toMatchObject({
      file: null,
      config: { tenants: [] },
    })
  })

  it('is where a problem is told to be that is its own', () => {
    const text = 'tenants: [{ id: a, hosts: [a.b], issuer: "https://a.b/" }]\ndefaultTenant: a'
    expect(
      problemsOfFile(text, { env: { MINTKEEPER_DEFAULT_TENANT: 'b' }, flags: { adminPort: '8080' } }),
    ).toEqual([
      'MINTKEEPER_DEFAULT_TENANT: is no tenant of the configuration, did you mean "a"?',
      '--admin-port: is the port of the token plane too: the control plane needs its own, or 0 to switch it off',
    ])
  })
})

describe('flags', () => {
  it('are described for --help, without one that would show a secret', () => {
    const flags = processFlags()
    expect(flags.map(({ name }) => name)).toEqual(
      PROCESS_OPTION_NAMES.map((name) => (processOption(name).fromFile === 'always' ? `${name}File` : name)),
    )
    expect(flags[1]).toEqual({
      flag: '--port <PORT>',
      name: 'port',
      description: 'Port of the token plane; 0 takes a free one. (MINTKEEPER_PORT; default: 8080)',
    })
    expect(flags.map(({ flag }) => flag)).toContain('--admin-token-file <FILE>')
  })

  it('that are no options of the process are not looked at', () => {
    expect(
      problemsOfFile('tenants: []', { flags: { json: true, config: 'x', adminToken: 'short' } }),
    ).toEqual([])
  })
})

function optionOf(
  name: ProcessOptionName,
  text: string,
  env: Environment = {},
  flags: Flags = {},
  secret = '',
): unknown {
  const { config } = loadConfig({ text, env, flags, readFile: () => secret })
  const values: ProcessConfig = { ...config, ...config.server }
  const value = values[name]
  return value instanceof Secret ? value.reveal() : value
}
