import { beforeAll } from 'vitest'
import { type PostgresServer, startPostgres } from './server.ts'

/**
 * One server for all tests of a file or of a `describe`: it is started before what they prepare themselves, and removed
 * after what they undo. Settings are those of `postgresql.conf`.
 */
export function sharedPostgres(settings: Readonly<Record<string, string>> = {}): PostgresServer {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres(settings)
    return () => server.remove()
  })
  return new Proxy({} as PostgresServer, { get: (_, name) => server[name as keyof PostgresServer] })
}
