import type { ImportStore } from '../../store/imported-rows.ts'
import { sqlFollowedRows } from './followed-rows.ts'
import { endTokens, findLiveTokens, importTokens } from './import-tokens.ts'
import { importUsers } from './import-users.ts'
import type { SqlDriver } from './operation.ts'

export function sqlImports(driver: SqlDriver): ImportStore {
  return {
    ...sqlFollowedRows(driver),
    importUsers: (users, event) => driver.write(() => importUsers(users, event)),
    importTokens: (rows, event) => driver.write(() => importTokens(rows, event)),
    findLiveImportedTokens: (tenant, hashes) => findLiveTokens(driver, tenant, hashes),
    endImportedTokens: (ends, now) => driver.write(() => endTokens(ends, now)),
  }
}
