/** `npm run cluster`, and the configurations of load balancers that stand in this repository. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BALANCERS, isInstalled } from '../../examples/cluster/load-balancers.ts'
import { createTemporaryDirectory, ROOT } from '../embed/program.ts'

const run = promisify(execFile)
const CLUSTER = join(ROOT, 'examples', 'cluster')

interface Ended {
  readonly code: number | null
  readonly output: string
}

async function runCluster(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(CLUSTER, 'main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return { code, output }
}

describe('T195 three nodes on one PostgreSQL, of which one is killed and one is stopped under load', () => {
  for (const balancer of BALANCERS) {
    const name = `behind ${balancer}`
    const missing = isInstalled(balancer) ? '' : `: ${balancer} is not installed`
    it.skipIf(missing !== '')(`${name} lose no token${missing}`, { timeout: 120_000 }, async () => {
      const { code, output } = await runCluster('--seconds', '3', '--clients', '8', '--balancer', balancer)
      expect(output).toContain('No token was lost.')
      expect(code).toBe(0)
      expect(output).toContain('node-3 has ended with 0')
      const [, checked, nodes] = /tokens checked +(\d+) .* on each of (\d) nodes/.exec(output) ?? []
      expect(Number(checked)).toBeGreaterThan(20)
      expect(nodes).toBe('3')
      // A node that is killed leaves requests unanswered. One that is stopped closes its port: what the system has
      // taken for it in that very moment is lost, and a load balancer does not send it again.
      const [, failures = ''] = /failed requests +\d+ \((.*)\)$/m.exec(output) ?? []
      expect(failures).toMatch(
        /^(none|(\d+ node-2 is killed \(SIGKILL\))?(, )?([1-3] node-3 is stopped \(SIGTERM\))?)$/,
      )
    })
  }

  it('are not started with options that do not exist', async () => {
    const child = spawn(process.execPath, [join(CLUSTER, 'main.ts'), '--balancer', 'none'])
    const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect(code).toBe(2)
    expect(output).toContain('--balancer NAME')
  })
})

describe('the configuration for', () => {
  it.skipIf(!isInstalled('haproxy'))('HAProxy is valid as it stands (skipped without HAProxy)', async () => {
    const { stdout, stderr } = await run('haproxy', ['-c', '-f', join(CLUSTER, 'haproxy.cfg')], SEARCH)
    expect(`${stdout}${stderr}`).toContain('Configuration file is valid')
    expect(`${stdout}${stderr}`).not.toMatch(/WARNING|ALERT/)
  })

  it.skipIf(!isInstalled('nginx'))('nginx is valid as it stands (skipped without nginx)', async () => {
    const directory = createTemporaryDirectory()
    onTestFinished(() => directory.remove())
    copyFileSync(join(CLUSTER, 'nginx.conf'), join(directory.path, 'nginx.conf'))
    const { stderr } = await run('nginx', ['-t', '-p', directory.path, '-c', 'nginx.conf'], SEARCH)
    expect(stderr).toContain('test is successful')
    expect(stderr).not.toMatch(/\[(warn|error|emerg)\]/)
  })
})

/** Debian has both in a directory that is not in everybody's PATH. */
const SEARCH = { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } }
