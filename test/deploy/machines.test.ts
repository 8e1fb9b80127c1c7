/** The files for machines without Kubernetes: Compose, systemd, nginx. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { isInstalled } from '../../examples/cluster/load-balancers.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createTemporaryDirectory, ROOT } from '../embed/program.ts'

const run = promisify(execFile)
const DEPLOY = join(ROOT, 'deploy')
/** Where Debian keeps what is not for everybody. */
const SEARCH = { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } }

/** Seconds that a server takes to stop after it has drained. */
const GRACE = 10

function temporaryDirectory(): string {
  const directory = createTemporaryDirectory()
  onTestFinished(() => directory.remove())
  return directory.path
}

interface Service {
  readonly [key: string]: unknown
  readonly profiles: readonly string[]
  readonly image: string
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly stop_grace_period?: string
}

describe('compose.yaml', () => {
  const compose = parse(readFileSync(join(DEPLOY, 'compose/compose.yaml'), 'utf8'), { merge: true })
  const services = Object.entries(compose.services as Record<string, Service>)
  const nodes = services.filter(([, { image }]) => image === 'mintkeeper')

  it('has three nodes, a database and a load balancer, or one node alone', () => {
    const of = (profile: string) =>
      services.filter(([, { profiles }]) => profiles.includes(profile)).map(([name]) => name)
    expect(of('cluster')).toEqual(['postgres', 'node-1', 'node-2', 'node-3', 'haproxy'])
    expect(of('single')).toEqual(['single'])
  })

  it.each(services)('T200 lets %s write only where it must, without privileges', (_, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
    expect(service).not.toHaveProperty('privileged')
    expect(service).not.toHaveProperty('cap_add')
  })

  it('starts each when what it needs is healthy', () => {
    for (const [, { depends_on: needed = {} }] of services) {
      for (const [name, { condition }] of Object.entries(needed)) {
        expect(condition).toBe('service_healthy')
        expect(compose.services[name].healthcheck.test[0]).toBe('CMD')
      }
    }
  })

  it('has secrets as files only, and make-secrets.sh makes each of them', async () => {
    for (const [, { environment = {}, secrets = [] }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (name.endsWith('_FILE')) expect(secrets).toContain(value.replace('/run/secrets/', ''))
        else expect(name).not.toMatch(/KEY|TOKEN|PASSWORD|DATABASE$/)
      }
    }
    const directory = temporaryDirectory()
    cpSync(join(DEPLOY, 'compose'), directory, { recursive: true })
    const make = () => run('sh', [join(directory, 'make-secrets.sh')], pathWithNode())
    await make()
    const read = () =>
      Object.values<{ file: string }>(compose.secrets).map(({ file }) =>
        readFileSync(join(directory, file), 'utf8').trim(),
      )
    const made = read()
    await make()
    expect(read()).toEqual(made)
    // And the server takes them.
    const [database = '', , masterKey = '', adminToken = ''] = made
    const env = {
      MINTKEEPER_DATABASE: database,
      MINTKEEPER_MASTER_KEY: masterKey,
      MINTKEEPER_ADMIN_TOKEN: adminToken,
    }
    expect(loadConfig({ text: 'tenants: []', env }).config.database.reveal()).toMatch(/^postgres:/)
  })

  it('gives nodes the time to stop', () => {
    for (const [, { environment, stop_grace_period: grace = '' }] of nodes) {
      const drain = Number(environment?.MINTKEEPER_DRAIN_SECONDS ?? 0)
      expect(Number.parseInt(grace, 10)).toBeGreaterThan(drain + GRACE)
    }
  })
})

describe('haproxy.cfg of Compose', () => {
  it.skipIf(!isInstalled('haproxy'))('is valid (skipped without HAProxy)', async () => {
    const { stdout, stderr } = await run('haproxy', ['-c', '-f', join(DEPLOY, 'compose/haproxy.cfg')], SEARCH)
    const said = `${stdout}${stderr}`
    expect(said).toContain('Configuration file is valid')
    // The names of the nodes are known inside Compose only.
    const unknown = /\[WARNING\] .* could not resolve address 'node-[123]'/
    for (const line of said.split('\n').filter((each) => /\[(WARNING|ALERT)\]/.test(each))) {
      expect(line).toMatch(unknown)
    }
  })
})

describe('mintkeeper.service', () => {
  const file = join(DEPLOY, 'systemd/mintkeeper.service')
  const hasSystemd = existsSync('/usr/bin/systemd-analyze')

  it.skipIf(!hasSystemd)('is hardened, by the measure of systemd (skipped without it)', async () => {
    const { stdout } = await run('systemd-analyze', [
      'security',
      '--offline=true',
      '--threshold=15',
      '--no-pager',
      file,
    ])
    expect(stdout).toMatch(/Overall exposure level .*OK/)
  })

  it('gives the server the time to stop, and V8 its machine code', () => {
    const text = readFileSync(file, 'utf8')
    expect(Number(/TimeoutStopSec=(\d+)/.exec(text)?.[1])).toBeGreaterThan(GRACE)
    expect(text).toContain('MemoryDenyWriteExecute=no')
    // A wrong configuration and a wrong command line, by the exit codes of the command line.
    expect(text).toContain('RestartPreventExitStatus=2 78')
  })
})

describe('mintkeeper.conf', () => {
  it.skipIf(!isInstalled('nginx'))('is valid (skipped without nginx)', async () => {
    const directory = temporaryDirectory()
    const [certificate, key] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')]
    const subject = ['-subj', '/CN=tokens.example.com', '-keyout', key, '-out', certificate]
    await run('openssl', ['req', '-x509', '-newkey', 'ed25519', '-nodes', ...subject])
    const text = readFileSync(join(DEPLOY, 'nginx/mintkeeper.conf'), 'utf8')
      .replace('/etc/ssl/mintkeeper/fullchain.pem', certificate)
      .replace('/etc/ssl/mintkeeper/privkey.pem', key)
      .replace('/var/log/nginx/', `${directory}/`)
    const around = `pid ${directory}/nginx.pid; error_log stderr; events {} http { ${text} }`
    writeFileSync(join(directory, 'nginx.conf'), around)
    const { stderr } = await run('nginx', ['-t', '-p', directory, '-c', 'nginx.conf'], SEARCH)
    expect(stderr).toContain('test is successful')
    expect(stderr).not.toMatch(/\[(warn|error|emerg)\]/)
  })
})

function pathWithNode() {
  return { env: { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env.PATH}` } }
}
