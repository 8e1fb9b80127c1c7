import type { Services } from '../endpoints/call.ts'
import type { NotedRefusal } from '../http/noted-refusal.ts'
import type { TenantDirectory } from '../http/tenant.ts'
import type { Log } from '../log/log.ts'
import { createExaminer } from '../refusals/examine.ts'
import { createRefusalLedger, type RefusalLedger } from '../refusals/refusal-ledger.ts'
import { createRefusalShare } from '../refusals/refusal-share.ts'

/** What finds out, within about a second, why requests were refused, and keeps that. */
export function createRefusals(
  services: Services,
  directory: () => TenantDirectory | Promise<TenantDirectory>,
  log: Log,
): RefusalLedger<NotedRefusal> {
  return createRefusalLedger({
    store: services.store,
    share: createRefusalShare(),
    examine: createExaminer(services, directory),
    aSecondLater: (run) => void setTimeout(run, 1000).unref(),
    nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
    onFailure: (cause) => log.error('why requests were refused could not be found out or stored', cause),
  })
}
