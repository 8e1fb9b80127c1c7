/**
 * What every store must do: each sentence of the port (`src/store/store.ts`) is a test. A new store calls
 * `describeStore` with a function that opens an empty one.
 */
import { afterEach, describe } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { describeAudit } from './conformance/audit.ts'
import { describeBrownOuts } from './conformance/brown-outs.ts'
import { describeClientSecretUses } from './conformance/client-secret-uses.ts'
import { describeClients } from './conformance/clients.ts'
import { auditDigest, NOW, type Open, type OpenStore } from './conformance/fixture.ts'
import { describeFollowedRows } from './conformance/followed-rows.ts'
import { describeImport } from './conformance/import.ts'
import { describeImportUsers } from './conformance/import-users.ts'
import { describeIssue } from './conformance/issue.ts'
import { describeKeptRows } from './conformance/kept-rows.ts'
import { describeLoginFailures } from './conformance/login-failures.ts'
import { describeModel } from './conformance/model.ts'
import { describePurge } from './conformance/purge.ts'
import { describeRefusals } from './conformance/refusals.ts'
import { describeRevocation } from './conformance/revocation.ts'
import { describeSigningKeys } from './conformance/signing-keys.ts'
import { describeSize } from './conformance/size.ts'
import { describeSpentAssertions } from './conformance/spent-assertions.ts'
import { describeSuccessors } from './conformance/successors.ts'
import { describeTenants } from './conformance/tenants.ts'
import { describeTokenList } from './conformance/token-list.ts'
import { describeUsage } from './conformance/usage.ts'
import { describeUsers } from './conformance/users.ts'

export function describeStore(name: string, openStore: OpenStore): void {
  describe(`${name} as a store`, () => {
    const stores: Store[] = []
    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()))
    })
    const open: Open = async (clock = () => NOW * 1000) => {
      const store = await openStore(clock)
      store.startAudit({ digest: auditDigest })
      stores.push(store)
      return store
    }
    describeIssue(open)
    describeRevocation(open)
    describeTokenList(open)
    describeImport(open)
    describeImportUsers(open)
    describeFollowedRows(open)
    describePurge(open)
    describeUsers(open)
    describeClients(open)
    describeClientSecretUses(open)
    describeSuccessors(open)
    describeKeptRows(open)
    describeSize(open)
    describeTenants(open)
    describeSigningKeys(open)
    describeLoginFailures(open)
    describeSpentAssertions(open)
    describeBrownOuts(open)
    describeAudit(open)
    describeUsage(open)
    describeRefusals(open)
    describeModel(open)
  })
}
