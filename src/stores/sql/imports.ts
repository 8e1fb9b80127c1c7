import type { ImportStore } from '../../store/imported-rows.ts'
import { importTokens } from './import-tokens.ts'
import { importUsers } from './import-users.ts'
import type { SqlDriver } from './operation.ts'

export function sqlImports(driver: SqlDriver): ImportStore {
  return {
    importUsers: (users, event) => driver.write(() => importUsers(users, event)),
    importTokens: (rows, event) => driver.write(() => importTokens(rows, event)),
  }
}
