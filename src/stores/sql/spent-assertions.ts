import type { SpentAssertionStore } from '../../store/spent-assertions.ts'
import { change, type SqlDriver } from './operation.ts'

const SPEND = `insert into spent_assertions (tenant, client_id, digest, expires_at) values (?, ?, ?, ?)
  on conflict (tenant, client_id, digest) do nothing`

export function sqlSpentAssertions(driver: SqlDriver): SpentAssertionStore {
  return {
    async spendAssertion({ tenant, clientId, digest, expiresAt }) {
      // One statement, which waits for whoever spends the same: it decides for itself, in whatever transaction.
      const spend = () => change(SPEND, tenant, clientId, digest, expiresAt)
      return (await driver.writeTogether(spend, [])) > 0
    },
  }
}
