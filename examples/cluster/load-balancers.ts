/** Which load balancer stands before the nodes, and how it is told of them. */
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { BalancerConfig } from './balancer.ts'
import { answers, type ClusterNode, freePort, type Program, startProgram } from './processes.ts'

export const BALANCERS = ['haproxy', 'nginx', 'built-in'] as const
export type BalancerName = (typeof BALANCERS)[number]

export interface Balancer {
  readonly name: BalancerName
  readonly url: string
  end(): Promise<unknown>
}

/** The best that this machine has. */
export function findBalancer(): BalancerName {
  return BALANCERS.find(isInstalled) ?? 'built-in'
}

export function isInstalled(name: BalancerName): boolean {
  return name === 'built-in' || findProgram(name) !== null
}

/** Debian has them in a directory that is not in everybody's PATH. */
function findProgram(name: string): string | null {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']) {
    const file = join(directory, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {}
  }
  return null
}

/** Resolves when a request goes through it. Its configuration and log are in the directory. */
export async function startBalancer(
  name: BalancerName,
  nodes: readonly ClusterNode[],
  directory: string,
): Promise<Balancer> {
  const port = await freePort()
  const program = start(name, { port, nodes }, directory)
  const url = `http://127.0.0.1:${port}`
  await answers(`${url}/.well-known/oauth-authorization-server`, program)
  // HAProxy and nginx take SIGTERM for "at once"; nobody asks them anything any more.
  return { name, url, end: () => program.end('SIGTERM') }
}

function start(name: BalancerName, config: BalancerConfig, directory: string): Program {
  const log = join(directory, `${name}.log`)
  if (name === 'built-in') {
    const { port, nodes } = config
    const known = nodes.map((node) => ({ port: node.port, adminPort: node.adminPort }))
    const args = [join(import.meta.dirname, 'balancer.ts'), JSON.stringify({ port, nodes: known })]
    return startProgram({ command: process.execPath, args, log })
  }
  const command = findProgram(name)
  if (command === null) throw new Error(`${name} is not installed`)
  const template = name === 'haproxy' ? 'haproxy.cfg' : 'nginx.conf'
  const file = join(directory, template)
  writeFileSync(file, withPorts(readFileSync(join(import.meta.dirname, template), 'utf8'), config))
  const args = name === 'haproxy' ? ['-db', '-f', file] : ['-p', directory, '-c', file]
  return startProgram({ command, args, log })
}

/** The files are written for port 8080, nodes at 8101 to 8103 and their control planes at 8201 to 8203. */
function withPorts(text: string, { port, nodes }: BalancerConfig): string {
  const ports = new Map([['8080', port]])
  nodes.forEach((node, index) => {
    ports.set(`${8101 + index}`, node.port)
    ports.set(`${8201 + index}`, node.adminPort)
  })
  return text.replace(/^(?!\s*#).*$/gm, (line) =>
    line.replace(/\b8[012]\d\d\b/g, (written) => `${ports.get(written) ?? written}`),
  )
}
