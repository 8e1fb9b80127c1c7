import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import type { PostgresServer } from '../postgres/server.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import type { Database, Installation } from './nodes.ts'

/** A PostgreSQL server for all tests of a file; each has databases of its own. */
export interface OnPostgres extends Installation {
  readonly server: PostgresServer
  newDatabase(): Promise<Database & { readonly url: string }>
}

/** A round takes a flush and round trips on PostgreSQL: a quarter of them, the races are the same in each. */
const SHARE_OF_ROUNDS = 1 / 4

export function onPostgres(size = 3): OnPostgres {
  const server = sharedPostgres()
  return {
    name: `${size} servers on one PostgreSQL`,
    size,
    rounds: (rounds) => Math.ceil(rounds * SHARE_OF_ROUNDS),
    server,
    async newDatabase() {
      const url = await server.createDatabase()
      return { url, open: (clock) => openPostgresStore({ url, clock }) }
    },
  }
}
