import type { SpentAssertionStore } from '../../store/spent-assertions.ts'
import { change, type SqlDriver } from './operation.ts'

const SPEND = `insert into spent_assertions (tenant, client_id, digest, expires_at) values (?, ?, ?, ?)
  on conflict (tenant, client_id, digest) do nothing`

export function sqlSpentAssertions(driver: SqlDriver): SpentAssertionStore {
  return {
    async spendAssertion({ tenant, signer, digest, expiresAt }) {
      // Waits for whoever spends the same. So it shares no transaction: two that spend several, each in the order they
      // came, would wait for each other.
      return (await driver.write(() => change(SPEND, tenant, signer, digest, expiresAt))) > 0
    },
  }
}
