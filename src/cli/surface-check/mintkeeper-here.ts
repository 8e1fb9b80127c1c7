import type { Config } from '../../config/schema.ts'
import { SILENT_LOG } from '../../log/log.ts'
import type { Ask } from '../../surface-check/case.ts'
import { CommandFailed } from '../failure.ts'
import { openListener } from '../serve/listener.ts'
import type { OpenedTenant } from '../with-mintkeeper.ts'
import { createAsk } from './ask.ts'

/** A Mintkeeper that answers in this process. */
export interface Here {
  readonly ask: Ask
  /** Which host it is called by. */
  readonly host: string
  close(): void
}

/** What a check asks is no use of the surface, and its wrong passwords are no guesses: nothing of that is kept. */
export const KEEPS_NOTHING: Partial<Config> = {
  usageRetentionDays: 0,
  refusalRetentionDays: 0,
  loginFailuresPerUser: 0,
  loginFailuresPerSource: 0,
}

export interface HereOptions {
  /** The host by which integrations call the old server. */
  readonly oldHost: string
  /** The host to be called by; null: the old server's if the tenant has it, else one that the tenant has. */
  readonly host: string | null
  readonly timeoutMs: number
}

/**
 * Answers on a free port of the loopback address, as `serve` would. Throws `CommandFailed` if the tenant is not reached
 * by any host, or not by the one that was asked for.
 */
export async function openHere(opened: OpenedTenant, options: HereOptions): Promise<Here> {
  const { mintkeeper } = opened
  const host = await hostFor(opened, options)
  const listener = await openListener(mintkeeper.node, {
    host: '127.0.0.1',
    port: 0,
    portFlag: '--with',
    log: SILENT_LOG,
  })
  const ask = createAsk({
    base: new URL(listener.url),
    host,
    alone: true,
    timeoutMs: options.timeoutMs,
    clock: mintkeeper.operations.clock,
  })
  return { ask, host, close: listener.destroy }
}

async function hostFor(
  { mintkeeper, config, tenant }: OpenedTenant,
  { oldHost, host }: HereOptions,
): Promise<string> {
  const leadsHere = (name: string) => mintkeeper.directory().byHost(name)?.id === tenant.id
  if (host !== null) {
    if (leadsHere(host)) return host
    throw new CommandFailed(`The host ${host} does not lead to the tenant ${tenant.id}: see its hosts.`)
  }
  const row = (await mintkeeper.services.store.listTenants()).find(({ id }) => id === tenant.id)
  const names = [
    oldHost,
    ...(row?.hosts ?? []),
    ...config.server.baseDomains.map((domain) => `${tenant.id}.${domain}`),
  ]
  const found = names.find(leadsHere)
  if (found !== undefined) return found
  throw new CommandFailed(
    `No host leads to the tenant ${tenant.id}: list the one that integrations call as hosts of the tenant, and run: mintkeeper apply FILE`,
  )
}
