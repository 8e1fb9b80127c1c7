import { onTestFinished } from 'vitest'
import {
  CONFIGURATION,
  createWorkplace,
  freePort,
  type RunningServer,
  type RunOptions,
  type Workplace,
} from '../cli/workplace.ts'

/** Any 32 bytes, the same for all servers of an installation. */
export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')

/** A directory to start servers in that share a database, with one configuration. */
export interface Cluster extends Workplace {
  /** Starts a server; resolves when it answers. */
  startOne(options?: RunOptions): Promise<RunningServer>
  /** Starts so many servers at once; resolves when all of them answer. */
  startAll(count: number): Promise<readonly RunningServer[]>
}

/** A directory that goes with the test, unless with something else, and so do the servers. */
export function createCluster(
  databaseUrl: string,
  configuration = CONFIGURATION,
  whenOver: (remove: () => void) => void = onTestFinished,
): Cluster {
  const place = createWorkplace()
  whenOver(() => place.remove())
  place.write('mintkeeper.yaml', configuration.replace(/^database: .*$/m, `database: ${databaseUrl}`))
  place.write('master.key', MASTER_KEY)
  const startOne = async (options?: RunOptions) =>
    place.serve(['--master-key-file', 'master.key', '--admin-port', String(await freePort())], options)
  return {
    ...place,
    startOne,
    startAll: (count) => Promise.all(Array.from({ length: count }, () => startOne())),
  }
}
