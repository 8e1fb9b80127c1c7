import type { Services } from '../endpoints/call.ts'
import type { NotedRefusal } from '../http/noted-refusal.ts'
import type { TenantDirectory } from '../http/tenant.ts'
import type { Log } from '../log/log.ts'
import { createRefusalLedger, type RefusalLedger } from '../refusals/refusal-ledger.ts'
import { createRefusalShare } from '../refusals/refusal-share.ts'
import type { Refusal } from '../store/refusals.ts'

type Examine = (refused: NotedRefusal) => Promise<Refusal>

/** What finds out, within about a second, why requests were refused, and keeps that. */
export function createRefusals(
  services: Services,
  directory: () => TenantDirectory | Promise<TenantDirectory>,
  log: Log,
): RefusalLedger<NotedRefusal> {
  let loaded: Promise<Examine> | null = null

  /** Loaded for the first refusal: at rest it is a megabyte. */
  async function loadExaminer(): Promise<Examine> {
    const { createExaminer } = await import('../refusals/examine.ts')
    return createExaminer(services, directory)
  }

  return createRefusalLedger({
    store: services.store,
    share: createRefusalShare(),
    async examine(refused) {
      loaded ??= loadExaminer()
      const examine = await loaded
      return examine(refused)
    },
    aSecondLater: (run) => void setTimeout(run, 1000).unref(),
    nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
    onFailure: (cause) => log.error('why requests were refused could not be found out or stored', cause),
  })
}
