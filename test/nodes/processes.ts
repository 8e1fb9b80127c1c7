import { onTestFinished } from 'vitest'
import {
  CONFIGURATION,
  createWorkplace,
  freePort,
  type RunningServer,
  type Workplace,
} from '../cli/workplace.ts'

/** Any 32 bytes, the same for all servers of an installation. */
export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')

/** A directory to start servers in that share a database, with one configuration. */
export interface Cluster extends Workplace {
  /** Starts so many servers at once; resolves when all of them answer. */
  startAll(count: number): Promise<readonly RunningServer[]>
}

/** A directory that goes with the test, and so do the servers. */
export function createCluster(databaseUrl: string, configuration = CONFIGURATION): Cluster {
  const place = createWorkplace()
  onTestFinished(() => place.remove())
  place.write('mintkeeper.yaml', configuration.replace(/^database: .*$/m, `database: ${databaseUrl}`))
  place.write('master.key', MASTER_KEY)
  return {
    ...place,
    async startAll(count) {
      const ports = await Promise.all(Array.from({ length: count }, freePort))
      return await Promise.all(
        ports.map((port) => place.serve(['--master-key-file', 'master.key', '--admin-port', String(port)])),
      )
    },
  }
}
